import { type ReactNode } from 'react';
import { useAnswer } from '../api/use-api';
import { OwnLiveRoom } from '../operator/live';
import { isLanguage, LANGUAGE_NAMES, LANGUAGES, useWords } from '../strings/words';
import { Action, type FieldSpec } from '../ui/form';
import { Badge, Time, YesNo } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty, PageHead } from '../ui/states';
import { Facts, ListTable } from '../ui/table';
import { Secret } from './reach';
import { NumberList, Recordings } from './room-list';
import { Schedules } from './room-schedules';

type Rules = Readonly<Record<string, boolean | number | string | null>>;
type Room = {
  readonly id: string;
  readonly ownerAccountId: string;
  readonly name: string;
  readonly maxSeats: number;
  readonly state: 'open' | 'closed';
  readonly createdAtMs: number;
  readonly rules: Rules;
};
/** Tables of words for values of rules. */
const RULE_WORDS: Readonly<Record<string, string>> = {
  recording: 'recordingRule',
  participantRole: 'roomRole',
  entrySound: 'entrySound',
  retentionClass: 'retention',
};

type Secrets = {
  readonly roomNumber: string;
  readonly participantPin: string;
  readonly moderatorPin: string;
};

/** Room number and PINs, told this once. */
function RoomSecrets({ secrets }: { secrets: Secrets | null }): ReactNode {
  const { t } = useWords();
  if (!secrets) return <p className="note warn">{t('toldAlready')}</p>;
  return (
    <div className="stack">
      <p className="note warn">{t('rooms.secrets')}</p>
      <Secret label={t('roomNumber')} value={secrets.roomNumber} />
      <Secret label={t('participantPin')} value={secrets.participantPin} />
      <Secret label={t('moderatorPin')} value={secrets.moderatorPin} />
    </div>
  );
}

/** Rooms of an account, or of all. */
export function RoomsPanel({ accountId }: { accountId?: string }): ReactNode {
  const { t } = useWords();
  return (
    <section className="stack">
      {accountId !== undefined && (
        <div>
          <Action<{ secrets: Secrets | null }>
            label={t('rooms.add')}
            fields={[
              { name: 'name', label: t('name'), isRequired: true },
              { name: 'maxSeats', label: t('seats'), kind: 'number', value: 20 },
            ]}
            wish={(body) => ({
              path: '/rooms',
              method: 'POST',
              body: { ownerAccountId: accountId, ...body },
            })}
            result={({ secrets }) => <RoomSecrets secrets={secrets} />}
            isPrimary
          />
        </div>
      )}
      <ListTable<Room>
        name={t('nav.rooms')}
        path="/rooms"
        rows="rooms"
        query={{ owner: accountId }}
        pageBy="after"
        keyOf={({ id }) => id}
        href={({ id }) => `/rooms/${id}`}
        empty={<Empty title={t('rooms.none')}>{t('rooms.none.says')}</Empty>}
        columns={[
          { label: t('name'), cell: ({ name }) => <bdi dir="auto">{name}</bdi> },
          { label: t('state'), cell: ({ state }) => <Badge kind="roomState" value={state} /> },
          { label: t('seats'), cell: ({ maxSeats }) => maxSeats, isFigure: true },
          {
            label: t('recording'),
            cell: ({ rules }) => <Badge kind="recordingRule" value={String(rules.recording)} />,
          },
          { label: t('made'), cell: ({ createdAtMs }) => <Time ms={createdAtMs} only="date" /> },
        ]}
      />
    </section>
  );
}

/** One room: who is in it, its rules, its list, when it meets, and what was recorded. */
export function RoomPage({ roomId = '' }: { roomId?: string }): ReactNode {
  const { t } = useWords();
  const room = useAnswer<Room>(`/rooms/${roomId}`);
  return (
    <Loaded of={room}>
      {(room) => (
        <>
          <RoomHead room={room} />
          <section className="stack">
            <h2>{t('nav.live')}</h2>
            <OwnLiveRoom roomId={room.id} />
          </section>
          <div className="columns">
            <RoomRules room={room} />
            <Schedules roomId={room.id} />
          </div>
          <NumberList roomId={room.id} />
          <Recordings roomId={room.id} />
        </>
      )}
    </Loaded>
  );
}

