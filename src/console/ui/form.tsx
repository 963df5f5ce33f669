import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { Fault, Problem, Wish } from '../api/client';
import { useChange } from '../api/use-api';
import { useWords } from '../strings/words';
import { useProblemText, useToast } from './states';

/** How a value of a form is asked for, and how it is sent. */
export type FieldSpec = {
  /** Its place in what is sent; a point leads into an object: rules.lobby. */
  readonly name: string;
  readonly label: string;
  readonly kind?:
    | 'text'
    | 'number'
    | 'choice'
    | 'time'
    | 'time-ms'
    | 'check'
    | 'area'
    | 'password'
    | 'list'
    | 'date'
    | 'mail'
    | 'tel'
    | 'code';
  readonly choices?: readonly (readonly [value: string, label: string])[];
  readonly value?: string | number | boolean | null;
  readonly help?: string;
  readonly isRequired?: boolean;
  /** An emptied field is sent as null instead of being left out. */
  readonly canBeNull?: boolean;
  readonly autoComplete?: string;
};

type Values = Readonly<Record<string, string | boolean>>;

function startValues(fields: readonly FieldSpec[]): Values {
  return Object.fromEntries(
    fields.map(({ name, kind, value, choices }) => {
      if (kind === 'check') return [name, value === true];
      if (kind === 'time' && typeof value === 'number') return [name, localTime(value)];
      return [name, String(value ?? (kind === 'choice' ? (choices?.[0]?.[0] ?? '') : ''))];
    }),
  );
}

function localTime(ms: number): string {
  const date = new Date(ms);
  return new Date(ms - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The values as the API takes them. */
function bodyOf(fields: readonly FieldSpec[], values: Values): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const { name, kind, canBeNull } of fields) {
    const value = values[name] ?? '';
    if (value === '' && !canBeNull) continue;
    const [head = name, tail] = name.split('.');
    const sent = value === '' ? null : sendable(kind, value);
    if (tail === undefined) body[head] = sent;
    else body[head] = { ...(body[head] as object | undefined), [tail]: sent };
  }
  return body;
}

function sendable(kind: FieldSpec['kind'], value: string | boolean): unknown {
  if (typeof value === 'boolean') return value;
  if (kind === 'number') return Number(value);
  if (kind === 'time') return new Date(value).toISOString();
  if (kind === 'time-ms') return new Date(value).getTime();
  if (kind === 'list') return value.split(/[\s,;]+/).filter((part) => part !== '');
  // People write numbers with spaces, hyphens and brackets; none of them says anything.
  if (kind === 'tel') return value.replaceAll(/[\s()/-]/g, '');
  return kind === 'password' ? value : value.trim();
}

/** The fault of a field: the API names it with its part of the request before it. */
function faultOf(faults: readonly Fault[], name: string): Fault | undefined {
  return faults.find(({ field }) => field.replace(/^(body|query|path)\./, '') === name || field === name);
}

export function Field({
  spec,
  value,
  fault,
  onChange,
}: {
  spec: FieldSpec;
  value: string | boolean;
  fault?: Fault | undefined;
  onChange: (value: string | boolean) => void;
}): ReactNode {
  const id = useId();
  const { kind = 'text', help } = spec;
  const described = [help ? `${id}-help` : '', fault ? `${id}-fault` : ''].filter(Boolean).join(' ');
  const shared = {
    id,
    name: spec.name,
    required: spec.isRequired,
    'aria-invalid': fault ? true : undefined,
    'aria-describedby': described || undefined,
  };
  const text = String(value);
  const change = (event: { target: { value: string } }) => onChange(event.target.value);
  const below = (
    <>
      {help && (
        <span className="help" id={`${id}-help`}>
          {help}
        </span>
      )}
      {fault && (
        <span className="fault" id={`${id}-fault`}>
          {[fault.problem, fault.remedy].filter(Boolean).join('; ')}
        </span>
      )}
    </>
  );
  if (kind === 'check')
    return (
      <div className="field">
        <label className="check">
          <input
            {...shared}
            type="checkbox"
            checked={value === true}
            onChange={(event) => onChange(event.target.checked)}
          />
          {spec.label}
        </label>
        {below}
      </div>
    );
  return (
    <div className="field">
      <label htmlFor={id}>{spec.label}</label>
      {kind === 'choice' ? (
        <select {...shared} value={text} onChange={change}>
          {spec.choices?.map(([choice, label]) => (
            <option key={choice} value={choice}>
              {label}
            </option>
          ))}
        </select>
      ) : kind === 'area' || kind === 'list' ? (
        <textarea {...shared} value={text} onChange={change} />
      ) : (
        <input
          {...shared}
          {...inputOf(kind)}
          autoComplete={spec.autoComplete ?? 'off'}
          value={text}
          onChange={change}
        />
      )}
      {below}
    </div>
  );
}

