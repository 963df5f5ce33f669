import { DuplicateKey, type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import { type PaymentParts, requireProvider } from './payment-parts';

/** A method that the provider keeps for payments without the payer: its id there, and what people know it by. No card data. */
export type SavedMethod = {
  readonly customerKey: string;
  readonly methodKey: string;
  readonly label: string;
};

/** The provider's id of an account as a payer, made the first time. @throws NoPaymentProvider, what the provider throws */
export async function customerOf(parts: PaymentParts, accountId: string, nowMs: number): Promise<string> {
  const known = await knownCustomer(parts.database.read, accountId);
  if (known !== null) return known;
  const customerKey = await requireProvider(parts).createCustomer(accountId);
  try {
    await parts.database.write((sql) =>
      sql.run('INSERT INTO payment_customers (account_id, customer_key, made_at_ms) VALUES (?, ?, ?)', [
        accountId,
        customerKey,
        nowMs,
      ]),
    );
    return customerKey;
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    return (await knownCustomer(parts.database.read, accountId)) ?? customerKey;
  }
}

async function knownCustomer(sql: Sql, accountId: string): Promise<string | null> {
  const [row] = await sql.all('SELECT customer_key FROM payment_customers WHERE account_id = ?', [accountId]);
  return row ? text(row.customer_key) : null;
}

/** Keeps the method that was saved last. */
export async function keepMethod(
  sql: Sql,
  accountId: string,
  { methodKey, label }: { readonly methodKey: string; readonly label: string },
): Promise<void> {
  await sql.run('UPDATE payment_customers SET method_key = ?, method_label = ? WHERE account_id = ?', [
    methodKey,
    label.slice(0, 100),
    accountId,
  ]);
}

/** The account's saved method, or null. */
export async function savedMethod(sql: Sql, accountId: string): Promise<SavedMethod | null> {
  const [row] = await sql.all(
    'SELECT customer_key, method_key, method_label FROM payment_customers WHERE account_id = ?',
    [accountId],
  );
  const methodKey = textOrNull(row?.method_key);
  if (!row || methodKey === null) return null;
  return { customerKey: text(row.customer_key), methodKey, label: textOrNull(row.method_label) ?? '' };
}

/** Forgets the saved method, here and at the provider; recharging by itself stops with it. */
export async function forgetMethod(parts: PaymentParts, accountId: string, nowMs: number): Promise<void> {
  const method = await savedMethod(parts.database.read, accountId);
  if (!method) return;
  await parts.database.write(async (sql) => {
    await sql.run(
      'UPDATE payment_customers SET method_key = NULL, method_label = NULL WHERE account_id = ?',
      [accountId],
    );
    await sql.run('UPDATE auto_recharges SET enabled = 0, changed_at_ms = ? WHERE account_id = ?', [
      nowMs,
      accountId,
    ]);
  });
  await requireProvider(parts).forgetMethod(method.methodKey);
}
