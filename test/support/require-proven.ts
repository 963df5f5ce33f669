import { verifyLedger } from '../../src/billing/ledger/verify-ledger';
import type { Database } from '../../src/kernel/unit-of-work';

/** Fails with the first fault of a ledger that has one: for what must hold after every test of a suite. */
export async function requireProven(database: Database): Promise<void> {
  const { faults } = await verifyLedger(database);
  if (faults.length > 0) throw new Error(`the ledger is broken: ${JSON.stringify(faults[0])}`);
}
