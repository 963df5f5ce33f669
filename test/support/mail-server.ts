import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { freePort } from './mariadb-server';

/** A mail as it arrived. */
export type ReceivedMail = { readonly from: string; readonly to: readonly string[]; readonly text: string };

/** A mail server that takes every mail, or refuses them while it is told to. */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  refuses = false;

  private constructor(
    private readonly server: SMTPServer,
    readonly port: number,
  ) {}

  static async start(credentials: { user: string; pass: string } | null = null): Promise<MailServer> {
    const port = await freePort();
    const server = new SMTPServer({
      authOptional: credentials === null,
      allowInsecureAuth: true,
      disabledCommands: ['STARTTLS'],
      onAuth: ({ username, password }, _session, done) => {
        if (username === credentials?.user && password === credentials?.pass) done(null, { user: username });
        else done(new Error('wrong password'));
      },
      onData: (stream, session, done) => {
        const parts: Buffer[] = [];
        stream.on('data', (part: Buffer) => parts.push(part));
        stream.on('end', () => {
          if (made.refuses) return done(Object.assign(new Error('come back later'), { responseCode: 451 }));
          const { mailFrom, rcptTo } = session.envelope;
          made.mails.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            text: Buffer.concat(parts).toString('utf8'),
          });
          done();
        });
      },
    });
    const made = new MailServer(server, port);
    await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
    return made;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    return new Promise((stopped) => this.server.close(stopped));
  }
}

/** The file of a mail. */
export function attachmentOf({ text }: ReceivedMail): Buffer {
  const encoded = /Content-Type: audio\/wav[\s\S]*?\r\n\r\n([A-Za-z0-9+/=\r\n]+)/.exec(text)?.[1] ?? '';
  return Buffer.from(encoded, 'base64');
}

/** A header of a mail with its encoded words read (RFC 2047), unfolded. */
export function headerOf({ text }: ReceivedMail, name: string): string {
  const raw = new RegExp(`^${name}: ((?:.*)(?:\\r\\n[ \\t].*)*)`, 'mi').exec(text)?.[1] ?? '';
  return raw
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/\r\n\s+/g, ' ')
    .replaceAll(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi, (_, form: string, words: string) =>
      form.toUpperCase() === 'B'
        ? Buffer.from(words, 'base64').toString('utf8')
        : decodeURIComponent(words.replaceAll('_', ' ').replaceAll(/=([0-9A-F]{2})/g, '%$1')),
    );
}
