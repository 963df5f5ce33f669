import { arCalls } from './ar-calls';
import { arFront } from './ar-front';
import { arGeneral } from './ar-general';
import { arPhone } from './ar-phone';
import { arResults } from './ar-results';
import type { WordTable } from './words';

export const ar: WordTable = {
  ...arCalls,
  ...arFront,
  ...arGeneral,
  ...arPhone,
  ...arResults,
};
