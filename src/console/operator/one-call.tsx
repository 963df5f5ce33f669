import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { urlOf } from '../api/client';
import { useMay, useSession } from '../api/session';
import { useAnswer, useList } from '../api/use-api';
import type { Cdr, Money as Amount, Working } from '../api/types';
import { useWords } from '../strings/words';
import { Badge, Digits, Duration, Money, Time, YesNo } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Copy, PageHead } from '../ui/states';
import { Facts, Table } from '../ui/table';
import { Postings } from './call-postings';
import { CallTrace } from './call-trace';
import { microsText, talkMs, useCallColumns } from './calls';

type OneCdr = Cdr & {
  readonly recordings: readonly { readonly id: string; readonly sha256: string | null }[];
};

type Correction = {
  readonly reratingId: string;
  readonly before: Amount;
  readonly after: Amount;
  readonly correctedAtMs: number;
};

/** One leg from its facts to its posting, with the legs that it belongs to. */
export function OneCallPage({ cdrId = '' }: { cdrId?: string }): ReactNode {
  const { t } = useWords();
  const cdr = useAnswer<OneCdr>(`/cdrs/${cdrId}`);
  return (
    <Loaded of={cdr}>
      {(cdr) => (
        <>
          <PageHead title={t('oneCall', { number: cdr.dialledNumber })} says={<Time ms={cdr.startedAtMs} />}>
            <Badge kind="result" value={cdr.result} />
          </PageHead>
          <div className="columns">
            <CallFacts cdr={cdr} />
            <div className="stack">
              <RatingWorking title={t('charging')} amount={cdr.charge} working={cdr.working}>
                {cdr.heldCapped && <p className="note warn">{t('heldCapped')}</p>}
              </RatingWorking>
              <CarrierCost cdr={cdr} />
              <Quality cdr={cdr} />
              <Recordings cdr={cdr} />
            </div>
          </div>
          <Corrections cdrId={cdr.cdrId} />
          <Postings cdr={cdr} />
          <LegsOfCall cdr={cdr} />
          <CallTrace cdrId={cdr.cdrId} />
        </>
      )}
    </Loaded>
  );
}

function CallFacts({ cdr }: { cdr: OneCdr }): ReactNode {
  const { t, wordOf } = useWords();
  const may = useMay();
  const account = (id: string | null) =>
    id === null ? null : may('accounts:read') ? (
      <Link href={`/accounts/${id}`}>{id}</Link>
    ) : (
      <code>{id}</code>
    );
  return (
    <section className="sheet">
      <h2>{t('facts')}</h2>
      <Facts
        of={[
          [t('direction'), <Badge key="d" kind="direction" value={cdr.direction} />],
          [t('from'), cdr.isWithheld && !cdr.fromNumber ? t('withheld') : <Digits>{cdr.fromNumber}</Digits>],
          [t('dialled'), <Digits key="n">{cdr.dialledNumber}</Digits>],
          cdr.routedNumber === null ? null : [t('routed'), <Digits key="r">{cdr.routedNumber}</Digits>],
          cdr.callerIdentity === null ? null : [t('callerIdentity'), wordOf('identity', cdr.callerIdentity)],
          [t('startedAt'), <Time key="s" ms={cdr.startedAtMs} />],
          cdr.ringingAtMs === null ? null : [t('ringingAt'), <Time key="g" ms={cdr.ringingAtMs} />],
          [t('answeredAt'), <Time key="a" ms={cdr.answeredAtMs} />],
          cdr.chargedFromMs === null ? null : [t('chargedFrom'), <Time key="c" ms={cdr.chargedFromMs} />],
          [t('endedAt'), <Time key="e" ms={cdr.endedAtMs} />],
          [t('talk'), <Duration key="t" ms={talkMs(cdr)} />],
          [t('endedBy'), wordOf('endedBy', cdr.endedBy)],
          [t('sipStatus'), cdr.sipStatus],
          [t('hangupCause'), cdr.hangupCause],
          cdr.roomRole === null ? null : [t('role'), wordOf('roomRole', cdr.roomRole)],
          cdr.roomId === null
            ? null
            : [
                t('room'),
                <Link key="o" href={`/rooms/${cdr.roomId}`}>
                  {cdr.roomId}
                </Link>,
              ],
          [t('account'), account(cdr.accountId)],
          [t('payer'), account(cdr.payerAccountId)],
          cdr.trunkId === null
            ? null
            : [
                t('trunk'),
                <Link key="k" href={`/trunks/${cdr.trunkId}`}>
                  {cdr.trunkId}
                </Link>,
              ],
          [t('attempt'), cdr.attempt],
          [
            t('sipCallId'),
            <span key="i" className="row">
              <code>{cdr.sipCallId}</code>
              <Copy text={cdr.sipCallId} />
            </span>,
          ],
          [
            t('cdrId'),
            <span key="u" className="row">
              <code>{cdr.cdrId}</code>
              <Copy text={cdr.cdrId} />
            </span>,
          ],
        ]}
      />
    </section>
  );
}

