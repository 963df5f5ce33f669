import { enCalls } from './en-calls';
import { enFront } from './en-front';
import { enGeneral } from './en-general';
import { enPhone } from './en-phone';
import { enResults } from './en-results';

export const en = {
  ...enCalls,
  ...enFront,
  ...enGeneral,
  ...enPhone,
  ...enResults,
};
