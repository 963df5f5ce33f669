import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from './chromium';
import { eventually } from './service';

const ROOT = resolve(__dirname, '../..');

/** Who the page is, and how it speaks. */
export type BrowserAccount = {
  readonly username: string;
  readonly password: string;
  readonly websocketUrl: string;
  /** Domain of its SIP address. */
  readonly domain?: string;
  /** Codec it names first. */
  readonly codec?: 'opus' | 'PCMU' | 'PCMA';
  /** What its microphone hears. */
  readonly toneHz: number;
};

/** JsSIP in one file for a page; made once. */
let bundle: Promise<string> | undefined;

function jssip(): Promise<string> {
  const script = `import('vite').then(async ({ build }) => {
    const made = await build({ configFile: false, logLevel: 'silent', define: { 'process.env.NODE_DEBUG': 'undefined' },
      build: { write: false, minify: false, lib: { entry: 'node_modules/jssip/lib/JsSIP.js', formats: ['iife'], name: 'JsSIP' } } });
    process.stdout.write((Array.isArray(made) ? made[0] : made).output[0].code);
  })`;
  bundle ??= promisify(execFile)(process.execPath, ['-e', script], {
    cwd: ROOT,
    maxBuffer: 64 * 1_024 * 1_024,
  }).then(({ stdout }) => stdout);
  return bundle;
}

/** What runs in the page: a telephone with a tone for a microphone and an analyser for an ear. */
const PAGE = `<!doctype html><title>phone</title><audio id="ear" autoplay></audio><script src="/jssip.js"></script><script>
const events = [];
let ua, session, context, microphone, analyser, account;
function hear(stream) {
  const ear = document.getElementById('ear');
  ear.srcObject = stream; ear.volume = 0.01;
  analyser = context.createAnalyser(); analyser.fftSize = 32768; analyser.smoothingTimeConstant = 0;
  context.createMediaStreamSource(stream).connect(analyser);
}
function codecFirst(sdp) {
  if (!account.codec) return sdp;
  const map = new RegExp('^a=rtpmap:(\\\\d+) ' + account.codec + '/', 'im').exec(sdp);
  if (!map) return sdp;
  return sdp.replace(/^(m=audio \\d+ \\S+ )(.*)$/m, (_, head, types) => head + [map[1], ...types.trim().split(' ').filter((type) => type !== map[1])].join(' '));
}
function follow(one) {
  session = one;
  one.on('sdp', (data) => { if (data.originator === 'local') data.sdp = codecFirst(data.sdp); });
  for (const name of ['progress', 'accepted', 'confirmed', 'hold', 'unhold', 'newDTMF', 'refer']) one.on(name, () => events.push(name));
  one.on('ended', (data) => events.push('ended:' + data.originator + ':' + data.cause));
  one.on('failed', (data) => events.push('failed:' + data.originator + ':' + data.cause + ':' + (data.message ? data.message.status_code : '')));
  const listen = () => one.connection.addEventListener('track', (event) => hear(event.streams[0] || new MediaStream([event.track])));
  if (one.connection) listen(); else one.on('peerconnection', listen);
}
window.phone = {
  events,
  async start(wish) {
    account = wish;
    context = new AudioContext({ sampleRate: 48000 });
    const oscillator = context.createOscillator(); oscillator.frequency.value = wish.toneHz;
    const gain = context.createGain(); gain.gain.value = 0.3;
    const out = context.createMediaStreamDestination();
    oscillator.connect(gain).connect(out); oscillator.start(); microphone = out.stream;
    const socket = new JsSIP.WebSocketInterface(wish.websocketUrl);
    ua = new JsSIP.UA({ sockets: [socket], uri: 'sip:' + wish.username + '@' + wish.domain, password: wish.password, register: true, session_timers: false });
    for (const name of ['connected', 'disconnected', 'registered', 'unregistered', 'registrationFailed'])
      ua.on(name, (data) => events.push(name + (data && data.cause ? ':' + data.cause : '')));
    ua.on('newRTCSession', (data) => { if (data.originator === 'remote') { events.push('ringing'); follow(data.session); } });
    ua.start();
  },
  call(target) {
    const one = ua.call('sip:' + target + '@' + account.domain, { mediaStream: microphone, pcConfig: { iceServers: [] }, eventHandlers: {},
      sessionTimersExpires: 120 });
    follow(one);
  },
  answer() { session.answer({ mediaStream: microphone, pcConfig: { iceServers: [] } }); },
  hangUp() { session.terminate(); },
  hold() { return session.hold(); },
  unhold() { return session.unhold(); },
  mute() { session.mute({ audio: true }); },
  keys(keys, way) { session.sendDTMF(keys, { transportType: way, duration: 160, interToneGap: 120 }); },
  refer(target) { session.refer('sip:' + target + '@' + account.domain); },
  restartIce() { return session.renegotiate({ rtcOfferConstraints: { iceRestart: true } }); },
  vanish() { session.connection.close(); },
  states() { const c = session.connection; return [c.iceConnectionState, c.connectionState, c.iceGatheringState, c.signalingState]; },
  /** Level of a tone, 0 to 1, in what is heard now, and of the strongest tone. */
  heard(toneHz) {
    if (!analyser) return { level: 0, strongestHz: 0 };
    const bins = new Float32Array(analyser.frequencyBinCount); analyser.getFloatFrequencyData(bins);
    const width = context.sampleRate / analyser.fftSize; let best = 0;
    for (let at = 20; at < bins.length; at += 1) if (bins[at] > bins[best]) best = at;
    const near = Math.round(toneHz / width); let level = -200;
    for (let at = near - 4; at <= near + 4; at += 1) level = Math.max(level, bins[at]);
    return { level: 10 ** (level / 20), strongestHz: best * width };
  },
  async stats() {
    const out = {};
    for (const report of (await session.connection.getStats()).values()) {
      if (report.type === 'inbound-rtp') { out.received = report.packetsReceived; out.lost = report.packetsLost; }
      if (report.type === 'outbound-rtp') out.sent = report.packetsSent;
      if (report.type === 'codec' && !/telephone/.test(report.mimeType)) out.codec = report.mimeType;
    }
    return out;
  },
  remoteSdp() { return session.connection.remoteDescription.sdp; },
};
</script>`;

