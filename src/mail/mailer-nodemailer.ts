import { createTransport } from 'nodemailer';
import { isLoopback } from '../config/loopback';
import type { SendMail } from './mail';

const CONNECT_LIMIT_MS = 10_000;
const SILENCE_LIMIT_MS = 30_000;

/**
 * Sends by the server of an URL, `smtps://user:password@host:port`, or `smtp://…`, which goes over to TLS (RFC 3207); a password never goes to another
 * machine in the clear.
 */
export function mailBySmtp(smtpUrl: string, from: string): SendMail {
  const url = new URL(smtpUrl);
  const isEncrypted = url.protocol === 'smtps:';
  const auth = url.username === '' ? null : credentialsOf(url);
  const transport = createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (isEncrypted ? 465 : 587),
    secure: isEncrypted,
    requireTLS: !isEncrypted && auth !== null && !isLoopback(url.hostname),
    ...(auth ? { auth } : {}),
    connectionTimeout: CONNECT_LIMIT_MS,
    greetingTimeout: CONNECT_LIMIT_MS,
    socketTimeout: SILENCE_LIMIT_MS,
    // A path or an URL in a mail would have us read files or ask servers.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async ({ to, subject, text, messageId, attachments }) => {
    await transport.sendMail({
      from,
      to: { name: '', address: to },
      subject,
      text,
      messageId: `<${messageId}>`,
      // RFC 3834: nobody's out-of-office answers a machine.
      headers: { 'Auto-Submitted': 'auto-generated' },
      attachments: attachments.map(({ name, contentType, content }) => ({
        filename: name,
        contentType,
        content,
      })),
    });
  };
}

function credentialsOf({ username, password }: URL): { user: string; pass: string } {
  return { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
}
