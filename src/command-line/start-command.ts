import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DemoReport, makeDemoCall } from '../demo/demo-call';
import { type DemoSeed, isEmpty, seedDemo } from '../demo/seed-demo';
import { systemClock } from '../kernel/clock';
import { showMoney } from '../kernel/money';
import { type Service, startService } from '../wiring';
import { adminKeyFile } from '../wiring-api';
import { firstOperatorFile } from '../wiring-people';
import { type Command, type CommandInput, EXIT } from './command';

/** How long engines and connections may take to come up. */
const READY_LIMIT_MS = 30_000;
/** RTP ports of the test phones of a demo: far from those of the media server. */
const DEMO_RTP_PORT = 30_000;

export const start: Command = {
  name: 'start',
  usage: '',
  about:
    'Starts the service: database, embedded servers where no real ones are configured, calls, API. On SIGTERM or SIGINT new calls are refused, live ones have DRAIN_SECONDS, and nothing is lost; a second signal ends them at once.',
  words: [0, 0],
  options: {
    demo: { type: 'boolean', about: 'In an empty database: put a demo there and make one real test call' },
  },
  examples: ['123-voip start --demo', 'BIND_ADDRESS=192.0.2.10 123-voip start'],
  run: async (input) => {
    outliveLostDialogs(input);
    const service = await startService(input.config, input.log);
    await service.whenReady(READY_LIMIT_MS);
    const passed = input.options.demo ? await demoOnFirstStart(input, service) : true;
    // Listened for before anybody is told that we are ready: who reads that may ask us to stop at once.
    const signalled = untilSignalled(input, service);
    printAddresses(input, service);
    if (!passed) {
      await service.stop(0);
      return EXIT.failed;
    }
    await signalled;
    return EXIT.ok;
  },
};