/** One headless Chromium with the page that its telephones run in. */
export class BrowserPhones {
  readonly #phones: BrowserPhone[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly server: Server,
  ) {}

  static async start(): Promise<BrowserPhones> {
    const script = await jssip();
    const server = createServer((request, response) => {
      const isScript = request.url === '/jssip.js';
      response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? script : PAGE);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const browser = await launchChromium();
    return new BrowserPhones(browser, server);
  }

  /** A page whose telephone is registered, or has failed to when it `may fail`. */
  async phone(account: BrowserAccount, mayFail = false): Promise<BrowserPhone> {
    const page = await this.browser.newPage();
    const { port } = this.server.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/`);
    const phone = new BrowserPhone(page);
    this.#phones.push(phone);
    await phone.do('start', { domain: '123-voip.test', ...account });
    await phone.reports(mayFail ? /^registrationFailed|^registered$/ : 'registered');
    return phone;
  }

  /** Closes all pages without a word to the service. */
  async clear(): Promise<void> {
    await Promise.all(this.#phones.splice(0).map((phone) => phone.page.close()));
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.server.close();
  }
}

/** One page. */
export class BrowserPhone {
  constructor(readonly page: Page) {}

  /** Calls a function of the page's telephone. */
  do(name: string, ...values: readonly unknown[]): Promise<unknown> {
    return this.page.evaluate(
      ([called, given]) =>
        (globalThis as unknown as { phone: Record<string, (...all: unknown[]) => unknown> }).phone[called]?.(
          ...given,
        ),
      [name, values] as [string, unknown[]],
    );
  }

  events(): Promise<readonly string[]> {
    return this.page.evaluate(() => (globalThis as unknown as { phone: { events: string[] } }).phone.events);
  }

  /** Resolves when the telephone has told this. */
  async reports(told: string | RegExp, limitMs = 10_000): Promise<void> {
    const fits = (event: string) => (typeof told === 'string' ? event === told : told.test(event));
    await eventually(limitMs, async () => (await this.events()).some(fits)).catch(async () => {
      throw new Error(`the page did not tell ${String(told)}: ${(await this.events()).join(', ')}`);
    });
  }

  /** Waits until the tone is heard clearly, as the strongest. */
  async hears(toneHz: number, limitMs = 5_000): Promise<void> {
    let last = { level: 0, strongestHz: 0 };
    await eventually(limitMs, async () => {
      last = (await this.do('heard', toneHz)) as typeof last;
      return last.level > 0.005 && Math.abs(last.strongestHz - toneHz) < 8;
    }).catch(() => {
      throw new Error(`${toneHz} Hz is not heard but ${last.strongestHz} Hz, level ${last.level}`);
    });
  }

  /** How loud a tone is heard now, 0 to 1. */
  async level(toneHz: number): Promise<number> {
    return ((await this.do('heard', toneHz)) as { level: number }).level;
  }
}
