import { randomUUID } from "node:crypto";
import { link, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { identify, isRunning, ProcessIdentity } from "./process-identity.ts";

const pattern = /^keeper-(\d{8})\.json$/;
/** A keeper this process cannot see touches its file each second; one that has not for so long is gone. */
const SILENT_MS = 15_000;

/** The right to keep the server of one folder. It ends with the process that holds it. */
export interface Turn {
  /** Shows processes elsewhere that the holder lives. */
  touch(): Promise<void>;
}

/**
 * Takes the next turn, unless the holder of the last one lives. A turn is a numbered file that only one
 * process can create and that is never taken back, so a stale one needs no removal, and two processes that
 * find the same stale one cannot both follow it.
 */
export async function takeTurn(dir: string): Promise<Turn | undefined> {
  const identity = await identify(process.pid);
  if (!identity) throw new Error("this process cannot read its own start time; set REDIS_URL instead");
  const last = await lastTurn(dir);
  if (last && (await isHeld(dir, last.file))) return undefined;

  const number = (last?.number ?? 0) + 1;
  const file = join(dir, nameOf(number));
  if (!(await createWhole(file, JSON.stringify(identity)))) return undefined;

  // One who was slow to get here may have created a number that others have used and removed.
  if ((await lastTurn(dir))?.number !== number) {
    await rm(file, { force: true });
    return undefined;
  }
  for (const { number: older, file: name } of await turns(dir)) {
    if (older < number) await rm(join(dir, name), { force: true });
  }
  return { touch: () => utimes(file, new Date(), new Date()) };
}

/** Whether some process keeps the server now. */
export async function isKept(dir: string): Promise<boolean> {
  const last = await lastTurn(dir);
  return last !== undefined && (await isHeld(dir, last.file));
}

async function isHeld(dir: string, file: string): Promise<boolean> {
  const path = join(dir, file);
  try {
    const holder = readHolder(await readFile(path, "utf8"));
    if (!holder) return false;
    return (await isRunning(holder)) ?? Date.now() - (await stat(path)).mtimeMs < SILENT_MS;
  } catch (error) {
    // Removed meanwhile: somebody has just taken a later turn.
    if (isMissing(error)) return true;
    throw error;
  }
}

/** Undefined for a file that a power cut emptied: its holder is gone with all others. */
function readHolder(text: string): ProcessIdentity | undefined {
  try {
    return ProcessIdentity.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function lastTurn(dir: string) {
  return (await turns(dir)).at(-1);
}

async function turns(dir: string): Promise<{ number: number; file: string }[]> {
  const found = (await readdir(dir)).flatMap((file) => {
    const number = pattern.exec(file)?.[1];
    return number ? [{ number: Number(number), file }] : [];
  });
  return found.sort((a, b) => a.number - b.number);
}

function nameOf(number: number): string {
  return `keeper-${String(number).padStart(8, "0")}.json`;
}

/** Creates `path` with all of its content at once, or answers false because it is there. */
async function createWhole(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content, { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
