import { enAccount } from './en-account';
import { enCalls } from './en-calls';
import { enCustomer } from './en-customer';
import { enFront } from './en-front';
import { enGeneral } from './en-general';
import { enOperator } from './en-operator';
import { enPhone } from './en-phone';
import { enResults } from './en-results';

export const en = {
  ...enAccount,
  ...enCalls,
  ...enCustomer,
  ...enFront,
  ...enGeneral,
  ...enOperator,
  ...enPhone,
  ...enResults,
};
