import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A server that can be started on this machine. */
export interface ServerProgram {
  readonly command: string;
  /** Where the libraries lie that were unpacked beside it; empty for an installed one. */
  readonly libraryPath: string;
  readonly version: string;
}

const names = ["redis-server", "valkey-server"] as const;

/** The first server on PATH that is new enough; `passedOver` says why others were not taken. */
export async function findOnPath(): Promise<{ program?: ServerProgram; passedOver: string[] }> {
  const passedOver: string[] = [];
  for (const name of names) {
    const program = await versioned(name, "");
    if (!program) continue;
    if (isRecent(program.version)) return { program, passedOver };
    passedOver.push(`${name} on PATH is version ${program.version}, older than ${oldestVersion}`);
  }
  return { passedOver };
}

/** The program with its version, or undefined where it is missing or does not run. */
export async function versioned(command: string, libraryPath: string): Promise<ServerProgram | undefined> {
  try {
    const { stdout } = await run(command, ["--version"], {
      timeout: 10_000,
      ...(libraryPath ? { env: { LD_LIBRARY_PATH: libraryPath } } : {}),
    });
    const version = /\bv=(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
    return version ? { command, libraryPath, version } : undefined;
  } catch {
    return undefined;
  }
}

/** What the queues need. */
export const oldestVersion = "6.2";

export function isRecent(version: string): boolean {
  return version.localeCompare(oldestVersion, "en", { numeric: true }) >= 0;
}
