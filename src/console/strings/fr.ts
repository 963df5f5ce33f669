import { frAccount } from './fr-account';
import { frCalls } from './fr-calls';
import { frCustomer } from './fr-customer';
import { frFront } from './fr-front';
import { frGeneral } from './fr-general';
import { frOperator } from './fr-operator';
import { frPhone } from './fr-phone';
import { frResults } from './fr-results';
import type { WordTable } from './words';

export const fr: WordTable = {
  ...frAccount,
  ...frCalls,
  ...frCustomer,
  ...frFront,
  ...frGeneral,
  ...frOperator,
  ...frPhone,
  ...frResults,
};
