import { deCalls } from './de-calls';
import { deFront } from './de-front';
import { deGeneral } from './de-general';
import { deResults } from './de-results';
import type { WordTable } from './words';

export const de: WordTable = {
  ...deCalls,
  ...deFront,
  ...deGeneral,
  ...deResults,
};
