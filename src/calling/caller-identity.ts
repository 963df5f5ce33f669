import { readFileSync } from 'node:fs';
import type { SrfRequest } from 'drachtio-srf';
import type { Attestation } from '../caller-id/outward-caller-id';
import { type Authorities, authoritiesFrom } from '../caller-id/stir/certificate-chain';
import { certificateFetcher } from '../caller-id/stir/fetch-certificate';
import { passportSigner, type PassportSigner, signCall } from '../caller-id/stir/sign-passport';
import { type IdentityVerdict, judgeIdentity } from '../caller-id/stir/verify-passport';
import type { Clock } from '../kernel/clock';
import { randomId } from '../kernel/ids';
import type { E164 } from '../kernel/phone-number';

/** Files of the settings; '' where there is none. */
export type IdentityFiles = {
  readonly certFile: string;
  readonly keyFile: string;
  readonly certUrl: string;
  readonly caFile: string;
};

/** Longest text of a verdict in a record. */
const MAX_RECORD_LENGTH = 40;

/**
 * Signed caller numbers (STIR/SHAKEN) as calls use them: signs what goes out when there is a certificate, and judges what comes in when there are
 * authorities. It never ends a call: an unsigned or anonymous caller is a caller like any other.
 */
export class CallerIdentity {
  readonly #signer: PassportSigner | null;
  readonly #authorities: Authorities | null;
  readonly #fetch: ReturnType<typeof certificateFetcher>;

  /** @throws InvalidInput when a file cannot be read or does not fit */
  constructor(
    files: IdentityFiles,
    private readonly clock: Clock,
  ) {
    this.#signer =
      files.certFile === ''
        ? null
        : passportSigner({
            certificatePem: read(files.certFile),
            keyPem: read(files.keyFile),
            certificateUrl: files.certUrl,
          });
    this.#authorities = files.caFile === '' ? null : authoritiesFrom(read(files.caFile));
    this.#fetch = certificateFetcher({ clock });
  }

  /** Value of the Identity header of a call that goes out; null when nothing is signed. */
  sign(call: {
    readonly orig: E164;
    readonly dest: string;
    readonly attestation: Attestation;
  }): string | null {
    if (!this.#signer) return null;
    return signCall(this.#signer, { ...call, originId: randomId(), nowMs: this.clock.nowMs() });
  }

  /** What the signature of a call that came in is worth; null when signatures are not checked. */
  async judge(
    req: SrfRequest,
    { orig, dest }: { readonly orig: string | null; readonly dest: string | null },
  ): Promise<IdentityVerdict | null> {
    if (!this.#authorities) return null;
    const identity = req.get('Identity');
    return judgeIdentity(
      {
        headers: identity === undefined ? [] : [identity],
        orig,
        dest,
        date: req.get('Date') ?? null,
        nowMs: this.clock.nowMs(),
      },
      { source: this.#fetch, authorities: this.#authorities },
    );
  }
}

const read = (file: string): string => readFileSync(file, 'utf8');

/** A verdict as the record has it: `TN-Validation-Passed A`, `TN-Validation-Failed stale`. */
export function recordedVerdict(verdict: IdentityVerdict | null): string | null {
  if (!verdict) return null;
  const detail = verdict.attestation ?? verdict.fault;
  return `${verdict.verstat}${detail === null ? '' : ` ${detail}`}`.slice(0, MAX_RECORD_LENGTH);
}
