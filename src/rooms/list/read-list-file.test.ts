import { readListFile } from './read-list-file';

const read = (text: string, country?: string) => readListFile(Buffer.from(text), country);

const manyLines = (count: number) =>
  Array.from({ length: count }, (_, n) => `Ana,+32222${String(n).padStart(5, '0')}\n`).join('');

describe('a number list file', () => {
  it('is read with every column', async () => {
    const file = await read(
      'name,number,role,language,may_enter,dial_out,valid_from,valid_until\n' +
        'Ana,+3222223344,moderator,fr,yes,no,2026-07-01,2026-07-31\n' +
        'Bo,0032 2 222 33 55,,,0,1,2026-07-01T12:00+02:00,\n',
    );
    expect(file).toMatchObject({ faults: [], faultCount: 0, lineCount: 2, broken: false });
    expect(file.wishes).toEqual([
      {
        name: 'Ana',
        number: '+3222223344',
        role: 'moderator',
        language: 'fr',
        mayEnter: true,
        dialOut: false,
        validFromMs: Date.UTC(2026, 6, 1),
        validUntilMs: Date.UTC(2026, 7, 1),
      },
      {
        name: 'Bo',
        number: '+3222223355',
        role: 'speaker',
        language: null,
        mayEnter: false,
        dialOut: true,
        validFromMs: Date.UTC(2026, 6, 1, 10),
        validUntilMs: null,
      },
    ]);
  });

  it.each([
    ['commas', 'name,number\nAna,+3222223344\n'],
    ['semicolons', 'name;number\nAna;+3222223344\n'],
    ['a byte order mark and CRLF', '\uFEFFname,number\r\nAna,+3222223344\r\n'],
    ['other names and the other order', 'Phone Number,Full_Name\n+3222223344,Ana\n'],
    ['capitals, spaces, quotes and empty lines', 'NAME , Number\n\n "Ana" , "+32 2 222 33 44"\n\n'],
    ['the apostrophe of an export', "name,number\nAna,'+3222223344\n"],
    ['no line break at its end', 'name,number\nAna,+3222223344'],
  ])('may have %s', async (_, text) => {
    const file = await read(text);
    expect([file.faults, file.wishes]).toEqual([
      [],
      [expect.objectContaining({ name: 'Ana', number: '+3222223344' })],
    ]);
  });

  it('has numbers as they are dialled in a country when it is named', async () => {
    const text = 'name,number\nAna,02 222 33 44\n';
    expect((await read(text, 'BE')).wishes[0]?.number).toBe('+3222223344');
    expect((await read(text)).faults[0]).toMatchObject({ line: 2, field: 'number' });
  });

  it('gets all its faults, each with line, field, problem and remedy', async () => {
    const file = await read(
      [
        'name,number,role,language,may_enter,dial_out,valid_from,valid_until',
        'Ana,+3222223344,,,,,,',
        ',12,boss,tlh,perhaps,2,2026-02-30,tomorrow',
        'Bo,+3222223344,,,,,,',
        'Cy,+3222223366',
        'Di,+3222223377,,,,,2026-07-01,2026-07-02',
        'Ed,+3222223388,,,,,,',
      ].join('\n'),
    );
    expect(file.faults.map(({ line, field }) => [line, field])).toEqual([
      [3, 'name'],
      [3, 'number'],
      [3, 'role'],
      [3, 'language'],
      [3, 'may_enter'],
      [3, 'dial_out'],
      [3, 'valid_from'],
      [3, 'valid_until'],
      [4, 'number'],
      [5, 'line'],
    ]);
    expect(file.faults[8]?.problem).toBe('stands on line 2 already');
    for (const fault of file.faults) expect([fault.problem, fault.remedy].every((text) => text)).toBe(true);
    expect(file.wishes.map(({ name }) => name)).toEqual(['Ana', 'Di', 'Ed']);
  });

  it('tells a term that ends before it begins', async () => {
    const file = await read(
      'name,number,valid_from,valid_until\nDi,+3222223377,2026-07-02T10:00Z,2026-07-02T09:00Z\n',
    );
    expect(file.faults).toEqual([expect.objectContaining({ line: 2, field: 'valid_until' })]);
  });

  it.each([
    ['nothing in it', '', 'file'],
    ['an unknown column', 'name,number,shoe size\n', 'shoe size'],
    ['a column twice', 'name,number,phone\n', 'phone'],
    ['a column missing', 'name\nAna\n', 'number'],
    ['an open quote', 'name,number\n"Ana,+3222223344\n', 'line'],
    ['a line without end', `name,number\n${'x'.repeat(5_000)},+3222223344\n`, 'line'],
    ['too many lines', `name,number\n${manyLines(5_001)}`, 'file'],
  ])('cannot be used with %s', async (_, text, field) => {
    const file = await read(text);
    expect(file.broken).toBe(true);
    expect(file.faults.map((fault) => fault.field)).toContain(field);
  });

  it('cannot be used in another encoding than UTF-8', async () => {
    const file = await readListFile(Buffer.from('name,number\nJos\xe9,+3222223344\n', 'latin1'));
    expect([file.broken, file.faults]).toEqual([
      true,
      [expect.objectContaining({ field: 'file', problem: 'is not in UTF-8' })],
    ]);
  });
});
