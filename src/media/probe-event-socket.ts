import { connect } from 'node:net';
import { type Clock, within } from '../kernel/clock';

/** More than this before the greeting is no event socket. */
const MAX_GREETING_BYTES = 4_096;

/**
 * Resolves when an event socket at this address takes our password, rejects with the reason otherwise. Done before the libraries
 * connect: they retry without pause on a refused connection and never settle on a refused password.
 */
export async function probeEventSocket(probe: {
  host: string;
  port: number;
  password: string;
  limitMs: number;
  clock: Clock;
}): Promise<void> {
  const socket = connect({ host: probe.host, port: probe.port });
  const answered = new Promise<void>((resolve, reject) => {
    let received = '';
    let authSent = false;
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the event socket closed the connection')));
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      if (received.length > MAX_GREETING_BYTES) reject(new Error('what listens there is no event socket'));
      else if (received.includes('text/rude-rejection'))
        reject(new Error('the event socket’s access list refuses us'));
      else if (!authSent && received.includes('auth/request')) {
        authSent = true;
        socket.write(`auth ${probe.password}\n\n`);
      } else if (received.includes('+OK accepted')) resolve();
      else if (received.includes('-ERR invalid')) reject(new Error('the event socket refused our password'));
    });
  });
  try {
    await within(probe.clock, probe.limitMs, 'event socket', answered);
  } finally {
    socket.removeAllListeners('close');
    socket.on('error', () => undefined);
    socket.destroy();
  }
}