export const demoCall: Command = {
  name: 'demo-call',
  usage: '',
  about:
    'Makes the demo on free ports in a temporary folder and stops everything: two test phones dial in, type Room ID and PIN, hear each other, and their calls are billed. Exit code 0 only when the call, its CDRs, the charges and the ledger’s proof are right.',
  words: [0, 0],
  options: { json: { type: 'boolean', about: 'Print JSON for programs' } },
  examples: ['scripts/demo-call --json'],
  run: async (input) => {
    const folder = await mkdtemp(join(tmpdir(), '123-voip-demo-'));
    const config = { ...input.config, VAR_DIR: folder, DATABASE_URL: '', SIP_PORT: 0, HTTP_PORT: 0 };
    try {
      const service = await startService(config, input.log);
      try {
        await service.whenReady(READY_LIMIT_MS);
        const seed = await seedDemo(service.database, systemClock.nowMs(), input.config.SIP_REALM);
        const report = await callOnce(input, service, seed);
        input.print(input.options.json ? JSON.stringify(report, withBigint, 2) : reportText(report));
        return report.passed ? EXIT.ok : EXIT.failed;
      } finally {
        await service.stop(0);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/**
 * drachtio-fsmrf ends the SIP dialog of a leg whose media server has died and does not look at the answer. The SIP server that knows the
 * dialog no more makes that a rejection nobody handles, which would end all other calls too. Anything else still ends the process.
 */
function outliveLostDialogs({ log }: CommandInput): void {
  process.on('unhandledRejection', (error: unknown) => {
    if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'ENODIALOG') throw error;
    log.warn('a dialog was gone before it was ended', { error });
  });
}

async function demoOnFirstStart(input: CommandInput, service: Service): Promise<boolean> {
  if (!(await isEmpty(service.database))) return true;
  const seed = await seedDemo(service.database, systemClock.nowMs(), input.config.SIP_REALM);
  input.print('First start: making one real test call …');
  const report = await callOnce(input, service, seed);
  input.print(reportText(report));
  input.print('');
  input.print('Call the demo room yourself (told this once):');
  input.print(
    `  access number ${seed.accessNumber}, Room ID ${seed.roomNumber}, PIN ${seed.participantPin} (moderator: ${seed.moderatorPin})`,
  );
  input.print('Two softphones that call each other, and *43 for the echo test (told this once):');
  for (const { number, username, password } of seed.telephones)
    input.print(`  user ${username}, password ${password}, called by ${number}`);
  return report.passed;
}

function callOnce(input: CommandInput, service: Service, seed: DemoSeed): Promise<DemoReport> {
  return makeDemoCall({
    database: service.database,
    seed,
    sipHost: input.config.DRACHTIO_HOST === '' ? input.config.BIND_ADDRESS : input.config.DRACHTIO_HOST,
    sipPort: service.engines.sipPort ?? input.config.SIP_PORT,
    rtpPortMin: DEMO_RTP_PORT,
    clock: systemClock,
    log: input.log,
  });
}

function printAddresses({ config, print }: CommandInput, service: Service): void {
  const key = adminKeyFile(config);
  print('');
  print(`SIP  ${config.BIND_ADDRESS}:${service.engines.sipPort ?? config.SIP_PORT} (UDP and TCP)`);
  if (service.engines.sipTlsPort !== null)
    print(`SIPS ${config.BIND_ADDRESS}:${service.engines.sipTlsPort} (TLS)`);
  if (service.engines.sipWsPort !== null)
    print(`WS   ws://${config.BIND_ADDRESS}:${service.engines.sipWsPort} (browsers)`);
  if (service.engines.sipWssPort !== null)
    print(`WSS  wss://${config.BIND_ADDRESS}:${service.engines.sipWssPort} (browsers)`);
  const web = `http://${config.BIND_ADDRESS}:${service.httpPort}`;
  print(`API  ${web}/api/v1/openapi.json`);
  print(`Open ${web}/ in a browser for the console, and ${web}/join to join a room`);
  if (existsSync(key)) print(`Key  ${key} (an administrator’s; send it as "Authorization: Bearer …")`);
  const link = firstOperatorFile(config);
  if (existsSync(link))
    print(`The first administrator comes in by ${readFileSync(link, 'utf8').trim()} (24 hours, once)`);
  print('123-voip is ready. Ctrl-C stops it.');
}

function untilSignalled(input: CommandInput, service: Service): Promise<void> {
  return new Promise((resolve, reject) => {
    let signals = 0;
    const onSignal = () => {
      signals++;
      if (signals > 2) process.exit(EXIT.failed);
      if (signals === 2) return service.hurry();
      input.log.info('stopping', { drainSeconds: input.config.DRAIN_SECONDS });
      service.stop(input.config.DRAIN_SECONDS).then(resolve, reject);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

function reportText(report: DemoReport): string {
  return [
    ...report.heard.map(
      ({ phone, sentHz, otherAmplitude, ownAmplitude }) =>
        `  ${phone.padEnd(12)} sent ${sentHz} Hz, heard the other's tone at ${otherAmplitude} and its own at ${ownAmplitude} (of 8000)`,
    ),
    '  CDRs',
    ...report.cdrs.map(
      ({ cdrId, fromNumber, dialledNumber, result, roomRole, chargedFromMs, endedAtMs, rating }) =>
        `    ${cdrId}  ${fromNumber} → ${dialledNumber}  ${roomRole}  ${result}  ${((endedAtMs - (chargedFromMs ?? endedAtMs)) / 1000).toFixed(1)} s  ${rating ? showMoney(rating.charge) : 'not rated'}`,
    ),
    '  Ledger',
    ...report.ledger.map(({ note, amount }) => `    ${amount.padStart(16)}  ${note}`),
    `    ${showMoney(report.balance.balance).padStart(16)}  balance, ${showMoney(report.balance.held)} held`,
    report.passed
      ? '  Demo call: passed'
      : `  Demo call: FAILED\n${report.faults.map((fault) => `    ${fault}`).join('\n')}`,
  ].join('\n');
}

function withBigint(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
