import { NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { DuplicateKey, integer, integerOrNull, type Row, type Sql, text } from '../../kernel/unit-of-work';

/** Something an account is told in the application. */
export type Notice = {
  readonly id: string;
  readonly accountId: string;
  readonly kind: string;
  readonly title: string;
  readonly body: string;
  readonly createdAtMs: number;
  readonly readAtMs: number | null;
};

/** Tells an account something, once for its key. */
export async function addNotice(
  sql: Sql,
  notice: Pick<Notice, 'accountId' | 'kind' | 'title' | 'body'> & {
    readonly key: string;
    readonly nowMs: number;
  },
): Promise<void> {
  try {
    await sql.run(
      'INSERT INTO notices (id, notice_key, account_id, kind, title, body, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
      [
        newId(notice.nowMs),
        notice.key,
        notice.accountId,
        notice.kind,
        notice.title,
        notice.body,
        notice.nowMs,
      ],
    );
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
}

export type NoticePosition = { readonly createdAtMs: number; readonly id: string };

/** A page of an account's notices, the newest first. */
export async function listNotices(
  sql: Sql,
  page: { readonly accountId: string; readonly after: NoticePosition | null; readonly limit: number },
): Promise<readonly Notice[]> {
  const { accountId, after, limit } = page;
  const rows = await sql.all(
    `SELECT * FROM notices WHERE account_id = ? ${after ? 'AND created_at_ms <= ? AND (created_at_ms < ? OR id < ?)' : ''}
     ORDER BY created_at_ms DESC, id DESC LIMIT ?`,
    [accountId, ...(after ? [after.createdAtMs, after.createdAtMs, after.id] : []), limit],
  );
  return rows.map(toNotice);
}

/** Whose notice it is. @throws NotFound */
export async function accountOfNotice(sql: Sql, noticeId: string): Promise<string> {
  const [row] = await sql.all('SELECT account_id FROM notices WHERE id = ?', [noticeId]);
  if (!row) throw new NotFound('notice', noticeId);
  return text(row.account_id);
}

/** Marks a notice as read; the first time counts. @throws NotFound */
export async function readNotice(sql: Sql, noticeId: string, nowMs: number): Promise<Notice> {
  await sql.run('UPDATE notices SET read_at_ms = ? WHERE id = ? AND read_at_ms IS NULL', [nowMs, noticeId]);
  const [row] = await sql.all('SELECT * FROM notices WHERE id = ?', [noticeId]);
  if (!row) throw new NotFound('notice', noticeId);
  return toNotice(row);
}

function toNotice(row: Row): Notice {
  return {
    id: text(row.id),
    accountId: text(row.account_id),
    kind: text(row.kind),
    title: text(row.title),
    body: text(row.body),
    createdAtMs: integer(row.created_at_ms),
    readAtMs: integerOrNull(row.read_at_ms),
  };
}
