import { NotFound } from '../kernel/app-error';
import { integer, type Row, type Sql, text } from '../kernel/unit-of-work';

/** What files of others bring. */
export const FORM_KINDS = ['rates', 'cdrs'] as const;

export type FormKind = (typeof FORM_KINDS)[number];

/** How somebody writes files down, kept under a name. What the form says, the feature that reads such files knows. */
export type KeptForm = {
  readonly kind: FormKind;
  readonly name: string;
  readonly form: unknown;
  readonly changedAtMs: number;
};

/** Keeps a form under its name, in the place of what was kept there. */
export async function keepForm(sql: Sql, kept: KeptForm): Promise<void> {
  await sql.run('DELETE FROM import_forms WHERE kind = ? AND name = ?', [kept.kind, kept.name]);
  await sql.run('INSERT INTO import_forms (kind, name, form, changed_at_ms) VALUES (?, ?, ?, ?)', [
    kept.kind,
    kept.name,
    JSON.stringify(kept.form),
    kept.changedAtMs,
  ]);
}

/** @throws NotFound */
export async function readForm(sql: Sql, kind: FormKind, name: string): Promise<KeptForm> {
  const [row] = await sql.all(
    'SELECT kind, name, form, changed_at_ms FROM import_forms WHERE kind = ? AND name = ?',
    [kind, name],
  );
  if (!row) throw new NotFound(`form of ${kind}`, name);
  return toForm(row);
}

/** Forms of a kind by name, from behind `after` on (null: from the first). */
export async function listForms(
  sql: Sql,
  kind: FormKind,
  page: { readonly after: string | null; readonly limit: number },
): Promise<readonly KeptForm[]> {
  const rows = await sql.all(
    'SELECT kind, name, form, changed_at_ms FROM import_forms WHERE kind = ? AND name > ? ORDER BY name LIMIT ?',
    [kind, page.after ?? '', page.limit],
  );
  return rows.map(toForm);
}

/** Forgets a form; files read by it stay as they were read. @throws NotFound */
export async function forgetForm(sql: Sql, kind: FormKind, name: string): Promise<void> {
  const gone = await sql.run('DELETE FROM import_forms WHERE kind = ? AND name = ?', [kind, name]);
  if (gone === 0) throw new NotFound(`form of ${kind}`, name);
}

function toForm(row: Row): KeptForm {
  return {
    kind: text(row.kind) as FormKind,
    name: text(row.name),
    form: JSON.parse(text(row.form)) as unknown,
    changedAtMs: integer(row.changed_at_ms),
  };
}
