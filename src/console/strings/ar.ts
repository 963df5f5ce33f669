import { arAccount } from './ar-account';
import { arCalls } from './ar-calls';
import { arCustomer } from './ar-customer';
import { arFront } from './ar-front';
import { arGeneral } from './ar-general';
import { arOperator } from './ar-operator';
import { arPhone } from './ar-phone';
import { arResults } from './ar-results';
import type { WordTable } from './words';

export const ar: WordTable = {
  ...arAccount,
  ...arCalls,
  ...arCustomer,
  ...arFront,
  ...arGeneral,
  ...arOperator,
  ...arPhone,
  ...arResults,
};
