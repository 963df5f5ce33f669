import { deCalls } from './de-calls';
import { deFront } from './de-front';
import { deGeneral } from './de-general';
import { dePhone } from './de-phone';
import { deResults } from './de-results';
import type { WordTable } from './words';

export const de: WordTable = {
  ...deCalls,
  ...deFront,
  ...deGeneral,
  ...dePhone,
  ...deResults,
};
