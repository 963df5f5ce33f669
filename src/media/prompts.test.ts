import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { LANGUAGES, PROMPTS, promptFile } from './prompts';

const folder = resolve(__dirname, '../../freeswitch-conf/prompts');

describe.each(LANGUAGES)('prompts in %s', (language) => {
  const texts = JSON.parse(readFileSync(`${folder}/${language}.json`, 'utf8')) as Record<string, string>;

  it.each(PROMPTS)(
    '%s is written and recorded as 8 kHz mono that is longer than a third of a second',
    (name) => {
      expect(texts[name]?.length).toBeGreaterThan(5);
      const wav = readFileSync(promptFile(folder, language, name));
      expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
      expect(wav.readUInt16LE(22)).toBe(1);
      expect(wav.readUInt32LE(24)).toBe(8_000);
      expect(wav.length).toBeGreaterThan(44 + 8_000 * 2 * 0.33);
    },
  );

  it('has no text or recording that nothing speaks', () => {
    expect(Object.keys(texts).toSorted()).toEqual([...PROMPTS].toSorted());
    expect(readdirSync(`${folder}/${language}`).toSorted()).toEqual(
      PROMPTS.map((name) => `${name}.wav`).toSorted(),
    );
  });
});

describe('promptFile', () => {
  it.each(LANGUAGES)('speaks the language of the access number: %s', (language) => {
    expect(promptFile('/prompts', language, 'enter-pin')).toBe(`/prompts/${language}/enter-pin.wav`);
  });

  it('has another recording for every language', () => {
    const recordings = LANGUAGES.map((language) =>
      readFileSync(promptFile(folder, language, 'enter-pin')).toString('base64'),
    );
    expect(new Set(recordings).size).toBe(LANGUAGES.length);
  });

  it('speaks the first language where it has no recordings of the one wanted', () => {
    expect(promptFile('/prompts', 'xx', 'goodbye')).toBe('/prompts/en/goodbye.wav');
  });
});
