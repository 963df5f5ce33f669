import { type ReactNode, useState } from 'react';
import { useWords } from '../strings/words';
import { Digits, Since } from '../ui/format';
import { useContacts } from './contacts';
import { KeyPad } from './key-pad';
import { type PhoneCall, type PhoneFault, phone } from './softphone';
import { useLevels, usePhone } from './use-phone';

/** Every call of this page's telephone, with what can be done with it. */
export function CallsInHand(): ReactNode {
  const { calls, fault } = usePhone();
  return (
    <>
      {fault && calls.length === 0 && <Fault fault={fault} />}
      {calls.map((call) => (
        <CallInHand key={call.id} call={call} others={calls.filter(({ id }) => id !== call.id)} />
      ))}
    </>
  );
}

/** Why a call did not come about, in words that say what to do. */
export function Fault({ fault }: { fault: PhoneFault }): ReactNode {
  const { t } = useWords();
  return (
    <div className="note warn" role="alert">
      <strong>
        {t('phone.notReached')} <Digits>{fault.who}</Digits>
      </strong>
      <span>{t(`phone.why.${reasonOf(fault)}`)}</span>
    </div>
  );
}

export type FaultReason =
  | 'busy'
  | 'none'
  | 'declined'
  | 'unknown'
  | 'credit'
  | 'microphone'
  | 'network'
  | 'failed';

const REASONS: Readonly<Record<number, FaultReason>> = {
  402: 'credit',
  403: 'failed',
  404: 'unknown',
  408: 'none',
  480: 'none',
  484: 'unknown',
  486: 'busy',
  487: 'none',
  600: 'busy',
  603: 'declined',
  604: 'unknown',
};

/** What an end of JsSIP or a status of SIP means to a person. */
export function reasonOf({ cause, status }: Pick<PhoneFault, 'cause' | 'status'>): FaultReason {
  const known = status === null ? undefined : REASONS[status];
  if (known) return known;
  if (cause === 'User Denied Media Access' || cause === 'WebRTC Error') return 'microphone';
  if (cause === 'Connection Error' || cause === 'Request Timeout' || cause === 'RTP Timeout')
    return 'network';
  if (cause === 'Busy') return 'busy';
  if (cause === 'Rejected') return 'declined';
  return cause === 'No Answer' ? 'none' : 'failed';
}

function CallInHand({ call, others }: { call: PhoneCall; others: readonly PhoneCall[] }): ReactNode {
  const { t } = useWords();
  const { nameOf } = useContacts();
  const isRinging = call.state === 'ringing';
  return (
    <section className={`sheet call-in-hand${isRinging ? ' rings' : ''}`} aria-label={t('phone.call')}>
      <div className="row spread">
        <div className="stack-small">
          <h2>
            <bdi dir="auto">{nameOf(call.who) ?? call.who}</bdi>
          </h2>
          <p className="soft" role="status">
            {call.isHeld ? t('phone.held') : t(`phone.${call.state}`)}
          </p>
        </div>
        {call.sinceMs !== null && (
          <span className="big">
            <Since ms={call.sinceMs} />
          </span>
        )}
      </div>
      {call.state === 'talking' && <Meters callId={call.id} />}
      <div className="row">
        {isRinging && (
          <button type="button" className="primary" autoFocus onClick={() => phone.answer(call.id)}>
            {t('phone.answer')}
          </button>
        )}
        {call.state === 'talking' && <WhileTalking call={call} others={others} />}
        <button type="button" className="danger" onClick={() => phone.hangUp(call.id)}>
          {isRinging ? t('phone.decline') : t('phone.hangUp')}
        </button>
      </div>
    </section>
  );
}

function WhileTalking({ call, others }: { call: PhoneCall; others: readonly PhoneCall[] }): ReactNode {
  const { t } = useWords();
  const [panel, setPanel] = useState<'keys' | 'transfer' | null>(null);
  const [to, setTo] = useState('');
  const toggle = (wanted: 'keys' | 'transfer') => setPanel(panel === wanted ? null : wanted);
  return (
    <>
      <button type="button" aria-pressed={call.isMuted} onClick={() => phone.mute(call.id, !call.isMuted)}>
        {call.isMuted ? t('unmute') : t('mute')}
      </button>
      <button type="button" aria-pressed={call.isHeld} onClick={() => phone.hold(call.id, !call.isHeld)}>
        {call.isHeld ? t('phone.resume') : t('phone.hold')}
      </button>
      <button type="button" aria-expanded={panel === 'keys'} onClick={() => toggle('keys')}>
        {t('phone.keys')}
      </button>
      <button type="button" aria-expanded={panel === 'transfer'} onClick={() => toggle('transfer')}>
        {t('phone.transfer')}
      </button>
      {panel === 'keys' && <KeyPad onKey={(key) => phone.keys(call.id, key)} />}
      {panel === 'transfer' && (
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            if (to.trim() !== '') phone.transfer(call.id, { number: to.trim() });
            setPanel(null);
          }}
        >
          <input
            aria-label={t('phone.transferTo')}
            placeholder={t('phone.transferTo')}
            dir="ltr"
            value={to}
            onChange={(event) => setTo(event.target.value)}
          />
          <button type="submit" className="primary">
            {t('phone.transfer')}
          </button>
          {others.map((other) => (
            <button
              key={other.id}
              type="button"
              onClick={() => phone.transfer(call.id, { callId: other.id })}
            >
              {t('phone.joinWith', { who: other.who })}
            </button>
          ))}
        </form>
      )}
    </>
  );
}

/** Both sides' loudness, and what is lost on the way. */
export function Meters({ callId }: { callId: string }): ReactNode {
  const { t } = useWords();
  const levels = useLevels(callId);
  return (
    <dl className="meters">
      <dt>{t('phone.you')}</dt>
      <dd>
        <meter min={0} max={1} value={loudness(levels?.mine)} aria-label={t('phone.you')} />
      </dd>
      <dt>{t('phone.them')}</dt>
      <dd>
        <meter min={0} max={1} value={loudness(levels?.theirs)} aria-label={t('phone.them')} />
      </dd>
      {levels && levels.packetsReceived > 0 && (
        <>
          <dt>{t('phone.line')}</dt>
          <dd className="small soft">
            {t('phone.lineSays', {
              lost: ((100 * levels.packetsLost) / (levels.packetsReceived + levels.packetsLost)).toFixed(1),
              jitter: levels.jitterMs,
            })}
          </dd>
        </>
      )}
    </dl>
  );
}

/** Loudness as ears have it: speech is a few hundredths of full scale. */
function loudness(level: number | undefined): number {
  return Math.min(1, Math.sqrt(level ?? 0) * 1.3);
}
