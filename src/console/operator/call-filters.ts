import { RESULTS } from './results';
import { useMay } from '../api/session';
import { useWords } from '../strings/words';
import type { FieldSpec } from '../ui/form';

/** All that calls can be searched by. */
export function useCallFilters(isOwn: boolean): readonly FieldSpec[] {
  const { t, wordOf } = useWords();
  const may = useMay();
  const choice = (kind: string, values: readonly string[]) =>
    values.map((value) => [value, wordOf(kind, value)] as const);
  const results = choice('result', RESULTS).toSorted((a, b) => a[1].localeCompare(b[1]));
  const own: readonly FieldSpec[] = [
    { name: 'from', label: t('fromTime'), kind: 'time' },
    { name: 'to', label: t('untilTime'), kind: 'time' },
    { name: 'number', label: t('number'), kind: 'tel' },
    { name: 'result', label: t('result'), kind: 'choice', choices: results },
    {
      name: 'numberField',
      label: t('numberField'),
      kind: 'choice',
      choices: choice('numberField', ['from', 'dialled', 'routed', 'any']),
    },
    {
      name: 'numberMatch',
      label: t('numberMatch'),
      kind: 'choice',
      choices: choice('numberMatch', ['exact', 'prefix']),
    },
    {
      name: 'direction',
      label: t('direction'),
      kind: 'choice',
      choices: choice('direction', ['inbound', 'outbound']),
    },
  ];
  if (isOwn) return own;
  return [
    ...own,
    { name: 'account', label: t('accountId') },
    { name: 'owner', label: t('payerId') },
    { name: 'call', label: t('callId') },
    { name: 'room', label: t('roomId') },
    { name: 'roomSession', label: t('roomSession') },
    ...(may('trunks:read') ? [{ name: 'trunk', label: t('trunkId') }] : []),
    {
      name: 'role',
      label: t('role'),
      kind: 'choice',
      choices: choice('roomRole', ['host', 'moderator', 'speaker', 'listener', 'coach']),
    },
    { name: 'cause', label: t('hangupCause') },
  ];
}
