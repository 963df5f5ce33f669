import { esAccount } from './es-account';
import { esCalls } from './es-calls';
import { esCustomer } from './es-customer';
import { esFront } from './es-front';
import { esGeneral } from './es-general';
import { esOperator } from './es-operator';
import { esPhone } from './es-phone';
import { esResults } from './es-results';
import type { WordTable } from './words';

export const es: WordTable = {
  ...esAccount,
  ...esCalls,
  ...esCustomer,
  ...esFront,
  ...esGeneral,
  ...esOperator,
  ...esPhone,
  ...esResults,
};
