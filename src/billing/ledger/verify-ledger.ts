import { type Database, integer } from '../../kernel/unit-of-work';
import { type ChainFault, type ChainFaultName, verifyChain, verifyGuards } from './verify-chain';

/** Faults of one kind that a report lists; `faultCount` counts all. */
const MAX_LISTED = 100;

/**
 * What must hold, by the name its fault carries. Each check is one statement, so each sees a single moment of a ledger that goes on
 * changing; it gives a row per fault: what it is about, what stands there, what should. Text, because a broken ledger may hold
 * numbers that no driver delivers exactly.
 */
const CHECKS = {
  'transaction does not sum to zero': `
    SELECT transaction_id AS subject, SUM(amount_micros) AS found, 0 AS expected
    FROM ledger_entries GROUP BY transaction_id, currency HAVING SUM(amount_micros) <> 0`,

  'transaction has no entries': `
    SELECT t.id AS subject, 0 AS found, 2 AS expected FROM ledger_transactions t
    WHERE NOT EXISTS (SELECT 1 FROM ledger_entries e WHERE e.transaction_id = t.id)`,

  'entry belongs to no transaction': `
    SELECT e.transaction_id AS subject, e.line_number AS found, 0 AS expected FROM ledger_entries e
    WHERE NOT EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.id = e.transaction_id)`,

  'entry is for no account of its currency': `
    SELECT e.transaction_id AS subject, e.line_number AS found, 0 AS expected FROM ledger_entries e
    WHERE NOT EXISTS (SELECT 1 FROM ledger_accounts a WHERE a.id = e.ledger_account_id AND a.currency = e.currency)`,

  'balance is not the sum of the entries': `
    SELECT a.id AS subject, a.balance_micros AS found, COALESCE(e.total, 0) AS expected
    FROM ledger_accounts a
    LEFT JOIN (SELECT ledger_account_id, SUM(amount_micros) AS total FROM ledger_entries GROUP BY ledger_account_id) e
      ON e.ledger_account_id = a.id
    WHERE a.balance_micros <> COALESCE(e.total, 0)`,

  'held is not the sum of the open holds': `
    SELECT a.id AS subject, a.held_micros AS found, COALESCE(h.total, 0) + COALESCE(f.total, 0) AS expected
    FROM ledger_accounts a
    LEFT JOIN (SELECT ledger_account_id, SUM(amount_micros) AS total FROM credit_holds WHERE state = 'open'
      GROUP BY ledger_account_id) h ON h.ledger_account_id = a.id
    LEFT JOIN (SELECT ledger_account_id, SUM(amount_micros) AS total FROM ledger_freezes WHERE state = 'open'
      GROUP BY ledger_account_id) f ON f.ledger_account_id = a.id
    WHERE a.held_micros <> COALESCE(h.total, 0) + COALESCE(f.total, 0)`,

  'open hold is for no ledger account': `
    SELECT h.call_id AS subject, h.amount_micros AS found, 0 AS expected FROM credit_holds h
    WHERE h.state = 'open' AND NOT EXISTS (SELECT 1 FROM ledger_accounts a WHERE a.id = h.ledger_account_id)`,

  'account is below its credit limit': `
    SELECT id AS subject, balance_micros + credit_limit_micros - held_micros AS found, 0 AS expected
    FROM ledger_accounts WHERE balance_micros + credit_limit_micros - held_micros < 0`,

  'ledger of a currency does not sum to zero': `
    SELECT currency AS subject, SUM(balance_micros) AS found, 0 AS expected
    FROM ledger_accounts GROUP BY currency HAVING SUM(balance_micros) <> 0`,

  'charge of a CDR is not what was posted for it': `
    SELECT c.id AS subject, COALESCE(e.amount_micros, 0) + COALESCE(k.total, 0) AS found, -c.charge_micros AS expected
    FROM cdrs c
    LEFT JOIN ledger_entries e ON e.transaction_id = c.ledger_transaction_id AND e.line_number = 1
    LEFT JOIN (SELECT x.cdr_id, SUM(l.amount_micros) AS total FROM cdr_corrections x
      JOIN ledger_entries l ON l.transaction_id = x.ledger_transaction_id AND l.line_number = 1 GROUP BY x.cdr_id) k
      ON k.cdr_id = c.id
    WHERE c.rated_at_ms IS NOT NULL AND COALESCE(e.amount_micros, 0) + COALESCE(k.total, 0) <> -c.charge_micros`,

  'correction was posted for no CDR': `
    SELECT t.id AS subject, 1 AS found, 0 AS expected FROM ledger_transactions t
    WHERE t.kind = 'call-correction' AND NOT EXISTS (SELECT 1 FROM cdr_corrections x WHERE x.ledger_transaction_id = t.id)`,

  'charge was posted for no CDR': `
    SELECT t.id AS subject, 1 AS found, 0 AS expected FROM ledger_transactions t
    WHERE t.kind = 'call-charge' AND NOT EXISTS (SELECT 1 FROM cdrs c WHERE c.ledger_transaction_id = t.id)`,
} as const;

/** Beside CHECKS: the chain, what no seal covers yet, the triggers. */
const MORE_CHECKS = 3;

export type LedgerFaultName = keyof typeof CHECKS | ChainFaultName;

/** One thing that does not hold; `subject` is the id of the row it is about, amounts are micros. */
export type LedgerFault = {
  readonly name: LedgerFaultName;
  readonly subject: string;
  readonly found: string;
  readonly expected: string;
};

export type LedgerReport = {
  readonly transactions: number;
  /** The newest seal of the chain, 0 before the first; its hash stands for everything that was sealed up to it. */
  readonly sealNumber: number;
  readonly sealHash: string;
  readonly checks: number;
  readonly faultCount: number;
  /** At most 100 of each kind. */
  readonly faults: readonly LedgerFault[];
};

/**
 * Proves the ledger: sums of zero, balances and holds equal to what they are made of, charges equal to the CDRs', the hash chain unbroken (the
 * first bad row comes first), the database's own refusal in place. Changes nothing.
 */
export async function verifyLedger(database: Database): Promise<LedgerReport> {
  const faults: LedgerFault[] = [];
  let faultCount = 0;
  for (const name of Object.keys(CHECKS) as (keyof typeof CHECKS)[]) {
    const rows = await database.report.all(
      `SELECT subject, CAST(found AS CHAR) AS found, CAST(expected AS CHAR) AS expected FROM (${CHECKS[name]}) faulty
       ORDER BY subject`,
    );
    faultCount += rows.length;
    for (const row of rows.slice(0, MAX_LISTED))
      faults.push({
        name,
        subject: String(row.subject),
        found: String(row.found),
        expected: String(row.expected),
      });
  }
  const broken: ChainFault[] = [];
  const tell = (fault: ChainFault) => {
    faultCount++;
    if (broken.length < MAX_LISTED) broken.push(fault);
  };
  const seal = await verifyChain(database.report, tell);
  await verifyGuards(database.report, database.dialect, tell);
  const [count] = await database.report.all('SELECT COUNT(*) AS transactions FROM ledger_transactions');
  return {
    transactions: integer(count?.transactions),
    sealNumber: seal.sealNumber,
    sealHash: seal.sealHash,
    checks: Object.keys(CHECKS).length + MORE_CHECKS,
    faultCount,
    faults: [...faults, ...broken],
  };
}
