import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { Problem } from '../api/client';
import { after } from '../clock';
import { useWords } from '../strings/words';

const TOAST_MS = 5_000;
const COPIED_MS = 1_500;

/** What stands in the place of something that is on its way. */
export function Skeleton({ lines = 5 }: { lines?: number }): ReactNode {
  const { t } = useWords();
  return (
    <div className="skeleton" role="status">
      <b className="visually-hidden">{t('loading')}</b>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  );
}

/** A list without anything in it: what belongs here, and how it gets here. */
export function Empty({ title, children }: { title?: string; children?: ReactNode }): ReactNode {
  const { t } = useWords();
  return (
    <div className="empty">
      <strong>{title ?? t('nothingHere')}</strong>
      {children}
    </div>
  );
}

/** What a problem is called for people. */
export function useProblemText(): (problem: Error) => string {
  const { t } = useWords();
  return (problem) => {
    if (!(problem instanceof Problem)) return t('problem.fault');
    if (problem.status === 0) return t('problem.unreachable');
    if (problem.status === 403) return `${t('problem.forbidden')} ${problem.message}`;
    if (problem.status === 404) return t('problem.notFound');
    if (problem.status >= 500 && problem.code === '') return t('problem.fault');
    return problem.message;
  };
}

const ToastContext = createContext<(text: string) => void>(() => undefined);

/** Says briefly that something was done. */
export function useToast(): (text: string) => void {
  return useContext(ToastContext);
}

export function Toasts({ children }: { children: ReactNode }): ReactNode {
  const [toasts, setToasts] = useState<readonly { id: number; text: string }[]>([]);
  const last = useRef(0);
  const say = useCallback((text: string) => {
    const id = ++last.current;
    setToasts((before) => [...before, { id, text }]);
    after(TOAST_MS, () => setToasts((before) => before.filter((toast) => toast.id !== id)));
  }, []);
  return (
    <ToastContext.Provider value={say}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map(({ id, text }) => (
          <div className="toast" key={id}>
            {text}
          </div>
        ))}
      </div>
    </ToastContext.Provider>
  );
}

/** Puts a text on the clipboard. */
export function Copy({ text }: { text: string }): ReactNode {
  const { t } = useWords();
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className="tiny"
      onClick={() => {
        void navigator.clipboard?.writeText(text).then(() => {
          setCopied(true);
          after(COPIED_MS, () => setCopied(false));
        });
      }}
    >
      {copied ? t('copied') : t('copy')}
    </button>
  );
}

/** Names the page for the window and for those who do not see it. */
export function PageHead({
  title,
  says,
  children,
}: {
  title: string;
  says?: ReactNode;
  children?: ReactNode;
}): ReactNode {
  useEffect(() => {
    document.title = `${title} · 123-voip`;
  }, [title]);
  const actions = useMemo(() => children, [children]);
  return (
    <div className="page-head">
      <div>
        <h1>{title}</h1>
        {says && <p className="soft">{says}</p>}
      </div>
      {actions && <div className="row">{actions}</div>}
    </div>
  );
}
