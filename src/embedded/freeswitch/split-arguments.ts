/**
 * Splits blank-separated arguments as FreeSWITCH does: runs of blanks count once, single quotes hold blanks together, and
 * `^^:a:b` names its own separator. At most `limit` pieces; the last one keeps the rest.
 */
export function splitArguments(text: string, limit = 100): string[] {
  const own = /^\^\^(.)(.*)$/s.exec(text);
  if (own) return (own[2] as string).split(own[1] as string, limit);
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest !== '') {
    if (pieces.length === limit - 1) {
      pieces.push(rest);
      break;
    }
    const match = /^((?:'[^']*'|[^\s'])+|')\s*/.exec(rest);
    if (!match) break;
    pieces.push((match[1] as string).replaceAll("'", ''));
    rest = rest.slice(match[0].length);
  }
  return pieces;
}