/** What a price was made of, step by step, as it was worked out then. */
function RatingWorking({
  title,
  amount,
  working,
  children,
}: {
  title: string;
  amount: Amount | null;
  working: Working | null;
  children?: ReactNode;
}): ReactNode {
  const { t, wordOf } = useWords();
  const shown = (name: string, value: unknown): ReactNode => {
    if (typeof value === 'number' && name.endsWith('Micros'))
      return <span className="number ltr">{microsText(BigInt(value))}</span>;
    if (typeof value === 'boolean') return <YesNo value={value} />;
    if (value !== null && typeof value === 'object')
      return <code className="small">{JSON.stringify(value)}</code>;
    if (name === 'minimumApplied') return wordOf('minimum', String(value));
    if (name === 'deckId' || name === 'prefix' || name === 'increments') return <code>{String(value)}</code>;
    return typeof value === 'number' ? <span className="number">{value}</span> : String(value);
  };
  return (
    <section className="sheet">
      <div className="row spread">
        <h2>{title}</h2>
        <strong>
          <Money of={amount} />
        </strong>
      </div>
      {working ? (
        <Facts
          of={Object.entries(working).map(
            ([name, value]) => [wordOf('working', name), shown(name, value)] as const,
          )}
        />
      ) : (
        <p className="soft">{t('notRated')}</p>
      )}
      {children}
    </section>
  );
}

function CarrierCost({ cdr }: { cdr: OneCdr }): ReactNode {
  const { t } = useWords();
  const may = useMay();
  if (!may('costs:read') || cdr.cost === null) return null;
  return (
    <RatingWorking title={t('carrierCost')} amount={cdr.cost} working={cdr.costWorking}>
      <div className="row spread">
        <strong>{t('margin')}</strong>
        <Money of={cdr.margin} />
      </div>
    </RatingWorking>
  );
}

function Quality({ cdr: { quality } }: { cdr: OneCdr }): ReactNode {
  const { t } = useWords();
  if (!quality) return null;
  const all = quality.packetsReceived + quality.packetsLost;
  const lost = all === 0 ? 0 : (quality.packetsLost / all) * 100;
  return (
    <section className="sheet">
      <h2>{t('quality')}</h2>
      <Facts
        of={[
          [
            t('quality.mos'),
            <span key="m" className="number">
              {quality.mos.toFixed(2)}
            </span>,
          ],
          [
            t('quality.loss'),
            <span
              key="l"
              className="number ltr"
            >{`${lost.toFixed(2)} % (${quality.packetsLost}/${all})`}</span>,
          ],
          [
            t('quality.jitter'),
            <span key="j" className="number ltr">{`${quality.jitterMs.toFixed(1)} ms`}</span>,
          ],
        ]}
      />
    </section>
  );
}

function Recordings({ cdr: { recordings } }: { cdr: OneCdr }): ReactNode {
  const { t } = useWords();
  const may = useMay();
  const { accountId } = useSession();
  if (recordings.length === 0) return null;
  return (
    <section className="sheet">
      <h2>{t('recordings')}</h2>
      {recordings.map(({ id, sha256 }) => (
        <div key={id} className="stack-small">
          {(may('recordings:read') || accountId !== null) && (
            // biome-ignore lint: what was said in a room has no captions
            <audio
              controls
              preload="none"
              src={urlOf(`/recordings/${id}/audio.wav`)}
              aria-label={t('recording')}
            />
          )}
          <code className="small">{sha256 ?? t('recording.written')}</code>
        </div>
      ))}
    </section>
  );
}

function Corrections({ cdrId }: { cdrId: string }): ReactNode {
  const { t } = useWords();
  const found = useAnswer<{ corrections: readonly Correction[] }>(`/cdrs/${cdrId}/corrections`);
  const corrections = found.data?.corrections ?? [];
  if (corrections.length === 0) return null;
  return (
    <section className="stack">
      <h2>{t('corrections')}</h2>
      <Table
        name={t('corrections')}
        rows={corrections}
        keyOf={({ reratingId }) => reratingId}
        columns={[
          { label: t('when'), cell: ({ correctedAtMs }) => <Time ms={correctedAtMs} /> },
          { label: t('before'), cell: ({ before }) => <Money of={before} />, isFigure: true },
          { label: t('afterwards'), cell: ({ after }) => <Money of={after} />, isFigure: true },
        ]}
      />
    </section>
  );
}

/** All legs of the call: attempts at carriers, both sides, transfers. */
function LegsOfCall({ cdr }: { cdr: OneCdr }): ReactNode {
  const { t } = useWords();
  const { accountId } = useSession();
  const may = useMay();
  const columns = useCallColumns();
  const query = { call: cdr.callId, ...(may('cdrs:read') ? {} : { account: accountId }) };
  const legs = useList<Cdr>({ path: '/cdrs', rows: 'cdrs', query });
  const others = (legs.data ?? []).filter(({ cdrId }) => cdrId !== cdr.cdrId);
  if (others.length === 0) return null;
  return (
    <section className="stack">
      <h2>{t('legs')}</h2>
      <Table
        name={t('legs')}
        columns={columns}
        rows={others}
        keyOf={({ cdrId }) => cdrId}
        href={({ cdrId }) => `/calls/${cdrId}`}
      />
    </section>
  );
}
