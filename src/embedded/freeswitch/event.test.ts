import fc from 'fast-check';
import { headerLines, serializeEvent } from './event';

const hostile = fc.string({
  unit: fc.constantFrom('\r', '\n', ':', ' ', '%', '{', '}', ';', '"', 'a', '\0', 'é', '\ud800'),
});

describe('events on the wire', () => {
  it('keeps every value on its own line, whatever it holds', () => {
    const values = fc.property(hostile, hostile, (one, other) => {
      const lines = headerLines({ 'variable_sip_h_X-One': one, 'variable_sip_h_X-Other': other }).split('\n');
      expect(lines).toHaveLength(3);
      expect(lines[0]).toMatch(/^variable_sip_h_X-One: /);
    });
    fc.assert(values, { numRuns: 3_000 });
    expect.hasAssertions();
  });

  it('keeps names from making lines or values', () => {
    const lines = headerLines({ 'variable_evil: x\nReply-Text': 'y' });
    expect(lines).toBe('variable_evil__x_Reply-Text: y\n');
  });

  it('gives back in JSON exactly what was put in', () => {
    const values = fc.property(hostile, (value) => {
      const text = serializeEvent(
        { name: 'DTMF', subclass: undefined, headers: { 'Event-Name': 'DTMF', value }, body: '' },
        'json',
      );
      const [head, body] = [text.slice(0, text.indexOf('\n\n')), text.slice(text.indexOf('\n\n') + 2)];
      expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
      expect((JSON.parse(body) as { value: string }).value).toBe(value);
    });
    fc.assert(values, { numRuns: 1_000 });
    expect.hasAssertions();
  });

  it('counts bytes, not letters, of a body', () => {
    const text = serializeEvent(
      { name: 'BACKGROUND_JOB', subclass: undefined, headers: { a: 'b' }, body: 'é\n' },
      'plain',
    );
    expect(text).toBe('Content-Length: 27\nContent-Type: text/event-plain\n\na: b\nContent-Length: 3\n\né\n');
  });
});
