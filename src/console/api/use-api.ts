import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { ask, newKey, type Problem, type Query, type Wish } from './client';

/** One answer of the API, read once and again after changes. `path` null: nothing is asked yet. */
export function useAnswer<T>(path: string | null, query: Query = {}, options: { everyMs?: number } = {}) {
  return useQuery<T, Problem>({
    queryKey: [path, query],
    queryFn: ({ signal }) => ask<T>(path ?? '', { query, signal }),
    enabled: path !== null,
    ...(options.everyMs ? { refetchInterval: options.everyMs } : {}),
  });
}

type Page<Row> = Readonly<Record<string, unknown>> & {
  readonly next?: string | number | null;
  readonly rows?: readonly Row[];
};

/** A list of the API, page after page. `pageBy` is the parameter that takes the `next` of the page before. */
export function useList<Row>(wanted: {
  path: string;
  rows: string;
  query?: Query;
  pageBy?: 'cursor' | 'after' | 'before';
  limit?: number | null;
}) {
  const { path, rows, query = {}, pageBy = 'cursor', limit = 50 } = wanted;
  const found = useInfiniteQuery<Page<Row>, Problem, readonly Row[], readonly unknown[], string | null>({
    queryKey: [path, 'list', query],
    queryFn: ({ pageParam, signal }) =>
      ask<Page<Row>>(path, { query: { ...query, limit, [pageBy]: pageParam }, signal }),
    initialPageParam: null,
    getNextPageParam: (last) =>
      last.next === null || last.next === undefined ? undefined : String(last.next),
    select: ({ pages }) => pages.flatMap((page) => page[rows] as readonly Row[]),
  });
  return found;
}

/**
 * Changes something by the API; what was read is read again afterwards. A wish that could not be sent is sent again under the same key,
 * so that it is never carried out twice.
 */
export function useChange<Answer = unknown, Input = void>(
  make: (input: Input) => { path: string } & Wish,
  done?: (answer: Answer, input: Input) => void,
) {
  const cache = useQueryClient();
  const key = useRef(newKey());
  return useMutation<Answer, Problem, Input>({
    mutationFn: (input) => {
      const { path, ...wish } = make(input);
      return ask<Answer>(path, { ...wish, key: key.current });
    },
    onSuccess: async (answer, input) => {
      key.current = newKey();
      done?.(answer, input);
      await cache.invalidateQueries();
    },
    onError: (problem) => {
      // Only what may have arrived without an answer is the same wish again.
      if (problem.status !== 0 && problem.status < 500) key.current = newKey();
    },
  });
}
