import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Another running process uses the same VAR_DIR. */
export class AlreadyRunning extends Error {
  constructor(folder: string, pid: number) {
    super(`process ${pid} already uses ${folder}; stop it, or give this one a VAR_DIR of its own`);
    this.name = 'AlreadyRunning';
  }
}

/**
 * Takes `folder` for this process alone: two processes with one journal would each archive the other's file. Gives the function that
 * frees it; what a killed process left is taken over. @throws AlreadyRunning
 */
export function claimFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'running.pid');
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx', mode: 0o600 });
  } catch {
    const owner = Number(readFileSync(file, 'utf8'));
    if (isRunning(owner)) throw new AlreadyRunning(folder, owner);
    writeFileSync(file, String(process.pid), { mode: 0o600 });
  }
  return () => rmSync(file, { force: true });
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
