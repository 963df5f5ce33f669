import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import type { RequestHandler } from 'express';

/** Files whose name changes with what is in them. */
const FINGERPRINTED = '/assets/';
const YEAR_SECONDS = 31_536_000;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wav': 'audio/wav',
};
/** Compressed copies, the smaller first, by the name of their coding and their suffix. */
const CODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

type ConsoleFile = {
  readonly type: string;
  readonly plain: Buffer;
  readonly coded: ReadonlyMap<string, Buffer>;
};

/**
 * Serves the built console out of memory. Files with a fingerprint in their name are kept for a year by who asks; the page itself never,
 * so that a new version is seen at once. Addresses of pages are answered by the page, which finds its way from there.
 */
export function consoleFiles(folder: string): RequestHandler {
  const files = readFiles(folder);
  const page = files.get('/index.html');
  return (req, res, next) => {
    if (req.path.startsWith('/api/') || (req.method !== 'GET' && req.method !== 'HEAD')) return next();
    const file = files.get(req.path) ?? (isPage(req.path) ? page : undefined);
    if (!file) return next();
    const isKept = req.path.startsWith(FINGERPRINTED);
    res.setHeader('Cache-Control', isKept ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-store');
    res.setHeader('Vary', 'Accept-Encoding');
    res.setHeader('Content-Type', file.type);
    for (const [coding] of CODINGS) {
      const bytes = file.coded.get(coding);
      if (!bytes || req.acceptsEncodings(coding) !== coding) continue;
      res.setHeader('Content-Encoding', coding);
      res.end(bytes);
      return;
    }
    res.end(file.plain);
  };
}

/** Pages have addresses without a suffix; a missing file is missing. */
function isPage(path: string): boolean {
  return extname(path) === '';
}

function readFiles(folder: string): ReadonlyMap<string, ConsoleFile> {
  const found = new Map<string, ConsoleFile>();
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const there = new Set(paths);
  for (const path of paths) {
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    const coded = new Map(
      CODINGS.flatMap(([coding, suffix]) =>
        there.has(path + suffix) ? [[coding, readFileSync(path + suffix)] as const] : [],
      ),
    );
    found.set(`/${relative(folder, path)}`, { type, plain: readFileSync(path), coded });
  }
  return found;
}
