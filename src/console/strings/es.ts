import { esCalls } from './es-calls';
import { esFront } from './es-front';
import { esGeneral } from './es-general';
import { esPhone } from './es-phone';
import { esResults } from './es-results';
import type { WordTable } from './words';

export const es: WordTable = {
  ...esCalls,
  ...esFront,
  ...esGeneral,
  ...esPhone,
  ...esResults,
};
