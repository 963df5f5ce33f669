import type { ReactNode } from 'react';
import type { LiveRoom, RoomMember } from '../api/types';
import { useSession } from '../api/session';
import { useChange } from '../api/use-api';
import { useWords } from '../strings/words';
import { Action } from '../ui/form';
import { Badge, Since } from '../ui/format';
import { Empty, useProblemText, useToast } from '../ui/states';
import { type Column, Table } from '../ui/table';

type RoomAction = { readonly type: string } & Readonly<Record<string, unknown>>;

/** Members of a room and what can be done with them and with the room: the same as by the keypad. */
export function RoomControls({ room }: { room: LiveRoom }): ReactNode {
  const { t } = useWords();
  const toast = useToast();
  const text = useProblemText();
  const { scopes, accountId } = useSession();
  const mayControl = scopes.includes('rooms:control') || accountId !== null;
  const path = `/live/rooms/${room.roomId}/actions`;
  const act = useChange<LiveRoom, RoomAction>((action) => ({ path, method: 'POST', body: { action } }));
  const run = (action: RoomAction) =>
    act.mutate(action, { onError: (problem) => toast(text(problem)), onSuccess: () => toast(t('done')) });
  const columns: readonly Column<RoomMember>[] = [
    {
      label: t('member'),
      cell: (member) => (
        <span>
          <bdi dir="auto">{member.name ?? t('memberNumber', { number: member.number })}</bdi>{' '}
          {member.isTalking && <span className="badge good">{t('talking')}</span>}{' '}
          {room.hands.includes(member.memberId) && <span className="badge warn">{t('handRaised')}</span>}
        </span>
      ),
    },
    { label: t('role'), cell: (member) => <Badge kind="roomRole" value={member.role} /> },
    { label: t('place'), cell: (member) => <Badge kind="place" value={member.place} /> },
    { label: t('sound'), cell: (member) => <Sound member={member} /> },
    { label: t('length'), cell: (member) => <Since ms={member.arrivedAtMs} />, isFigure: true },
    ...(mayControl
      ? [
          {
            label: t('actions'),
            cell: (member: RoomMember) => <MemberActions member={member} path={path} run={run} />,
          },
        ]
      : []),
  ];
  return (
    <div className="stack">
      {mayControl && (
        <div className="row">
          <button type="button" onClick={() => run({ type: 'mute-all', on: !room.isAllMuted })}>
            {room.isAllMuted ? t('unmuteAll') : t('muteAll')}
          </button>
          <button type="button" onClick={() => run({ type: 'lock', on: !room.isLocked })}>
            {room.isLocked ? t('unlock') : t('lock')}
          </button>
          <button type="button" onClick={() => run({ type: 'record', on: room.recording === 'off' })}>
            {room.recording === 'off' ? t('record') : t('stopRecording')}
          </button>
          {room.recording !== 'off' && (
            <button
              type="button"
              onClick={() => run({ type: 'pause-recording', on: room.recording === 'on' })}
            >
              {room.recording === 'on' ? t('pauseRecording') : t('resumeRecording')}
            </button>
          )}
          <button type="button" onClick={() => run({ type: 'dial-out', entryIds: 'all' })}>
            {t('dialOut')}
          </button>
          <Action
            label={t('endForAll')}
            says={t('endForAll.says')}
            wish={() => ({ path, method: 'POST', body: { action: { type: 'end-for-all' } } })}
            isDangerous
          />
        </div>
      )}
      <div className="row small">
        {room.recording !== 'off' && <span className="badge bad">{t('recordingOn')}</span>}
        {room.isLocked && <span className="badge warn">{t('locked')}</span>}
        {room.diallingOut > 0 && (
          <span className="badge accent">{t('diallingOut', { n: room.diallingOut })}</span>
        )}
        {room.broadcastListeners > 0 && (
          <span className="badge">{t('listeners', { n: room.broadcastListeners })}</span>
        )}
      </div>
      {room.members.length === 0 ? (
        <Empty title={t('live.roomEmpty')} />
      ) : (
        <Table
          name={t('live.members')}
          columns={columns}
          rows={room.members}
          keyOf={({ memberId }) => memberId}
        />
      )}
    </div>
  );
}

function Sound({ member }: { member: RoomMember }): ReactNode {
  const { t } = useWords();
  if (member.muted === 'self') return <span className="badge">{t('muted.self')}</span>;
  if (member.muted === 'moderator') return <span className="badge warn">{t('muted.moderator')}</span>;
  if (member.isDeaf) return <span className="badge warn">{t('deaf')}</span>;
  return '';
}

function MemberActions({
  member,
  path,
  run,
}: {
  member: RoomMember;
  path: string;
  run: (action: RoomAction) => void;
}): ReactNode {
  const { t } = useWords();
  const { memberId } = member;
  if (member.place === 'lobby')
    return (
      <div className="row">
        <button type="button" className="tiny primary" onClick={() => run({ type: 'admit', memberId })}>
          {t('admit')}
        </button>
        <button type="button" className="tiny" onClick={() => run({ type: 'reject', memberId })}>
          {t('reject')}
        </button>
      </div>
    );
  return (
    <div className="row">
      <button
        type="button"
        className="tiny"
        onClick={() => run({ type: 'mute-member', memberId, on: member.muted !== 'moderator' })}
      >
        {member.muted === 'moderator' ? t('unmute') : t('mute')}
      </button>
      <button type="button" className="tiny" onClick={() => run({ type: 'give-floor', memberId })}>
        {t('giveFloor')}
      </button>
      <Action
        label={t('kick')}
        says={t('kick.says')}
        wish={() => ({ path, method: 'POST', body: { action: { type: 'kick', memberId } } })}
        isDangerous
        isTiny
      />
    </div>
  );
}
