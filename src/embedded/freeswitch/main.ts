import { systemClock } from '../../kernel/clock';
import { runAsChild } from '../child-process';
import { type FreeswitchSettings, startFreeswitch } from './start-freeswitch';

/** Where the process listens. */
export type MediaServerAddresses = { readonly eventSocketPort: number; readonly sipPort: number };

runAsChild<FreeswitchSettings, MediaServerAddresses>({
  part: 'embedded-freeswitch',
  async start(options, log) {
    const server = await startFreeswitch({ ...options, clock: systemClock, log });
    const { eventSocketPort, sipPort } = server;
    log.info('media server started', { eventSocketPort, sipPort });
    return { addresses: { eventSocketPort, sipPort }, close: () => server.close() };
  },
});
