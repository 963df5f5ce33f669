import makeQrCode from 'qrcode-generator';
import { type ReactNode, useMemo } from 'react';
import { useAnswer } from '../api/use-api';
import { urlOf } from '../api/client';
import { useWords } from '../strings/words';
import { Action } from '../ui/form';
import { Badge, Digits, Duration, Time, YesNo } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Copy, Empty } from '../ui/states';
import { Facts, ListTable, Table } from '../ui/table';

type Device = {
  readonly id: string;
  readonly name: string;
  readonly username: string;
  readonly state: string;
  readonly createdAtMs: number;
};
type Registration = {
  readonly deviceId: string;
  readonly receivedFrom: string;
  readonly userAgent: string | null;
  readonly expiresAtMs: number;
};

/** A QR code as paths, so that the content policy lets it be shown. */
export function QrCode({ text, name }: { text: string; name: string }): ReactNode {
  const { size, path } = useMemo(() => {
    const code = makeQrCode(0, 'M');
    code.addData(text);
    code.make();
    const size = code.getModuleCount();
    const cells = Array.from(
      { length: size * size },
      (_, index) => [Math.floor(index / size), index % size] as const,
    );
    const path = cells
      .map(([row, column]) => (code.isDark(row, column) ? `M${column} ${row}h1v1h-1z` : ''))
      .join('');
    return { size, path };
  }, [text]);
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={name}>
      <path d={path} fill="#000" />
    </svg>
  );
}

/** A secret that is told once, with the notice that it is one. */
export function Secret({ label, value }: { label: string; value: string }): ReactNode {
  return (
    <div className="stack-small">
      <span className="small soft">{label}</span>
      <span className="row">
        <span className="secret">{value}</span>
        <Copy text={value} />
      </span>
    </div>
  );
}

/** Telephones of an account, and where they are registered. */
export function DevicesPanel({ accountId }: { accountId: string }): ReactNode {
  const { t } = useWords();
  const path = `/accounts/${accountId}/devices`;
  const devices = useAnswer<{ devices: readonly Device[] }>(path);
  const found = useAnswer<{ registrations: readonly Registration[] }>(
    `/accounts/${accountId}/registrations`,
    {},
    { everyMs: 15_000 },
  );
  const registrations = found.data?.registrations ?? [];
  return (
    <section className="stack">
      <div className="row spread">
        <h2>{t('nav.devices')}</h2>
        <Action<{ device: Device; realm: string; password: string | null }>
          label={t('devices.add')}
          fields={[{ name: 'name', label: t('name'), isRequired: true, help: t('devices.name.help') }]}
          wish={(body) => ({ path, method: 'POST', body })}
          result={({ device, realm, password }) => (
            <div className="stack">
              <p className="note warn">{t('toldOnce')}</p>
              <Secret label={t('username')} value={device.username} />
              <Secret label={t('password')} value={password ?? ''} />
              <Secret label={t('server')} value={`${window.location.hostname} (${realm})`} />
              <QrCode
                name={t('devices.qr')}
                text={`sip:${device.username}:${password ?? ''}@${window.location.hostname}`}
              />
            </div>
          )}
          isPrimary
        />
      </div>
      <Loaded of={devices}>
        {({ devices }) =>
          devices.length === 0 ? (
            <Empty title={t('devices.none')}>{t('devices.none.says')}</Empty>
          ) : (
            <Table
              name={t('nav.devices')}
              rows={devices}
              keyOf={({ id }) => id}
              columns={[
                { label: t('name'), cell: ({ name }) => <bdi dir="auto">{name}</bdi> },
                { label: t('username'), cell: ({ username }) => <code>{username}</code> },
                { label: t('state'), cell: ({ state }) => <Badge kind="deviceState" value={state} /> },
                {
                  label: t('registered'),
                  cell: ({ id }) =>
                    registrations
                      .filter(({ deviceId }) => deviceId === id)
                      .map(({ receivedFrom, userAgent }) => (
                        <span key={receivedFrom} className="badge good ltr">
                          {userAgent ?? receivedFrom}
                        </span>
                      )),
                },
                { label: t('made'), cell: ({ createdAtMs }) => <Time ms={createdAtMs} only="date" /> },
                {
                  label: t('actions'),
                  cell: ({ id, state }) =>
                    state === 'active' ? (
                      <Action
                        label={t('revoke')}
                        says={t('devices.revoke.says')}
                        wish={() => ({ path: `/devices/${id}`, method: 'DELETE' })}
                        isDangerous
                        isTiny
                      />
                    ) : (
                      ''
                    ),
                },
              ]}
            />
          )
        }
      </Loaded>
    </section>
  );
}

