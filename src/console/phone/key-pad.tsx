import type { ReactNode } from 'react';
import { useWords } from '../strings/words';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const;

/** The twelve keys of a telephone, from left to right in every language. */
export function KeyPad({ onKey }: { onKey: (key: string) => void }): ReactNode {
  const { t } = useWords();
  return (
    <div className="key-pad" role="group" aria-label={t('phone.keys')} dir="ltr">
      {KEYS.map((key) => (
        <button type="button" key={key} onClick={() => onKey(key)}>
          {key}
        </button>
      ))}
    </div>
  );
}
