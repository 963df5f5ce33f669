import { frCalls } from './fr-calls';
import { frFront } from './fr-front';
import { frGeneral } from './fr-general';
import { frPhone } from './fr-phone';
import { frResults } from './fr-results';
import type { WordTable } from './words';

export const fr: WordTable = {
  ...frCalls,
  ...frFront,
  ...frGeneral,
  ...frPhone,
  ...frResults,
};
