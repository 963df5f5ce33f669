import { type FormEvent, type ReactNode, useState } from 'react';
import { useSearchParams } from 'wouter';
import { useWords } from '../strings/words';
import { Field, type FieldSpec } from './form';

/** What most searches use; the rest unfolds. */
const ALWAYS_SHOWN = 4;

/** The values of the filters in the address, as the API takes them: the address of a search can be sent to somebody. */
export function useFilters(fields: readonly FieldSpec[]): Readonly<Record<string, string>> {
  const [parameters] = useSearchParams();
  return Object.fromEntries(
    fields.flatMap(({ name, kind }) => {
      const value = parameters.get(name);
      if (!value) return [];
      return [[name, kind === 'time' ? new Date(value).toISOString() : value]];
    }),
  );
}

/** Filters as a form; what is chosen stands in the address. */
export function Filters({
  fields,
  children,
}: {
  fields: readonly FieldSpec[];
  children?: ReactNode;
}): ReactNode {
  const [parameters] = useSearchParams();
  // A new address, by a saved view or the browser's back, fills the form anew.
  return (
    <FilterForm key={parameters.toString()} fields={fields}>
      {children}
    </FilterForm>
  );
}

function FilterForm({ fields, children }: { fields: readonly FieldSpec[]; children?: ReactNode }): ReactNode {
  const { t } = useWords();
  const [parameters, setParameters] = useSearchParams();
  const [values, setValues] = useState(() =>
    Object.fromEntries(fields.map(({ name }) => [name, parameters.get(name) ?? ''])),
  );
  const names = new Set(fields.map(({ name }) => name));
  const others = [...parameters].filter(([name]) => !names.has(name));
  const further = fields.slice(ALWAYS_SHOWN);
  const field = (spec: FieldSpec) => (
    <Field
      key={spec.name}
      spec={
        spec.kind === 'choice' && spec.choices?.[0]?.[0] !== ''
          ? { ...spec, choices: [['', t('any')], ...(spec.choices ?? [])] }
          : spec
      }
      value={values[spec.name] ?? ''}
      onChange={(value) => setValues((before) => ({ ...before, [spec.name]: String(value) }))}
    />
  );
  const apply = (event: FormEvent) => {
    event.preventDefault();
    setParameters(
      new URLSearchParams([...others, ...Object.entries(values).filter(([, value]) => value !== '')]),
    );
  };
  return (
    <form className="filters sheet" onSubmit={apply}>
      {fields.slice(0, ALWAYS_SHOWN).map(field)}
      {further.length > 0 && (
        <details open={further.some(({ name }) => parameters.get(name))}>
          <summary>{t('moreFilters')}</summary>
          <div className="filters">{further.map(field)}</div>
        </details>
      )}
      <div className="row">
        <button type="submit" className="primary">
          {t('search')}
        </button>
        <button type="button" onClick={() => setParameters(new URLSearchParams(others))}>
          {t('clear')}
        </button>
        {children}
      </div>
    </form>
  );
}
