import type { Readable } from 'node:stream';
import type { CdrFileForm } from '../../cdr/mediation/cdr-file-form';
import type { ImportedCall } from '../../cdr/mediation/imported-call';
import { readCdrLines } from '../../cdr/mediation/read-cdr-lines';
import type { Database } from '../../kernel/unit-of-work';
import { importCdrs } from './import-cdrs';

const LINES_TOGETHER = 1_000;

/** A line that did not become a CDR charged whole, and why. */
export type ToldLine = {
  readonly line: number;
  readonly outcome: 'known' | 'refused' | 'capped';
  readonly field: string;
  readonly problem: string;
  readonly remedy: string;
  readonly cdrId: string | null;
};

export type CdrImportCounts = {
  readonly linesRead: number;
  readonly imported: number;
  readonly known: number;
  readonly refused: number;
  /** Of the imported: those whose account could not pay all. */
  readonly capped: number;
};

/**
 * Brings a file of another switch's CDRs in: what can be read and priced is stored and charged, the rest is told line by line. The same file once
 * more changes nothing but brings what was refused before and is right now.
 */
export async function importCdrFile(
  database: Database,
  wanted: {
    readonly csv: Readable;
    readonly form: CdrFileForm;
    readonly nowMs: number;
    /** Told after each thousand lines, with the lines among them that are to be told. */
    readonly onPart: (counts: CdrImportCounts, told: readonly ToldLine[]) => Promise<void> | void;
  },
): Promise<CdrImportCounts> {
  let counts: CdrImportCounts = { linesRead: 0, imported: 0, known: 0, refused: 0, capped: 0 };
  let waiting: { readonly line: number; readonly call: ImportedCall }[] = [];
  let told: ToldLine[] = [];
  const takeIn = async () => {
    const outcomes = await importCdrs(
      database,
      waiting.map(({ call }) => call),
      wanted.nowMs,
    );
    outcomes.forEach((came, n) => {
      const { line } = waiting[n] as (typeof waiting)[number];
      const isTaken = came.outcome === 'imported' || came.outcome === 'capped';
      counts = {
        ...counts,
        imported: counts.imported + (isTaken ? 1 : 0),
        known: counts.known + (came.outcome === 'known' ? 1 : 0),
        refused: counts.refused + (came.outcome === 'refused' ? 1 : 0),
        capped: counts.capped + (came.outcome === 'capped' ? 1 : 0),
      };
      if (came.outcome === 'refused') told.push({ line, ...came, cdrId: null });
      else if (came.outcome !== 'imported')
        told.push({ line, ...WHY[came.outcome], outcome: came.outcome, cdrId: came.cdrId });
    });
    await wanted.onPart(counts, told);
    waiting = [];
    told = [];
  };
  for await (const read of readCdrLines(wanted.csv, wanted.form)) {
    counts = { ...counts, linesRead: counts.linesRead + 1 };
    if ('call' in read) waiting.push(read);
    else {
      counts = { ...counts, refused: counts.refused + 1 };
      for (const fault of read.faults) told.push({ ...fault, outcome: 'refused', cdrId: null });
    }
    if (waiting.length + told.length >= LINES_TOGETHER) await takeIn();
  }
  await takeIn();
  return counts;
}

const WHY = {
  known: { field: 'line', problem: 'was imported before', remedy: 'nothing need be done' },
  capped: {
    field: 'account',
    problem: 'had not the credit for all of the charge',
    remedy: 'the CDR says what is missing; raise the credit limit before importing what is used already',
  },
} as const;
