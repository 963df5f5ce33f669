import type { ReactNode } from 'react';
import { Problem } from '../api/client';
import { useWords } from '../strings/words';
import { Form } from './form';
import { Skeleton, useProblemText } from './states';

/** Something could not be read: why, and a way to try again. */
export function Failed({ problem, retry }: { problem: Error; retry?: () => void }): ReactNode {
  const { t } = useWords();
  const text = useProblemText();
  if (problem instanceof Problem && problem.code === 'reason-needed') return <ReasonNeeded />;
  return (
    <div className="note bad" role="alert">
      <strong>{t('problem.title')}</strong>
      <span>{text(problem)}</span>
      {retry && (
        <div>
          <button type="button" onClick={retry}>
            {t('tryAgain')}
          </button>
        </div>
      )}
    </div>
  );
}

/** Shows what was asked for, or why it is not there. */
export function Loaded<T>({
  of,
  children,
}: {
  of: { data: T | undefined; error: Error | null; refetch: () => unknown };
  children: (data: T) => ReactNode;
}): ReactNode {
  if (of.data !== undefined) return children(of.data);
  if (of.error) return <Failed problem={of.error} retry={() => void of.refetch()} />;
  return <Skeleton />;
}

/** Staff says what it looks at things of people for; then what was asked for is read again. */
function ReasonNeeded(): ReactNode {
  const { t } = useWords();
  return (
    <section className="sheet reason">
      <h2>{t('reasonNeeded')}</h2>
      <Form
        fields={[
          { name: 'reason', label: t('reason'), isRequired: true, help: t('reasonNeeded.help') },
          { name: 'subject', label: t('subject'), help: t('reasonNeeded.subject') },
        ]}
        wish={(body) => ({ path: '/session/reason', method: 'POST', body })}
        submit={t('continue')}
        onDone={() => undefined}
      />
    </section>
  );
}
