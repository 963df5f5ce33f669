import { hash, parseOptions, verify } from '@node-rs/argon2';

/** OWASP's least for argon2id: 19 MiB, two passes, one lane. A hash that was made with less is made again when its password is next typed. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

let nobodys: Promise<string> | null = null;

/** What a password is kept as: a PHC string with its own salt. The password is normalised before. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, COST);
}

/** Whether a normalised password is the one that was hashed; null asks about nobody, says no and takes the same time. */
export async function isPassword(password: string, kept: string | null): Promise<boolean> {
  nobodys ??= hashPassword('nobody has this');
  const matches = await verify(kept ?? (await nobodys), password);
  return matches && kept !== null;
}

/** Whether a hash was made at less than today's cost. */
export function isWeak(kept: string): boolean {
  const { memoryCost, timeCost } = parseOptions(kept);
  return memoryCost < COST.memoryCost || timeCost < COST.timeCost;
}
