import { coinDecimals, type Currency } from '../../kernel/money';
import type { Tax } from '../tax/tax-for';
import { INVOICED_KINDS, type InvoiceFigures, type InvoiceLine } from './invoice';

/** What an account was charged in a period by one kind of movement. */
export type ChargedSum = {
  readonly kind: string;
  readonly count: number;
  /** What the customer owes for it: the ledger's amounts with their sign turned. */
  readonly owedMicros: bigint;
};

const PPM = 1_000_000n;

/** Micros in the currency's smallest coin. */
export function coinMicros(unit: Currency): bigint {
  return 10n ** BigInt(6 - coinDecimals(unit));
}

/** Rounds to whole steps, half away from zero, so that what is given back is rounded as it was charged. */
export function roundToStep(amount: bigint, step: bigint): bigint {
  const absolute = amount < 0n ? -amount : amount;
  const rounded = ((absolute * 2n + step) / (step * 2n)) * step;
  return amount < 0n ? -rounded : rounded;
}

/**
 * The figures of an invoice. Each line is rounded once to whole coins, each tax once on the sum of the lines (EN 16931, BR-CO-17); nothing is rounded
 * after that, so what is shown adds up. Null when there is nothing to invoice. Pure.
 */
export function draftFigures(of: {
  readonly sums: readonly ChargedSum[];
  readonly taxes: readonly Tax[];
  readonly currency: Currency;
}): InvoiceFigures | null {
  const step = coinMicros(of.currency);
  const lines = INVOICED_KINDS.flatMap((kind): readonly InvoiceLine[] => {
    const sum = of.sums.find((one) => one.kind === kind);
    if (!sum || sum.count === 0 || sum.owedMicros === 0n) return [];
    return [
      {
        kind,
        quantity: sum.count,
        exactMicros: sum.owedMicros,
        netMicros: roundToStep(sum.owedMicros, step),
      },
    ];
  });
  return lines.length === 0 ? null : totalsOf(lines, of.taxes, step);
}

/** Adds taxes and totals to lines whose net amounts are whole coins. Pure. */
export function totalsOf(lines: readonly InvoiceLine[], rates: readonly Tax[], step: bigint): InvoiceFigures {
  const exactMicros = lines.reduce((sum, line) => sum + line.exactMicros, 0n);
  const netMicros = lines.reduce((sum, line) => sum + line.netMicros, 0n);
  const taxes = rates.map((tax) => ({
    ...tax,
    baseMicros: netMicros,
    taxMicros: roundToStep(netMicros * BigInt(tax.ratePpm), step * PPM) / PPM,
  }));
  const taxMicros = taxes.reduce((sum, tax) => sum + tax.taxMicros, 0n);
  return { lines, taxes, exactMicros, netMicros, taxMicros, totalMicros: netMicros + taxMicros };
}
