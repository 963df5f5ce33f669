import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** PEM files of one certificate. */
export type CertificateFiles = { readonly keyFile: string; readonly certFile: string };

/** An authority of a test's own, made with openssl in `folder`. */
export class TestAuthority {
  readonly caFile: string;
  private readonly caKey: string;

  constructor(
    private readonly folder: string,
    private readonly name: string,
  ) {
    this.caFile = join(folder, `${name}-ca.pem`);
    this.caKey = join(folder, `${name}-ca-key.pem`);
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '30',
      '-subj',
      `/CN=${name} authority`,
      '-keyout',
      this.caKey,
      '-out',
      this.caFile,
    );
  }

  /** A certificate for these names: `DNS:carrier.example`, `IP:127.0.0.1`. */
  issue(subject: string, names: readonly string[] = []): CertificateFiles {
    const file = (kind: string): string => join(this.folder, `${this.name}-${subject}-${kind}.pem`);
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=${subject}`,
      '-keyout',
      file('key'),
      '-out',
      file('request'),
    );
    writeFileSync(
      file('extensions'),
      names.length > 0 ? `subjectAltName=${names.join(',')}\n` : 'basicConstraints=CA:FALSE\n',
    );
    openssl(
      'x509',
      '-req',
      '-in',
      file('request'),
      '-CA',
      this.caFile,
      '-CAkey',
      this.caKey,
      '-CAcreateserial',
      '-days',
      '30',
      '-extfile',
      file('extensions'),
      '-out',
      file('cert'),
    );
    return { keyFile: file('key'), certFile: file('cert') };
  }
}

function openssl(...words: string[]): void {
  execFileSync('openssl', words, { stdio: 'ignore' });
}
