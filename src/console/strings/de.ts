import { deAccount } from './de-account';
import { deCalls } from './de-calls';
import { deCustomer } from './de-customer';
import { deFront } from './de-front';
import { deGeneral } from './de-general';
import { deOperator } from './de-operator';
import { dePhone } from './de-phone';
import { deResults } from './de-results';
import type { WordTable } from './words';

export const de: WordTable = {
  ...deAccount,
  ...deCalls,
  ...deCustomer,
  ...deFront,
  ...deGeneral,
  ...deOperator,
  ...dePhone,
  ...deResults,
};
