import { useEffect, useState } from 'react';
import { after } from '../clock';
import { urlOf } from './client';

/** After a refusal the browser gives up; then we come back ourselves. */
const COME_BACK_MS = 5_000;

export type StreamState = 'connecting' | 'open' | 'lost';

/**
 * Server-sent events put together into a state. Every (re)connection begins with a whole state, so nothing of a gap stays wrong.
 * `handlers` must not change between renders.
 */
export function useEvents<State>(
  path: string,
  handlers: Readonly<Record<string, (state: State | null, data: never) => State | null>>,
): { state: State | null; stream: StreamState } {
  const [state, setState] = useState<State | null>(null);
  const [stream, setStream] = useState<StreamState>('connecting');
  useEffect(() => {
    let source: EventSource;
    let callOff = () => {};
    const open = () => {
      source = new EventSource(urlOf(path));
      source.addEventListener('open', () => setStream('open'));
      source.addEventListener('error', () => {
        setStream('lost');
        if (source.readyState === EventSource.CLOSED) callOff = after(COME_BACK_MS, open);
      });
      for (const [name, handle] of Object.entries(handlers))
        source.addEventListener(name, (event) => {
          const data = JSON.parse((event as MessageEvent<string>).data) as never;
          setState((before) => handle(before, data));
        });
    };
    open();
    return () => {
      callOff();
      source.close();
    };
  }, [path, handlers]);
  return { state, stream };
}
