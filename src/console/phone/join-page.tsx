import { type ReactNode, useEffect, useState } from 'react';
import { Problem } from '../api/client';
import { every } from '../clock';
import { useWords } from '../strings/words';
import { Form } from '../ui/form';
import { Badge, Since } from '../ui/format';
import { Failed } from '../ui/loaded';
import { Empty, Skeleton, useProblemText, useToast } from '../ui/states';
import { FrontSheet } from '../sign-in/front';
import { Fault, Meters } from './calls-in-hand';
import { Devices } from './devices';
import type { RoomMember } from '../api/types';
import { askAsGuest, type Guest, type GuestRoom } from './guest-api';
import { phone } from './softphone';
import { keptDevices, usePhone } from './use-phone';

const LOOK_MS = 1_000;
/** What a guest dials: the platform knows from his credentials which room is meant. */
const ROOM = 'room';

/** Somebody without an account joins a room by Room ID and PIN. */
export function JoinPage(): ReactNode {
  const { t } = useWords();
  const [guest, setGuest] = useState<Guest | null>(null);
  if (guest) return <Inside guest={guest} onLeave={() => setGuest(null)} />;
  return (
    <FrontSheet title={t('join')}>
      <p className="soft">{t('join.says')}</p>
      <Form<Guest>
        fields={[
          {
            name: 'name',
            label: t('join.name'),
            help: t('join.nameHelp'),
            isRequired: true,
            autoComplete: 'name',
          },
          { name: 'roomNumber', label: t('join.roomId'), kind: 'code', isRequired: true },
          { name: 'pin', label: t('join.pin'), kind: 'password', isRequired: true },
        ]}
        wish={(body) => ({ path: '/guests', method: 'POST', body })}
        submit={t('join.go')}
        onDone={(admitted) => {
          setGuest(admitted);
          phone.use(keptDevices());
          void phone.start(admitted, { registers: false });
        }}
      />
      <details>
        <summary>{t('phone.sound')}</summary>
        <Devices />
      </details>
    </FrontSheet>
  );
}

function Inside({ guest, onLeave }: { guest: Guest; onLeave: () => void }): ReactNode {
  const { t } = useWords();
  const { link, calls } = usePhone();
  const [hasCalled, setCalled] = useState(false);
  useEffect(() => {
    if (link !== 'ready' || hasCalled) return;
    setCalled(true);
    phone.call(ROOM);
  }, [link, hasCalled]);
  useEffect(() => () => phone.stop(), []);
  const isOver = hasCalled && calls.length === 0;
  return (
    <div className="stack front-stack">
      <FrontSheet title={guest.roomName}>
        <div className="row">
          <Badge kind="roomRole" value={guest.role} />
          <span className="badge" role="status">
            {t(`phone.link.${link}`)}
          </span>
        </div>
        <GuestCall />
        {isOver && (
          <Empty title={t('join.over')}>
            <div className="row">
              <button type="button" className="primary" onClick={() => phone.call(ROOM)}>
                {t('join.again')}
              </button>
              <button type="button" onClick={onLeave}>
                {t('join.leave')}
              </button>
            </div>
          </Empty>
        )}
      </FrontSheet>
      {!isOver && <Members guest={guest} />}
    </div>
  );
}

/** How the guest's one call stands; what can be done in the room is below, by the room's own rules. */
function GuestCall(): ReactNode {
  const { t } = useWords();
  const {
    calls: [call],
    fault,
  } = usePhone();
  if (!call) return fault && <Fault fault={{ ...fault, who: '' }} />;
  return (
    <>
      <div className="row spread">
        <p role="status">{t(`phone.${call.state}`)}</p>
        {call.sinceMs !== null && (
          <span className="big">
            <Since ms={call.sinceMs} />
          </span>
        )}
      </div>
      {call.state === 'talking' && <Meters callId={call.id} />}
    </>
  );
}

/** Everybody in the room and what this guest may do about himself. */
function Members({ guest }: { guest: Guest }): ReactNode {
  const { t } = useWords();
  const toast = useToast();
  const text = useProblemText();
  const { seen, problem } = useGuestRoom(guest.guestToken);
  if (problem) return <Failed problem={problem} />;
  if (!seen?.room) return <Skeleton />;
  const { room, memberId } = seen;
  const you = room.members.find((member) => member.memberId === memberId);
  const isHandUp = you !== undefined && room.hands.includes(you.memberId);
  const act = (action: string) =>
    void askAsGuest(guest.guestToken, '/guest/actions', { method: 'POST', body: { action } }).catch(
      (error: Error) => toast(text(error)),
    );
  return (
    <section className="sheet">
      <h2>{t('live.members')}</h2>
      <div className="row">
        {you && (
          <button
            type="button"
            aria-pressed={you.muted !== null}
            onClick={() => act(you.muted === null ? 'mute' : 'unmute')}
          >
            {you.muted === null ? t('mute') : t('unmute')}
          </button>
        )}
        {you && (
          <button
            type="button"
            aria-pressed={isHandUp}
            onClick={() => act(isHandUp ? 'lower-hand' : 'raise-hand')}
          >
            {isHandUp ? t('join.lowerHand') : t('join.raiseHand')}
          </button>
        )}
        <button type="button" className="danger" onClick={() => act('leave')}>
          {t('join.leave')}
        </button>
        {room.recording !== 'off' && <span className="badge bad">{t('recordingOn')}</span>}
        {room.isLocked && <span className="badge warn">{t('locked')}</span>}
      </div>
      <ul className="stack-small">
        {room.members.map((member) => (
          <Member
            key={member.memberId}
            member={member}
            isYou={member.memberId === memberId}
            isHandUp={room.hands.includes(member.memberId)}
          />
        ))}
      </ul>
    </section>
  );
}

function Member({
  member,
  isYou,
  isHandUp,
}: {
  member: RoomMember;
  isYou: boolean;
  isHandUp: boolean;
}): ReactNode {
  const { t } = useWords();
  return (
    <li className="row">
      <bdi dir="auto">{member.name ?? t('join.somebody')}</bdi>
      {isYou && <span className="badge accent">{t('phone.you')}</span>}
      <Badge kind="roomRole" value={member.role} />
      {member.isTalking && <span className="badge good">{t('talking')}</span>}
      {member.muted !== null && (
        <span className="badge">{t(`muted.${member.muted === 'self' ? 'self' : 'moderator'}`)}</span>
      )}
      {isHandUp && <span className="badge warn">{t('handRaised')}</span>}
      {member.place !== 'inside' && <Badge kind="place" value={member.place} />}
    </li>
  );
}

/** The room as its guest sees it, read again and again: a header that carries a secret goes with no stream of events. */
function useGuestRoom(token: string): { seen: GuestRoom | null; problem: Problem | null } {
  const [seen, setSeen] = useState<GuestRoom | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    let isWanted = true;
    const look = async () => {
      try {
        const now = await askAsGuest<GuestRoom>(token, '/guest/room');
        if (!isWanted) return;
        setSeen(now);
        setProblem(null);
      } catch (error) {
        // Out of reach for a moment: what was seen last stays.
        if (isWanted && error instanceof Problem && error.status !== 0) setProblem(error);
      }
    };
    void look();
    const stop = every(LOOK_MS, () => void look());
    return () => {
      isWanted = false;
      stop();
    };
  }, [token]);
  return { seen, problem };
}
