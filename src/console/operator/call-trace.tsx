import type { ReactNode } from 'react';
import { useMay } from '../api/session';
import { useAnswer } from '../api/use-api';
import { useWords } from '../strings/words';
import { Time } from '../ui/format';

type Message = {
  readonly seenAtMs: number;
  readonly way: 'in' | 'out';
  readonly transport: string;
  readonly peer: string;
  readonly startLine: string;
  readonly message: string;
};

/** The SIP of a leg as a ladder: each message with its way, its moment after the first, and its text. */
export function CallTrace({ cdrId }: { cdrId: string }): ReactNode {
  const { t } = useWords();
  const may = useMay();
  const trace = useAnswer<{ messages: readonly Message[] }>(may('cdrs:read') ? `/cdrs/${cdrId}/trace` : null);
  const messages = trace.data?.messages ?? [];
  const [first] = messages;
  if (!first) return null;
  return (
    <section className="stack">
      <h2>{t('trace')}</h2>
      <ol className="ladder sheet">
        {messages.map((message, index) => (
          <li key={`${message.seenAtMs} ${index}`} className={message.way}>
            <details>
              <summary>
                <span className="number ltr soft">{`+${((message.seenAtMs - first.seenAtMs) / 1000).toFixed(3)} s`}</span>
                <span className="arrow" role="img" aria-label={t(`way.${message.way}`)}>
                  {message.way === 'in' ? '⟶' : '⟵'}
                </span>
                <code>{message.startLine}</code>
                <span className="soft small ltr">{`${message.transport.toUpperCase()} ${message.peer}`}</span>
              </summary>
              <Time ms={message.seenAtMs} />
              <pre dir="ltr">{message.message}</pre>
            </details>
          </li>
        ))}
      </ol>
    </section>
  );
}
