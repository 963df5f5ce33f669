import { esCalls } from './es-calls';
import { esFront } from './es-front';
import { esGeneral } from './es-general';
import { esResults } from './es-results';
import type { WordTable } from './words';

export const es: WordTable = {
  ...esCalls,
  ...esFront,
  ...esGeneral,
  ...esResults,
};
