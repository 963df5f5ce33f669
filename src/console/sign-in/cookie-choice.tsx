import type { ReactNode } from 'react';
import { useAnswer, useChange } from '../api/use-api';
import { useWords } from '../strings/words';

/** Asks a visitor once whether his use may be analysed; both answers are as easy. */
export function CookieChoice(): ReactNode {
  const { t } = useWords();
  const choice = useAnswer<{ analysis: boolean | null }>('/cookie-choice');
  const choose = useChange<unknown, boolean>((analysis) => ({
    path: '/cookie-choice',
    method: 'POST',
    body: { analysis },
  }));
  if (!choice.data || choice.data.analysis !== null) return null;
  return (
    <section className="cookie sheet" aria-label={t('cookies.title')}>
      <p>{t('cookies.says')}</p>
      <div className="row">
        <button type="button" disabled={choose.isPending} onClick={() => choose.mutate(false)}>
          {t('cookies.needed')}
        </button>
        <button type="button" disabled={choose.isPending} onClick={() => choose.mutate(true)}>
          {t('cookies.allow')}
        </button>
      </div>
    </section>
  );
}