function RoomHead({ room }: { room: Room }): ReactNode {
  const { t } = useWords();
  const path = `/rooms/${room.id}`;
  return (
    <PageHead title={room.name} says={<Badge kind="roomState" value={room.state} />}>
      <Action<{ secrets: Secrets | null }>
        label={t('rooms.rotate')}
        says={t('rooms.rotate.says')}
        wish={() => ({ path: `${path}/rotate`, method: 'POST', body: {} })}
        result={({ secrets }) => <RoomSecrets secrets={secrets} />}
        isDangerous
      />
      <Action
        label={room.state === 'open' ? t('rooms.close') : t('rooms.open')}
        says={room.state === 'open' ? t('rooms.close.says') : undefined}
        wish={() => ({
          path: `${path}/${room.state === 'open' ? 'close' : 'open'}`,
          method: 'POST',
          body: {},
        })}
      />
    </PageHead>
  );
}

const shown = (value: boolean | number | string | null | undefined) =>
  typeof value === 'boolean' ? (
    <YesNo value={value} />
  ) : isLanguage(String(value)) ? (
    LANGUAGE_NAMES[String(value) as 'en']
  ) : (
    value
  );

function RoomRules({ room }: { room: Room }): ReactNode {
  const { t, wordOf } = useWords();
  const { rules } = room;
  const choicesOf = (kind: string, values: readonly string[]) =>
    values.map((value) => [value, wordOf(kind, value)] as const);
  const check = (name: string): FieldSpec => ({
    name: `rules.${name}`,
    label: wordOf('rule', name),
    kind: 'check',
    value: rules[name] === true,
  });
  const fields: readonly FieldSpec[] = [
    { name: 'name', label: t('name'), isRequired: true, value: room.name },
    { name: 'maxSeats', label: t('seats'), kind: 'number', value: room.maxSeats },
    ...['allowsListedEntry', 'lobby', 'waitsForModerator', 'chargesWaiting', 'isPublic', 'isBroadcast'].map(
      check,
    ),
    {
      name: 'rules.entrySound',
      label: wordOf('rule', 'entrySound'),
      kind: 'choice',
      choices: choicesOf('entrySound', ['none', 'tone', 'name']),
      value: String(rules.entrySound),
    },
    {
      name: 'rules.participantRole',
      label: wordOf('rule', 'participantRole'),
      kind: 'choice',
      choices: choicesOf('roomRole', ['speaker', 'listener']),
      value: String(rules.participantRole),
    },
    {
      name: 'rules.recording',
      label: t('recording'),
      kind: 'choice',
      choices: choicesOf('recordingRule', ['off', 'manual', 'automatic']),
      value: String(rules.recording),
    },
    {
      name: 'rules.retentionClass',
      label: wordOf('rule', 'retentionClass'),
      kind: 'choice',
      choices: choicesOf('retention', ['short', 'standard', 'long']),
      value: String(rules.retentionClass),
    },
    {
      name: 'rules.language',
      label: t('language'),
      kind: 'choice',
      choices: [['', '–'], ...LANGUAGES.map((one) => [one, LANGUAGE_NAMES[one]] as const)],
      value: rules.language ?? '',
      canBeNull: true,
    },
    {
      name: 'rules.maxDurationSeconds',
      label: wordOf('rule', 'maxDurationSeconds'),
      kind: 'number',
      value: rules.maxDurationSeconds ?? '',
      canBeNull: true,
    },
  ];
  return (
    <section className="sheet">
      <div className="row spread">
        <h2>{t('rules')}</h2>
        <Action
          label={t('change')}
          title={t('rules')}
          fields={fields}
          wish={(body) => ({ path: `/rooms/${room.id}`, method: 'PATCH', body })}
          done={t('saved')}
        />
      </div>
      <Facts
        of={[
          [t('seats'), room.maxSeats],
          ...Object.entries(rules)
            .filter(([, value]) => value !== null)
            .map(
              ([name, value]) =>
                [
                  wordOf('rule', name),
                  name in RULE_WORDS ? wordOf(RULE_WORDS[name] ?? '', String(value)) : shown(value),
                ] as const,
            ),
        ]}
      />
    </section>
  );
}
