/** What the house says, as scripts see it: the names that the sources speak, the texts, and what each recording was made of. */
const { createHash } = require('node:crypto');
const { existsSync, readFileSync } = require('node:fs');
const { dirname, join, resolve } = require('node:path');
const { compileFunction } = require('node:vm');
const { transformFileSync } = require('@swc/core');

/** Changes when recordings of an unchanged text have to be made again. */
const RECIPE = 'espeak-ng 175 words a minute (ar 190), pauses up to 0.25 s, trimmed, 8 kHz';

/** What a source file exports. The names are read from the sources, so that they can be checked before anything is compiled. */
function loadSource(file) {
  const { code } = transformFileSync(file, {
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  const exported = {};
  const load = (name) =>
    name.startsWith('.') ? loadSource(join(dirname(file), `${name}.ts`)) : require(name);
  compileFunction(code, ['exports', 'require'], { filename: file })(exported, load);
  return exported;
}

const { LANGUAGES, promptsOf } = loadSource(resolve(__dirname, '../src/media/prompts.ts'));

const PROMPTS_DIR = resolve(__dirname, '../freeswitch-conf/prompts');

/** Tells one source of a recording from another. */
function digest(source) {
  return createHash('sha256').update(`${RECIPE}\n${source}`).digest('hex').slice(0, 16);
}

function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

/** Where the digests of the sources of all recordings stand, by path. */
function recordingsFile(promptsDir) {
  return join(promptsDir, 'recordings.json');
}

/** What each recording was made of when it was made: digest by path. */
function recordedSources(promptsDir) {
  return readJson(recordingsFile(promptsDir));
}

/** Texts of a language by name. */
function textsOf(promptsDir, language) {
  return readJson(join(promptsDir, `${language}.json`));
}

/** The recordings of phrases and words that there have to be: path, language, name and text (undefined where nobody wrote it). */
function wantedRecordings(promptsDir) {
  return LANGUAGES.flatMap((language) => {
    const texts = textsOf(promptsDir, language);
    return promptsOf(language).map((name) => ({
      path: `${language}/${name}.wav`,
      language,
      name,
      text: texts[name],
    }));
  });
}

/** What the menu of languages is made of: the offers of all languages in their order. */
function languageMenu(promptsDir) {
  return LANGUAGES.map((language) => ({
    path: `${language}/choose-language.wav`,
    text: textsOf(promptsDir, language)['choose-language'],
  }));
}

module.exports = {
  LANGUAGES,
  PROMPTS_DIR,
  digest,
  languageMenu,
  promptsOf,
  recordedSources,
  recordingsFile,
  textsOf,
  wantedRecordings,
};
