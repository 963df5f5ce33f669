import { type ReactNode, useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import { every } from '../clock';
import { useWords } from '../strings/words';
import { Since } from '../ui/format';
import { useContacts } from './contacts';
import { phone } from './softphone';
import { usePhone } from './use-phone';

const RING_EVERY_MS = 3_000;

/** A call that comes in or goes on while another page is looked at. */
export function CallBar(): ReactNode {
  const { t } = useWords();
  const { calls } = usePhone();
  const { nameOf } = useContacts();
  const [location] = useLocation();
  const ringing = calls.find(({ state }) => state === 'ringing');
  useRing(ringing !== undefined && !calls.some(({ state }) => state === 'talking'));
  const [call] = ringing ? [ringing] : calls;
  if (!call || location === '/phone') return null;
  return (
    <div className="call-bar" role={call === ringing ? 'alert' : 'status'}>
      <strong>
        <bdi dir="auto">{nameOf(call.who) ?? call.who}</bdi>
      </strong>
      <span>{call.sinceMs === null ? t(`phone.${call.state}`) : <Since ms={call.sinceMs} />}</span>
      {call === ringing && (
        <button type="button" className="primary" onClick={() => phone.answer(call.id)}>
          {t('phone.answer')}
        </button>
      )}
      <button type="button" className="danger" onClick={() => phone.hangUp(call.id)}>
        {call === ringing ? t('phone.decline') : t('phone.hangUp')}
      </button>
      <Link href="/phone">{t('nav.phone')}</Link>
    </div>
  );
}

/** Rings: two tones as European bells of telephones have them. A browser that was not touched yet may stay silent. */
function useRing(isRinging: boolean): void {
  useEffect(() => {
    if (!isRinging) return undefined;
    const context = new AudioContext();
    const ring = () => {
      for (const frequency of [425, 480]) {
        const oscillator = context.createOscillator();
        const gain = context.createGain();
        oscillator.frequency.value = frequency;
        gain.gain.value = 0.05;
        oscillator.connect(gain).connect(context.destination);
        oscillator.start();
        oscillator.stop(context.currentTime + 1);
      }
    };
    ring();
    const stop = every(RING_EVERY_MS, ring);
    return () => {
      stop();
      void context.close();
    };
  }, [isRinging]);
}
