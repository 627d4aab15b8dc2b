import { fileURLToPath } from "node:url";
import type { AptOptions } from "./apt.ts";
import { fetchProgram, findFetched } from "./fetch-program.ts";
import { findOnPath, isRecent, type ServerProgram } from "./program.ts";

export interface FindOptions {
  /** Where a fetched server is unpacked; `.cache/redis` of the project unless told. */
  readonly cacheDir?: string | undefined;
  readonly apt?: AptOptions;
}

export const projectCache = fileURLToPath(new URL("../../.cache/redis", import.meta.url));

/** A server to start: the installed one, else the one fetched before, else one fetched now. */
export async function findProgram({
  cacheDir = projectCache,
  apt,
}: FindOptions = {}): Promise<ServerProgram> {
  const { program, passedOver } = await findOnPath();
  if (program) return program;
  const fetched = await findFetched(cacheDir);
  if (fetched && isRecent(fetched.version)) return fetched;
  try {
    return await fetchProgram(cacheDir, apt);
  } catch (error) {
    throw new Error(whatToType([...passedOver, reasonOf(error)]));
  }
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const missing = /spawn (\S+) ENOENT/.exec(message)?.[1];
  return missing ? `and without ${missing} none can be fetched` : `fetching one failed: ${message}`;
}

function whatToType(reasons: readonly string[]): string {
  return [
    `No Redis or Valkey was found on PATH (${reasons.join("; ")}). Do one of these and start again:`,
    "  Debian, Ubuntu  sudo apt-get install redis-server",
    "  Fedora          sudo dnf install valkey",
    "  macOS           brew install valkey",
    "  Docker          docker run -d -p 127.0.0.1:6379:6379 valkey/valkey:8 valkey-server --appendonly yes",
    "                  and set REDIS_URL=redis://127.0.0.1:6379",
  ].join("\n");
}
