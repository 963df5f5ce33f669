import { systemClock } from '../../kernel/clock';
import { runAsChild } from '../child-process';
import {
  type DrachtioServer,
  type DrachtioServerOptions,
  startDrachtioServer,
} from './start-drachtio-server';

/** Where the process listens. */
export type SipServerAddresses = Pick<DrachtioServer, 'adminPort' | 'sipPorts'>;

runAsChild<Omit<DrachtioServerOptions, 'clock' | 'log'>, SipServerAddresses>({
  part: 'embedded-sip',
  async start(options, log) {
    const server = await startDrachtioServer({ ...options, clock: systemClock, log });
    const { adminPort, sipPorts } = server;
    return { addresses: { adminPort, sipPorts }, close: () => server.close() };
  },
});
