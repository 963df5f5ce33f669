'use strict';
// The embedded SIP server with one bare application on it, both on one core.

const { fork } = require('node:child_process');
const path = require('node:path');

const secret = 'bench-secret';

/**
 * Starts the server and `appFile` of this folder, which is told the server's admin port, the secret and `told`.
 * Gives the SIP port, both processes and `stop`.
 */
async function startBarePair({ appFile, pin, told = {} }) {
  const stdio = ['ignore', 'ignore', 'inherit', 'ipc'];
  const main = path.join(__dirname, '../../dist/embedded/drachtio-server/main.js');
  const server = fork(main, [], { stdio });
  pin(server.pid);
  const options = {
    adminHost: '127.0.0.1',
    adminPort: 0,
    secret,
    sipHost: '127.0.0.1',
    sipPort: 0,
    transports: ['udp'],
  };
  server.send({ type: 'start', options });
  const { type, message, addresses } = await firstMessage(server);
  if (type !== 'ready') throw new Error(message);
  const app = fork(path.join(__dirname, appFile), [], { stdio });
  pin(app.pid);
  app.send({ port: addresses.adminPort, secret, ...told });
  await firstMessage(app);
  return {
    port: addresses.sipPorts.udp,
    server,
    app,
    stop: () => {
      app.disconnect();
      server.disconnect();
    },
  };
}

function firstMessage(child) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', () => reject(new Error('process ended before it was ready')));
  });
}

module.exports = { startBarePair };
