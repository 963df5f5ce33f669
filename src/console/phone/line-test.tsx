import { type ReactNode, useState } from 'react';
import { after } from '../clock';
import { useWords } from '../strings/words';
import { phone, type PhoneCall } from './softphone';
import { keptDevices, usePhone } from './use-phone';

/** The platform's echo: what is said comes back. */
const ECHO = '*43';
const ANSWER_LIMIT_MS = 12_000;
const LISTEN_MS = 4_000;
const LOOK_MS = 200;
/** Fifty packets a second; some may be lost, but not most. */
const FEWEST_PACKETS = 50;

const STEPS = ['microphone', 'connection', 'answer', 'sound'] as const;
type Step = (typeof STEPS)[number];
type Outcome = 'waiting' | 'running' | 'good' | 'bad';

/** Tries the line before a call and names what is wrong: the microphone, the connection, the call or the sound. */
export function LineTest(): ReactNode {
  const { t } = useWords();
  const { link } = usePhone();
  const [outcomes, setOutcomes] = useState<Readonly<Record<Step, Outcome>> | null>(null);
  const [isRunning, setRunning] = useState(false);
  const run = async () => {
    setRunning(true);
    let known: Record<Step, Outcome> = {
      microphone: 'waiting',
      connection: 'waiting',
      answer: 'waiting',
      sound: 'waiting',
    };
    for (const step of STEPS) {
      known = { ...known, [step]: 'running' };
      setOutcomes(known);
      const isGood = await TESTS[step]().catch(() => false);
      known = { ...known, [step]: isGood ? 'good' : 'bad' };
      setOutcomes(known);
      if (!isGood) break;
    }
    for (const { id, who } of phone.state().calls) if (who === ECHO) phone.hangUp(id);
    setRunning(false);
  };
  const failed = outcomes && STEPS.find((step) => outcomes[step] === 'bad');
  return (
    <div className="stack-small">
      <button type="button" disabled={isRunning || link === 'off'} onClick={() => void run()}>
        {isRunning ? t('working') : t('lineTest.run')}
      </button>
      {link === 'off' && <p className="help">{t('phone.switchOnFirst')}</p>}
      {outcomes && (
        <ol className="stack-small" aria-live="polite">
          {STEPS.map((step) => (
            <li key={step} className="row spread">
              <span>{t(`lineTest.${step}`)}</span>
              <span className={`badge ${TONES[outcomes[step]]}`}>{t(`lineTest.is.${outcomes[step]}`)}</span>
            </li>
          ))}
        </ol>
      )}
      {failed && (
        <p className="note bad" role="alert">
          {t(`lineTest.fault.${failed}`)}
        </p>
      )}
      {outcomes?.sound === 'good' && <p className="note good">{t('lineTest.allGood')}</p>}
    </div>
  );
}

const TONES: Readonly<Record<Outcome, string>> = { waiting: '', running: 'accent', good: 'good', bad: 'bad' };

const TESTS: Readonly<Record<Step, () => Promise<boolean>>> = {
  microphone: async () => {
    const { microphone } = keptDevices();
    const audio = microphone === null ? true : { deviceId: { exact: microphone } };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    const isLive = stream.getAudioTracks().some(({ readyState, muted }) => readyState === 'live' && !muted);
    for (const track of stream.getTracks()) track.stop();
    return isLive;
  },
  connection: () => comesTrue(() => phone.state().link === 'ready', ANSWER_LIMIT_MS),
  answer: () => {
    phone.call(ECHO);
    return comesTrue(() => echoCall()?.state === 'talking', ANSWER_LIMIT_MS);
  },
  sound: async () => {
    const call = echoCall();
    if (!call) return false;
    await pause(LISTEN_MS);
    const levels = await phone.levels(call.id);
    return (levels?.packetsReceived ?? 0) >= FEWEST_PACKETS;
  },
};

function echoCall(): PhoneCall | undefined {
  return phone.state().calls.find(({ who }) => who === ECHO);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    after(ms, resolve);
  });
}

/** Whether something comes about in time; a call that has ended meanwhile cannot. */
async function comesTrue(holds: () => boolean, limitMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += LOOK_MS) {
    if (holds()) return true;
    await pause(LOOK_MS);
  }
  return false;
}
