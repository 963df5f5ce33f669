import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promptTexts } from '../../test/support/spoken-words';
import { PLAY_LIMIT_MS } from './leg-playback';
import {
  chooseLanguageFile,
  LANGUAGES,
  musicFile,
  PROMPTS,
  promptFile,
  promptsOf,
  toneFile,
} from './prompts';

const folder = resolve(__dirname, '../../freeswitch-conf/prompts');
const checkScript = resolve(__dirname, '../../scripts/check-prompts.js');

/** Length of a recording of 8 kHz, mono, 16 bit. */
function secondsOf(file: string): number {
  const wav = readFileSync(file);
  expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
  expect([wav.readUInt16LE(22), wav.readUInt32LE(24), wav.readUInt16LE(34)]).toEqual([1, 8_000, 16]);
  return (wav.length - 44) / 16_000;
}

describe.each(LANGUAGES)('prompts in %s', (language) => {
  const texts = promptTexts(language);

  it('are written for every phrase and every word of numbers, and for nothing else', () => {
    expect(Object.keys(texts).toSorted()).toEqual(promptsOf(language).toSorted());
    expect(Object.entries(texts).filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  it.each(PROMPTS)('%s is recorded, and over before a playback counts as stuck', (name) => {
    const seconds = secondsOf(promptFile(folder, language, name));
    expect(seconds).toBeGreaterThan(0.33);
    expect(seconds * 1_000).toBeLessThan(PLAY_LIMIT_MS * 0.9);
  });

  it('has short words for numbers, which can be joined', () => {
    const words = promptsOf(language).filter((name) => !(PROMPTS as readonly string[]).includes(name));
    for (const name of words) {
      const seconds = secondsOf(promptFile(folder, language, name));
      expect(seconds).toBeGreaterThan(0.1);
      expect(seconds).toBeLessThan(2);
    }
  });

  it('names no key command by a number: the voice would not read it digit by digit', () => {
    expect(Object.entries(texts).filter(([, text]) => /[0-9*#]/.test(text))).toEqual([]);
  });
});

describe('sounds without a language', () => {
  it('are the menu of languages, two different tones and half a minute of music at most', () => {
    const offers = LANGUAGES.map((language) => secondsOf(promptFile(folder, language, 'choose-language')));
    expect(secondsOf(chooseLanguageFile(folder))).toBeCloseTo(
      offers.reduce((sum, seconds) => sum + seconds, 0),
      2,
    );
    expect(secondsOf(toneFile(folder, 'entered'))).toBeLessThan(1);
    expect(secondsOf(toneFile(folder, 'left'))).toBeLessThan(1);
    expect(readFileSync(toneFile(folder, 'entered'))).not.toEqual(readFileSync(toneFile(folder, 'left')));
    expect(secondsOf(musicFile(folder))).toBeGreaterThanOrEqual(20);
    expect(secondsOf(musicFile(folder))).toBeLessThanOrEqual(30);
  });
});

describe('the check of the build', () => {
  const copy = mkdtempSync(join(tmpdir(), '123-voip-check-'));
  const changed: string[] = [];
  beforeAll(() => cpSync(folder, copy, { recursive: true }));
  afterEach(() => {
    for (const path of changed.splice(0)) cpSync(join(folder, path), join(copy, path));
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  /** What the check complains about; nothing when it passes. */
  function findings(): string {
    try {
      execFileSync(process.execPath, [checkScript, copy], { encoding: 'utf8', stdio: 'pipe' });
      return '';
    } catch (error) {
      return (error as { stderr: string }).stderr;
    }
  }

  function remove(path: string): void {
    changed.push(path);
    rmSync(join(copy, path));
  }

  function changeText(language: string, change: (texts: Record<string, string>) => void): void {
    changed.push(`${language}.json`);
    const file = join(copy, `${language}.json`);
    const texts = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    change(texts);
    writeFileSync(file, JSON.stringify(texts));
  }

  it('passes the prompts as they are', () => {
    expect(findings()).toBe('');
  });

  it.each(LANGUAGES)('fails for a recording that is missing in %s', (language) => {
    remove(`${language}/goodbye.wav`);
    expect(findings()).toContain(`${language}/goodbye.wav: is not recorded`);
  });

  it.each(LANGUAGES)('fails for a text that is missing in %s', (language) => {
    changeText(language, (texts) => delete texts['number-1']);
    expect(findings()).toContain(`${language}.json: has no text for "number-1"`);
  });

  it('fails for a text that was changed and not recorded again', () => {
    changeText('fr', (texts) => {
      texts.goodbye = 'À bientôt.';
    });
    expect(findings()).toContain('fr/goodbye.wav: is not a recording of its text as it is now');
  });

  it('fails for a text that nothing speaks', () => {
    changeText('en', (texts) => {
      texts['never-spoken'] = 'Never.';
    });
    expect(findings()).toContain('en.json: nothing speaks "never-spoken"');
  });

  it.each([
    'choose-language.wav',
    'tones/entered.wav',
    'tones/left.wav',
    'tones/ringback.wav',
    'tones/beep.wav',
    'music/waiting.wav',
  ])('fails without %s', (path) => {
    remove(path);
    expect(findings()).toContain(`${path}: is not recorded`);
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
