import { readFileSync, unwatchFile, watchFile } from "node:fs";
import type { Logger } from "pino";
import { mayNotRead, parseKeys, type StoredKey } from "./keys.ts";

const CHECK_MS = 500;

/** The keys of a file as they are now: a key made or revoked counts within a second, without a restart. */
export interface KeyRing extends Disposable {
  keys(): readonly StoredKey[];
}

export function openKeyRing(file: string, log: Logger): KeyRing {
  let keys = readKeys(file);
  const reread = () => {
    try {
      keys = readKeys(file);
      log.info({ keys: keys.length }, "API keys read again");
    } catch (error) {
      // A half-edited file must not lock everyone out, nor let a revoked key back in: what was read last holds.
      log.error({ err: error }, "The file of API keys cannot be read; the keys read before still hold");
    }
  };
  watchFile(file, { interval: CHECK_MS, persistent: false }, reread);
  return {
    keys: () => keys,
    [Symbol.dispose]: () => unwatchFile(file, reread),
  };
}

/** A file that is gone has no keys, so that removing it refuses everyone. */
function readKeys(file: string): StoredKey[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw mayNotRead(file, error) ?? error;
  }
  return parseKeys(file, text);
}
