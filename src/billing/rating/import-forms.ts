import { cdrFileFormSchema, checkCdrFileForm } from '../../cdr/mediation/cdr-file-form';
import type { FormKind } from '../../csv/import-forms-store';
import { InvalidInput } from '../../kernel/app-error';
import { checkRateFileForm, rateFileFormSchema } from './rate-file-form';

/** A form as it came from outside, checked by the rules of its kind. @throws InvalidInput naming the first thing of the form that does not fit */
export function checkedForm(kind: FormKind, form: unknown): object {
  const read = kind === 'rates' ? rateFileFormSchema.safeParse(form) : cdrFileFormSchema.safeParse(form);
  if (!read.success) {
    const [first] = read.error.issues;
    throw new InvalidInput(
      first?.path.join('.') || 'form',
      first?.message ?? 'does not fit',
      'correct the form',
    );
  }
  return kind === 'rates'
    ? checkRateFileForm(rateFileFormSchema.parse(form))
    : checkCdrFileForm(cdrFileFormSchema.parse(form));
}
