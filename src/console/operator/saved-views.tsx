import { type ReactNode, useState } from 'react';
import { useSearchParams } from 'wouter';
import { useWords } from '../strings/words';
import { Dialog } from '../ui/form';

const STORED_AS = 'console-call-views';
const MAX_VIEWS = 20;
const MAX_NAME = 40;

type View = { readonly name: string; readonly search: string };

function storedViews(): readonly View[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(STORED_AS) ?? '[]');
    return Array.isArray(found) ? (found as readonly View[]) : [];
  } catch {
    return [];
  }
}

/** Searches kept in this browser under a name. */
export function SavedViews(): ReactNode {
  const { t } = useWords();
  const [parameters, setParameters] = useSearchParams();
  const [views, setViews] = useState(storedViews);
  const [isNaming, setNaming] = useState(false);
  const [name, setName] = useState('');
  const search = parameters.toString();
  const here = views.find((view) => view.search === search);
  const keep = (kept: readonly View[]) => {
    localStorage.setItem(STORED_AS, JSON.stringify(kept));
    setViews(kept);
  };
  return (
    <>
      {views.length > 0 && (
        <select
          aria-label={t('views')}
          value={here?.search ?? ''}
          onChange={({ target }) => setParameters(new URLSearchParams(target.value))}
        >
          <option value="">{t('views')}</option>
          {views.map((view) => (
            <option key={view.name} value={view.search}>
              {view.name}
            </option>
          ))}
        </select>
      )}
      {here ? (
        <button type="button" onClick={() => keep(views.filter((view) => view !== here))}>
          {t('views.forget')}
        </button>
      ) : (
        search !== '' && (
          <button type="button" onClick={() => setNaming(true)}>
            {t('views.keep')}
          </button>
        )
      )}
      {isNaming && (
        <Dialog title={t('views.keep')} onClose={() => setNaming(false)}>
          <form
            className="fields"
            onSubmit={(event) => {
              event.preventDefault();
              keep([...views.filter((view) => view.name !== name), { name, search }].slice(-MAX_VIEWS));
              setNaming(false);
            }}
          >
            <div className="field">
              <label htmlFor="view-name">{t('name')}</label>
              <input
                id="view-name"
                required
                maxLength={MAX_NAME}
                value={name}
                onChange={({ target }) => setName(target.value)}
              />
            </div>
            <div className="row">
              <button type="submit" className="primary">
                {t('save')}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
