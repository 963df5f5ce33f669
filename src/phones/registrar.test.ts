import { readRegister, type RegisterHeaders } from './read-register';
import { type Binding, register, RegisterRefused } from './registrar';

const NOW = Date.UTC(2026, 0, 15, 12);
const HEADERS: RegisterHeaders = {
  contact: '<sip:p1@192.0.2.7:5062>',
  expires: '600',
  callId: 'one',
  cseq: '1 REGISTER',
  path: '',
  userAgent: 'phone',
  receivedFrom: 'udp/192.0.2.7:5062',
};

const wish = (changes: Partial<RegisterHeaders> = {}) => readRegister({ ...HEADERS, ...changes });
const after = (changes: Partial<RegisterHeaders>, held: readonly Binding[] = [], nowMs = NOW) =>
  register(held, wish(changes), nowMs);

function statusOf(work: () => unknown): number | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof RegisterRefused) return error.sipStatus;
    throw error;
  }
}

const flow = (port: number) =>
  `<sip:p1@192.0.2.7:${port};transport=tcp>;+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>";reg-id=1`;

describe('a REGISTER', () => {
  it('binds its Contact for as long as it asks', () => {
    const { bindings } = after({});
    expect(bindings).toMatchObject([
      { contactUri: 'sip:p1@192.0.2.7:5062', expiresAtMs: NOW + 600_000, priorityQ: 1_000, path: null },
    ]);
  });

  it('takes the seconds of the Contact before those of the header, and at most an hour', () => {
    const contact = '<sip:a@192.0.2.1>;expires=100, <sip:b@192.0.2.1>;expires=99999, <sip:c@192.0.2.1>';
    const ends = after({ contact, expires: '' }).bindings.map(
      ({ expiresAtMs }) => (expiresAtMs - NOW) / 1_000,
    );
    expect(ends).toEqual([100, 3_600, 3_600]);
  });

  it('without Contact only asks', () => {
    const held = after({}).bindings;
    expect(after({ contact: '', cseq: '2 REGISTER' }, held)).toEqual({ put: [], remove: [], bindings: held });
  });

  it('forgets bindings that have run out', () => {
    const held = after({}).bindings;
    expect(after({ contact: '', cseq: '2 REGISTER' }, held, NOW + 600_000).bindings).toEqual([]);
  });

  it('keeps several Contacts, and takes one away by expires=0, all by *', () => {
    const two = after({ contact: '<sip:a@192.0.2.1>,"B, too" <sip:b@192.0.2.2>;q=0.5' }).bindings;
    expect(two.map(({ priorityQ }) => priorityQ)).toEqual([1_000, 500]);
    const one = after({ contact: '<sip:a@192.0.2.1>;expires=0', cseq: '2 REGISTER' }, two);
    expect(one.remove).toEqual(['sip:a@192.0.2.1']);
    expect(one.bindings.map(({ contactUri }) => contactUri)).toEqual(['sip:b@192.0.2.2']);
    expect(after({ contact: '*', expires: '0', cseq: '3 REGISTER' }, one.bindings).bindings).toEqual([]);
  });

  it('replaces the flow of a telephone that says which it is, whatever its Contact (RFC 5626)', () => {
    const held = after({ contact: flow(1111) }).bindings;
    const { bindings } = after({ contact: flow(2222), callId: 'two' }, held);
    expect(bindings.map(({ contactUri }) => contactUri)).toEqual(['sip:p1@192.0.2.7:2222;transport=tcp']);
  });

  it('keeps the Path by which the telephone is reached (RFC 3327)', () => {
    expect(after({ path: '<sip:edge.example.org;lr>' }).bindings[0]?.path).toBe('<sip:edge.example.org;lr>');
  });

  it('that a newer one overtook changes nothing', () => {
    const held = after({ cseq: '7 REGISTER' }).bindings;
    expect(statusOf(() => after({ cseq: '7 REGISTER' }, held))).toBe(500);
    expect(statusOf(() => after({ contact: '*', expires: '0', cseq: '6 REGISTER' }, held))).toBe(500);
    expect(statusOf(() => after({ cseq: '1 REGISTER', callId: 'after a restart' }, held))).toBeNull();
  });

  it.each([
    ['a time that is too short', { expires: '59' }, 423],
    ['* that does not end', { contact: '*', expires: '60' }, 400],
    ['a Contact that is no SIP URI', { contact: '<http://192.0.2.1/>' }, 400],
    ['a Contact without user', { contact: '<sip:192.0.2.1>' }, 400],
    ['a Contact that breaks the line', { contact: '<sip:a@192.0.2.1\r\nRoute: x>' }, 400],
    ['a CSeq that is none', { cseq: 'REGISTER' }, 400],
    ['no Call-ID', { callId: '' }, 400],
    [
      'more Contacts than a device has',
      { contact: [1, 2, 3, 4, 5, 6].map((n) => `<sip:a@192.0.2.${n}>`).join() },
      403,
    ],
    ['more Contacts than are read', { contact: '<sip:a@192.0.2.1>,'.repeat(11) }, 400],
    ['a header that is too long', { contact: `<sip:a@192.0.2.1>;x=${'y'.repeat(9_000)}` }, 400],
  ])('with %s is refused', (_, changes, status) => {
    expect(statusOf(() => after(changes))).toBe(status);
  });

  it('with a malformed Expires gets the usual time (RFC 3261 20.19)', () => {
    expect(after({ expires: 'soon' }).bindings[0]?.expiresAtMs).toBe(NOW + 3_600_000);
  });
});
