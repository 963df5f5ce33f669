#!/usr/bin/env node
/**
 * Fails when something the house says is missing in a language: a text, its recording, or a recording of the text as it is now.
 * Each finding is a line; exit code 1 when there is one. Another folder of prompts may be named as the argument. The remedy is scripts/make-prompts, after the text has been written.
 */
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const {
  LANGUAGES,
  PROMPTS_DIR,
  digest,
  languageMenu,
  promptsOf,
  recordedSources,
  textsOf,
  wantedRecordings,
} = require('./prompt-list');

const promptsDir = process.argv[2] ?? PROMPTS_DIR;

const SAMPLE_RATE_HZ = 8_000;
const BYTES_BEFORE_SOUND = 44;
/** The shortest word of any language, the Arabic "and", is longer. */
const LEAST_SECONDS = 0.1;

const findings = [];
const find = (what, problem) => findings.push(`${what}: ${problem}`);
const sources = recordedSources(promptsDir);

/** 8 kHz, mono, 16 bit: what every media server plays without converting. */
function checkSound(path) {
  const file = join(promptsDir, path);
  if (!existsSync(file)) {
    find(path, 'is not recorded');
    return;
  }
  const wav = readFileSync(file);
  const isOurs =
    wav.length > BYTES_BEFORE_SOUND + LEAST_SECONDS * SAMPLE_RATE_HZ * 2 &&
    wav.toString('latin1', 0, 4) === 'RIFF' &&
    wav.readUInt16LE(22) === 1 &&
    wav.readUInt32LE(24) === SAMPLE_RATE_HZ &&
    wav.readUInt16LE(34) === 16;
  if (!isOurs) find(path, 'is not a recording of 8 kHz, mono, 16 bit that says something');
}

function checkUnused(language, names) {
  for (const name of Object.keys(textsOf(promptsDir, language)))
    if (!names.has(name)) find(`${language}.json`, `nothing speaks "${name}"`);
  const folder = join(promptsDir, language);
  for (const file of existsSync(folder) ? readdirSync(folder) : [])
    if (!names.has(file.replace(/\.wav$/, ''))) find(`${language}/${file}`, 'nothing plays it');
}

for (const { path, language, name, text } of wantedRecordings(promptsDir)) {
  if (typeof text !== 'string' || text.trim() === '') find(`${language}.json`, `has no text for "${name}"`);
  else if (sources[path] !== digest(text)) find(path, 'is not a recording of its text as it is now');
  checkSound(path);
}
for (const path of [
  'choose-language.wav',
  'tones/entered.wav',
  'tones/left.wav',
  'tones/ringback.wav',
  'tones/beep.wav',
  'music/waiting.wav',
])
  checkSound(path);
if (sources['choose-language.wav'] !== digest(JSON.stringify(languageMenu(promptsDir))))
  find('choose-language.wav', 'is not a recording of the offers as they are now');

for (const language of LANGUAGES) checkUnused(language, new Set(promptsOf(language)));

for (const finding of findings) console.error(finding);
if (findings.length > 0) {
  console.error(
    `check-prompts: ${findings.length} findings; write what is missing and run scripts/make-prompts`,
  );
  process.exit(1);
}