type Handling = {
  readonly doNotDisturb: boolean;
  readonly ringSeconds: number;
  readonly forwardBusy: string | null;
  readonly forwardNoAnswer: string | null;
  readonly forwardUnreachable: string | null;
  readonly voicemailTo: string | null;
};

/** How an account is reached: do not disturb, forwarding, voicemail. */
export function HandlingPanel({ accountId }: { accountId: string }): ReactNode {
  const { t } = useWords();
  const path = `/accounts/${accountId}/call-handling`;
  const handling = useAnswer<Handling>(path);
  return (
    <section className="sheet">
      <h2>{t('handling')}</h2>
      <Loaded of={handling}>
        {(found) => (
          <>
            <Facts
              of={[
                [t('doNotDisturb'), <YesNo key="d" value={found.doNotDisturb} />],
                [t('ringSeconds'), found.ringSeconds],
                [t('forwardBusy'), <Digits key="b">{found.forwardBusy}</Digits>],
                [t('forwardNoAnswer'), <Digits key="n">{found.forwardNoAnswer}</Digits>],
                [t('forwardUnreachable'), <Digits key="u">{found.forwardUnreachable}</Digits>],
                [t('voicemailTo'), found.voicemailTo],
              ]}
            />
            <div>
              <Action
                label={t('change')}
                title={t('handling')}
                says={t('handling.says')}
                fields={[
                  {
                    name: 'doNotDisturb',
                    label: t('doNotDisturb'),
                    kind: 'check',
                    value: found.doNotDisturb,
                  },
                  { name: 'ringSeconds', label: t('ringSeconds'), kind: 'number', value: found.ringSeconds },
                  {
                    name: 'forwardBusy',
                    label: t('forwardBusy'),
                    kind: 'tel',
                    value: found.forwardBusy,
                    canBeNull: true,
                  },
                  {
                    name: 'forwardNoAnswer',
                    label: t('forwardNoAnswer'),
                    kind: 'tel',
                    value: found.forwardNoAnswer,
                    canBeNull: true,
                  },
                  {
                    name: 'forwardUnreachable',
                    label: t('forwardUnreachable'),
                    kind: 'tel',
                    value: found.forwardUnreachable,
                    canBeNull: true,
                  },
                  {
                    name: 'voicemailTo',
                    label: t('voicemailTo'),
                    kind: 'mail',
                    value: found.voicemailTo,
                    canBeNull: true,
                  },
                ]}
                wish={(body) => ({ path, method: 'PATCH', body })}
                done={t('saved')}
              />
            </div>
          </>
        )}
      </Loaded>
    </section>
  );
}

type CallerId = {
  readonly number: string | null;
  readonly withholds: boolean;
  readonly provenNumbers: readonly string[];
};