function inputOf(kind: FieldSpec['kind']): Record<string, string> {
  switch (kind) {
    case 'number':
      return { type: 'number', inputMode: 'numeric', step: 'any' };
    case 'time':
    case 'time-ms':
      return { type: 'datetime-local' };
    case 'date':
      return { type: 'date' };
    case 'mail':
      return { type: 'email' };
    case 'tel':
      return { type: 'tel', dir: 'ltr' };
    case 'code':
      return { type: 'text', inputMode: 'numeric', dir: 'ltr' };
    case 'password':
      return { type: 'password', dir: 'ltr' };
    default:
      return { type: 'text', dir: 'auto' };
  }
}

/** A form that sends one request; what the API refuses stands at the field it names. `wish` gives the request for the values. */
export function Form<Answer = unknown>({
  fields,
  wish,
  submit,
  onDone,
  onCancel,
  isDangerous,
  children,
  below,
}: {
  fields: readonly FieldSpec[];
  wish: (body: Record<string, unknown>) => { path: string } & Wish;
  submit: string;
  onDone: (answer: Answer) => void;
  onCancel?: (() => void) | undefined;
  isDangerous?: boolean | undefined;
  children?: ReactNode;
  /** Between the fields and the button. */
  below?: ReactNode;
}): ReactNode {
  const { t } = useWords();
  const [values, setValues] = useState<Values>(() => startValues(fields));
  const change = useChange<Answer, Record<string, unknown>>(wish, onDone);
  const faults = change.error?.faults ?? [];
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (!change.isPending) change.mutate(bodyOf(fields, values));
  };
  return (
    <form onSubmit={send} className="fields">
      {children}
      {fields.map((spec) => (
        <Field
          key={spec.name}
          spec={spec}
          value={values[spec.name] ?? ''}
          fault={faultOf(faults, spec.name)}
          onChange={(value) => setValues((before) => ({ ...before, [spec.name]: value }))}
        />
      ))}
      {below}
      {change.error && <FormProblem problem={change.error} fields={fields} />}
      <div className="row">
        <button
          className={`primary${isDangerous ? ' danger' : ''}`}
          type="submit"
          disabled={change.isPending}
        >
          {change.isPending ? t('working') : submit}
        </button>
        {onCancel && (
          <button type="button" onClick={onCancel}>
            {t('cancel')}
          </button>
        )}
      </div>
    </form>
  );
}

/** What is wrong with the request as a whole, and faults of fields that the form does not show. */
function FormProblem({ problem, fields }: { problem: Problem; fields: readonly FieldSpec[] }): ReactNode {
  const text = useProblemText();
  const elsewhere = problem.faults.filter((fault) => !fields.some(({ name }) => faultOf([fault], name)));
  if (problem.faults.length > 0 && elsewhere.length === 0) return null;
  return (
    <p className="fault" role="alert">
      {elsewhere.length > 0
        ? elsewhere
            .map(({ field, problem, remedy }) => [`${field}: ${problem}`, remedy].filter(Boolean).join('; '))
            .join(' · ')
        : text(problem)}
    </p>
  );
}

/** A native dialog, open as long as it is shown. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ReactNode;
}): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    ref.current?.showModal();
  }, []);
  return (
    <dialog ref={ref} aria-labelledby={id} onClose={onClose}>
      <div>
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

/** A button that asks what it needs to know in a dialog, does it, and shows what is told once. */
export function Action<Answer = unknown>({
  label,
  title,
  says,
  fields = [],
  wish,
  done,
  result,
  onDone,
  isPrimary,
  isDangerous,
  isTiny,
}: {
  label: string;
  title?: string;
  /** What follows; for a question whether he means it. */
  says?: ReactNode;
  fields?: readonly FieldSpec[];
  wish: (body: Record<string, unknown>) => { path: string } & Wish;
  /** Said when it is done. */
  done?: string;
  /** Shown in the dialog afterwards instead of closing it: for secrets that are told once. */
  result?: (answer: Answer) => ReactNode;
  onDone?: (answer: Answer) => void;
  isPrimary?: boolean;
  isDangerous?: boolean;
  isTiny?: boolean;
}): ReactNode {
  const { t } = useWords();
  const toast = useToast();
  const [isOpen, setOpen] = useState(false);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const close = () => {
    setOpen(false);
    setAnswer(null);
  };
  return (
    <>
      <button
        type="button"
        className={[isPrimary && 'primary', isDangerous && 'danger', isTiny && 'tiny']
          .filter(Boolean)
          .join(' ')}
        onClick={() => setOpen(true)}
      >
        {label}
      </button>
      {isOpen && (
        <Dialog title={title ?? label} onClose={close}>
          {answer !== null && result ? (
            <>
              {result(answer)}
              <div>
                <button type="button" className="primary" onClick={close}>
                  {t('close')}
                </button>
              </div>
            </>
          ) : (
            <Form<Answer>
              fields={fields}
              wish={wish}
              submit={label}
              isDangerous={isDangerous}
              onCancel={close}
              onDone={(given) => {
                onDone?.(given);
                if (result) {
                  setAnswer(given);
                  return;
                }
                toast(done ?? t('done'));
                close();
              }}
            >
              {says && <p>{says}</p>}
            </Form>
          )}
        </Dialog>
      )}
    </>
  );
}
