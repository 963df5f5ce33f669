/** Packets a source other than the one in the SDP must send before we believe that it is the peer behind a NAT. */
export const learningPackets = 5;

/** An IPv4 address with a port. */
export type SocketAddress = { address: string; port: number };

/**
 * Decides whose packets a leg takes and where it sends (symmetric RTP, RFC 4961, made strict against RTP bleed).
 * The address from the SDP is believed at its first packet. Another source is believed only after `learningPackets` packets in a
 * row, a port of the same host before a foreign host; what came until then is dropped. Once locked, only the SDP's own address
 * can take the place of a learned one.
 */
export class SourceLock {
  /** Packets from anywhere but the peer, as far as they reach us: after confirmation the kernel keeps them away. */
  dropped = 0;
  private expected: SocketAddress | undefined;
  private candidate: SocketAddress | undefined;
  private candidatePackets = 0;
  private locked: SocketAddress | undefined;

  /** A new SDP came: learning starts anew, unless we are locked to the address it names. */
  expect(remote: SocketAddress): void {
    if (this.expected && same(this.expected, remote)) return;
    this.expected = remote;
    this.candidate = undefined;
    this.candidatePackets = 0;
    if (this.locked && !same(this.locked, remote)) this.locked = undefined;
  }

  /** Where to send: the locked source, until then what the SDP says. */
  get target(): SocketAddress | undefined {
    return this.locked ?? this.expected;
  }

  /** True when the peer is known for certain. */
  get isLocked(): boolean {
    return this.locked !== undefined;
  }

  /** True when the peer was heard from the very address its SDP names: nothing can take its place any more. */
  get isConfirmed(): boolean {
    return this.locked !== undefined && this.locked === this.expected;
  }

  /** True when a packet from here is the peer's. */
  admits(address: string, port: number): boolean {
    const { locked } = this;
    if (locked !== undefined && locked.port === port && locked.address === address) return true;
    const { expected } = this;
    if (expected !== undefined && expected.port === port && expected.address === address) {
      this.locked = expected;
      return true;
    }
    if (locked === undefined && this.learns(address, port)) return true;
    this.dropped += 1;
    return false;
  }

  private learns(address: string, port: number): boolean {
    const { candidate, expected } = this;
    if (expected === undefined) return false;
    if (candidate !== undefined && candidate.port === port && candidate.address === address) {
      this.candidatePackets += 1;
    } else if (
      candidate === undefined ||
      (address === expected.address && candidate.address !== expected.address)
    ) {
      this.candidate = { address, port };
      this.candidatePackets = 1;
    } else {
      return false;
    }
    if (this.candidatePackets < learningPackets) return false;
    this.locked = this.candidate;
    return true;
  }
}

function same(one: SocketAddress, other: SocketAddress): boolean {
  return one.port === other.port && one.address === other.address;
}
