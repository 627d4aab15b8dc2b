import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

/** What an export writes before anybody may see it: a folder inside the one it is for. */
export interface Draft extends AsyncDisposable {
  readonly path: string;
  /** Puts these files or folders of the draft in the place of those before. */
  publish(...names: readonly string[]): Promise<void>;
}

const BEAT_MS = 2_000;
/** As long as a worker keeps its job without a sign of life. */
const SILENCE_MS = 30_000;
const NAME = /^\.(tokens|meds)-[\w-]+\.draft$/;

/** Begins a draft, and removes those that killed exports left; a draft that somebody still writes shows it by its time. */
export async function openDraft(out: string, format: "tokens" | "meds"): Promise<Draft> {
  await mkdir(out, { recursive: true });
  await removeSilent(out);
  const path = join(out, `.${format}-${randomUUID()}.draft`);
  await mkdir(path);
  const beat = setInterval(() => {
    const now = new Date();
    // A draft that another process took for dead fails at its next file, with a better word than here.
    utimes(path, now, now).catch(() => clearInterval(beat));
  }, BEAT_MS).unref();

  return {
    path,
    async publish(...names) {
      for (const name of names) {
        await rm(join(out, name), { recursive: true, force: true });
        await rename(join(path, name), join(out, name));
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(beat);
      await rm(path, { recursive: true, force: true });
    },
  };
}

async function removeSilent(out: string): Promise<void> {
  for (const name of (await readdir(out)).filter((found) => NAME.test(found))) {
    const path = join(out, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > SILENCE_MS) await rm(path, { recursive: true, force: true });
  }
}