/** What an account shows to those it calls, and how a number is proven to be its own. */
export function CallerIdPanel({ accountId }: { accountId: string }): ReactNode {
  const { t } = useWords();
  const base = `/accounts/${accountId}`;
  const callerId = useAnswer<CallerId>(`${base}/caller-id`);
  const voip = useAnswer<{ number: string | null }>(`${base}/voip-number`);
  return (
    <section className="sheet">
      <h2>{t('callerId')}</h2>
      <Loaded of={callerId}>
        {({ number, withholds, provenNumbers }) => (
          <>
            <Facts
              of={[
                [t('voipNumber'), <Digits key="v">{voip.data?.number}</Digits>],
                [
                  t('shownNumber'),
                  withholds ? (
                    t('withheld')
                  ) : number === null ? (
                    t('houseNumber')
                  ) : (
                    <Digits key="n">{number}</Digits>
                  ),
                ],
                [
                  t('provenNumbers'),
                  provenNumbers.length === 0
                    ? null
                    : provenNumbers.map((one) => (
                        <span key={one} className="row">
                          <Digits>{one}</Digits>{' '}
                          <Action
                            label={t('giveUp')}
                            wish={() => ({
                              path: `${base}/proofs/${encodeURIComponent(one)}`,
                              method: 'DELETE',
                            })}
                            isTiny
                            isDangerous
                          />
                        </span>
                      )),
                ],
              ]}
            />
            <div className="row">
              <Action
                label={t('change')}
                title={t('callerId')}
                fields={[
                  {
                    name: 'number',
                    label: t('shownNumber'),
                    kind: 'choice',
                    choices: [['', t('houseNumber')], ...provenNumbers.map((one) => [one, one] as const)],
                    value: number,
                    canBeNull: true,
                  },
                  { name: 'withholds', label: t('withholds'), kind: 'check', value: withholds },
                ]}
                wish={(body) => ({ path: `${base}/caller-id`, method: 'PATCH', body })}
                done={t('saved')}
              />
              <Action
                label={t('prove')}
                says={t('prove.says')}
                fields={[{ name: 'number', label: t('number'), kind: 'tel', isRequired: true }]}
                wish={(body) => ({ path: `${base}/proofs`, method: 'POST', body })}
                done={t('prove.calling')}
              />
              <Action
                label={t('prove.confirm')}
                fields={[
                  { name: 'number', label: t('number'), kind: 'tel', isRequired: true },
                  { name: 'code', label: t('code'), kind: 'code', isRequired: true },
                ]}
                wish={(body) => ({ path: `${base}/proofs/confirm`, method: 'POST', body })}
              />
            </div>
          </>
        )}
      </Loaded>
    </section>
  );
}

type Voicemail = {
  readonly id: string;
  readonly fromNumber: string | null;
  readonly seconds: number;
  readonly leftAtMs: number;
  readonly heardAtMs: number | null;
};

/** Messages that callers left. */
export function VoicemailPanel({ accountId }: { accountId: string }): ReactNode {
  const { t } = useWords();
  return (
    <ListTable<Voicemail>
      name={t('nav.messages')}
      path={`/accounts/${accountId}/voicemails`}
      rows="voicemails"
      pageBy="after"
      keyOf={({ id }) => id}
      empty={<Empty title={t('messages.none')}>{t('messages.none.says')}</Empty>}
      columns={[
        {
          label: t('from'),
          cell: ({ fromNumber }) => (fromNumber === null ? t('withheld') : <Digits>{fromNumber}</Digits>),
        },
        { label: t('when'), cell: ({ leftAtMs }) => <Time ms={leftAtMs} /> },
        { label: t('length'), cell: ({ seconds }) => <Duration ms={seconds * 1000} />, isFigure: true },
        {
          label: t('state'),
          cell: ({ heardAtMs }) =>
            heardAtMs === null ? <span className="badge accent">{t('new')}</span> : t('heard'),
        },
        {
          label: t('sound'),
          // biome-ignore lint: a message has no captions
          cell: ({ id }) => (
            <audio
              controls
              preload="none"
              src={urlOf(`/voicemails/${id}/audio.wav`)}
              aria-label={t('nav.messages')}
            />
          ),
        },
        {
          label: t('actions'),
          cell: ({ id, heardAtMs }) => (
            <div className="row">
              <Action
                label={heardAtMs === null ? t('markHeard') : t('markNew')}
                wish={() => ({
                  path: `/voicemails/${id}`,
                  method: 'PATCH',
                  body: { heard: heardAtMs === null },
                })}
                isTiny
              />
              <Action
                label={t('delete')}
                says={t('messages.delete.says')}
                wish={() => ({ path: `/voicemails/${id}`, method: 'DELETE' })}
                isDangerous
                isTiny
              />
            </div>
          ),
        },
      ]}
    />
  );
}
