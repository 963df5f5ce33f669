import { type ReactNode, useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import { useMay } from '../api/session';
import { useAnswer } from '../api/use-api';
import { type StreamState, useEvents } from '../api/use-events';
import type { LiveCall, LiveRoom } from '../api/types';
import { useWords } from '../strings/words';
import { Action } from '../ui/form';
import { Badge, Digits, Since } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty, PageHead, Skeleton } from '../ui/states';
import { type Column, Table } from '../ui/table';
import { RoomControls } from './room-controls';

type Live = { readonly calls: readonly LiveCall[]; readonly rooms: readonly LiveRoom[] };

const putCall = (state: Live | null, call: LiveCall): Live | null =>
  state && { ...state, calls: [...state.calls.filter(({ callId }) => callId !== call.callId), call] };
const putRoom = (state: Live | null, room: LiveRoom): Live | null =>
  state && { ...state, rooms: [...state.rooms.filter(({ roomId }) => roomId !== room.roomId), room] };

const HANDLERS = {
  snapshot: (_: Live | null, data: Live) => data,
  started: putCall,
  changed: putCall,
  ended: (state: Live | null, call: LiveCall): Live | null =>
    state && { ...state, calls: state.calls.filter(({ callId }) => callId !== call.callId) },
  'room-changed': putRoom,
  'room-closed': (state: Live | null, room: LiveRoom): Live | null =>
    state && { ...state, rooms: state.rooms.filter(({ roomId }) => roomId !== room.roomId) },
};

/** Whether what is shown is what is. */
export function StreamBadge({ stream }: { stream: StreamState }): ReactNode {
  const { t } = useWords();
  const tone = stream === 'open' ? 'good' : 'warn';
  return (
    <span className={`badge ${tone}`} role="status">
      {t(`stream.${stream}`)}
    </span>
  );
}

/** Calls and rooms of this moment. */
export function LivePage(): ReactNode {
  const { t } = useWords();
  const { state, stream } = useEvents<Live>('/live/events', HANDLERS);
  return (
    <>
      <PageHead title={t('nav.live')} says={t('live.says')}>
        <StreamBadge stream={stream} />
      </PageHead>
      {state ? <LiveState live={state} /> : <Skeleton lines={8} />}
    </>
  );
}

function LiveState({ live: { calls, rooms } }: { live: Live }): ReactNode {
  const { t } = useWords();
  const talking = calls.filter(({ phase }) => phase === 'talking').length;
  return (
    <>
      <dl className="figures">
        <Figure label={t('live.calls')} value={calls.length} />
        <Figure label={t('live.talking')} value={talking} />
        <Figure label={t('live.rooms')} value={rooms.length} />
        <Figure
          label={t('live.members')}
          value={rooms.reduce((sum, { members }) => sum + members.length, 0)}
        />
      </dl>
      <section className="stack">
        <h2>{t('live.calls')}</h2>
        <LiveCalls calls={calls} />
      </section>
      <section className="stack">
        <h2>{t('live.rooms')}</h2>
        {rooms.length === 0 ? <Empty title={t('live.noRooms')} /> : <LiveRooms rooms={rooms} />}
      </section>
    </>
  );
}

export function Figure({ label, value }: { label: string; value: ReactNode }): ReactNode {
  return (
    <div className="figure">
      <dt className="small soft">{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function LiveCalls({ calls }: { calls: readonly LiveCall[] }): ReactNode {
  const { t } = useWords();
  const may = useMay();
  const sorted = useMemo(() => calls.toSorted((a, b) => b.startedAtMs - a.startedAtMs), [calls]);
  if (calls.length === 0) return <Empty title={t('live.noCalls')}>{t('live.noCalls.says')}</Empty>;
  const columns: readonly Column<LiveCall>[] = [
    {
      label: t('from'),
      cell: (call) =>
        call.isWithheld && !call.fromNumber ? t('withheld') : <Digits>{call.fromNumber}</Digits>,
    },
    { label: t('dialled'), cell: (call) => <Digits>{call.dialledNumber}</Digits> },
    { label: t('direction'), cell: (call) => <Badge kind="direction" value={call.direction} /> },
    { label: t('state'), cell: (call) => <Badge kind="phase" value={call.phase} /> },
    {
      label: t('length'),
      cell: (call) => <Since ms={call.enteredAtMs ?? call.startedAtMs} />,
      isFigure: true,
    },
    {
      label: t('actions'),
      cell: (call) => (
        <div className="row">
          {call.roomId && (
            <Link className="button tiny" href={`/live/rooms/${call.roomId}`}>
              {t('room')}
            </Link>
          )}
          {may('calls:end') && (
            <Action
              label={t('endCall')}
              says={t('endCall.says')}
              wish={() => ({ path: `/live/calls/${call.callId}/end`, method: 'POST', body: {} })}
              done={t('endCall.done')}
              isDangerous
              isTiny
            />
          )}
        </div>
      ),
    },
  ];
  return <Table name={t('live.calls')} columns={columns} rows={sorted} keyOf={({ callId }) => callId} />;
}

function LiveRooms({ rooms }: { rooms: readonly LiveRoom[] }): ReactNode {
  const { t } = useWords();
  const columns: readonly Column<LiveRoom>[] = [
    { label: t('room'), cell: (room) => <RoomName roomId={room.roomId} /> },
    { label: t('live.members'), cell: (room) => room.members.length, isFigure: true },
    { label: t('live.hands'), cell: (room) => room.hands.length, isFigure: true },
    { label: t('recording'), cell: (room) => <Badge kind="recording" value={room.recording} /> },
    {
      label: t('locked'),
      cell: (room) => (room.isLocked ? <span className="badge warn">{t('locked')}</span> : ''),
    },
    { label: t('length'), cell: (room) => <Since ms={room.openedAtMs} />, isFigure: true },
  ];
  return (
    <Table
      name={t('live.rooms')}
      columns={columns}
      rows={rooms}
      keyOf={({ roomId }) => roomId}
      href={({ roomId }) => `/live/rooms/${roomId}`}
    />
  );
}

function RoomName({ roomId }: { roomId: string }): ReactNode {
  const may = useMay();
  const room = useAnswer<{ name: string }>(may('rooms:read') ? `/rooms/${roomId}` : null);
  return <bdi>{room.data?.name ?? roomId.slice(-8)}</bdi>;
}

/** One room of this moment, with everything that can be done in it. */
export function LiveRoomPage({ roomId = '' }: { roomId?: string }): ReactNode {
  const { t } = useWords();
  const [, go] = useLocation();
  const { state, stream } = useEvents<Live>('/live/events', HANDLERS);
  const room = useAnswer<{ name: string }>(`/rooms/${roomId}`);
  const live = state?.rooms.find((one) => one.roomId === roomId);
  return (
    <>
      <PageHead title={room.data?.name ?? t('room')} says={t('live.roomSays')}>
        <StreamBadge stream={stream} />
        <button type="button" onClick={() => go('/live')}>
          {t('nav.live')}
        </button>
      </PageHead>
      {!state ? (
        <Skeleton />
      ) : live ? (
        <RoomControls room={live} />
      ) : (
        <Empty title={t('live.roomEmpty')}>{t('live.roomEmpty.says')}</Empty>
      )}
    </>
  );
}

/** A room of this moment for those who see only their own: read again and again, since the stream of all calls is for staff. */
export function OwnLiveRoom({ roomId }: { roomId: string }): ReactNode {
  const { t } = useWords();
  const live = useAnswer<LiveRoom>(`/live/rooms/${roomId}`, {}, { everyMs: 2_000 });
  if (live.error?.status === 404)
    return <Empty title={t('live.roomEmpty')}>{t('live.roomEmpty.says')}</Empty>;
  return <Loaded of={live}>{(room) => <RoomControls room={room} />}</Loaded>;
}
