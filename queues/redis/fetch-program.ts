import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type AptOptions, aptIn } from "./apt.ts";
import { addLibraries, findServer, libraryPathOf } from "./package-root.ts";
import { isRecent, oldestVersion, type ServerProgram, versioned } from "./program.ts";

/**
 * On Debian the server is the file `redis-check-rdb` of redis-tools, which serves when it is started as
 * `redis-server`; other releases keep it in redis-server, or have Valkey instead.
 */
const packages = ["redis-tools", "redis-server", "valkey-tools", "valkey-server"] as const;

/** The server unpacked by an earlier `fetchProgram`. */
export async function findFetched(cacheDir: string): Promise<ServerProgram | undefined> {
  return openRoot(join(resolve(cacheDir), "root"));
}

/**
 * Fetches the distribution's own package and the libraries it lacks, and unpacks them into `cacheDir`:
 * no root, nothing installed. Works from empty package lists, which it fetches into `cacheDir` as well.
 */
export async function fetchProgram(cacheDir: string, apt: AptOptions = []): Promise<ServerProgram> {
  const cache = resolve(cacheDir);
  await mkdir(cache, { recursive: true });
  const workDir = await mkdtemp(join(cache, "fetch-"));
  try {
    const unpacked = await unpackServer(workDir, apt);
    // What lies there may have come from another machine, whose libraries this one lacks.
    if (!(await findFetched(cache))) await rm(join(cache, "root"), { recursive: true, force: true });
    // Two fetches at once end in the same content, so the one that comes second takes the first one's.
    await rename(unpacked, join(cache, "root")).catch(ignoreTaken);
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
  const program = await findFetched(cache);
  if (!program) throw new Error("the unpacked server does not start");
  if (!isRecent(program.version))
    throw new Error(`the distribution has version ${program.version}, older than ${oldestVersion}`);
  return program;
}

async function unpackServer(workDir: string, options: AptOptions): Promise<string> {
  const apt = aptIn(workDir, options);
  const reasons: string[] = [];
  // One broken source among several fails the update, and the package may still come from another.
  await apt.prepare().catch((error) => reasons.push(lastLine(error)));
  for (const name of packages) {
    const root = join(workDir, `root-${name}`);
    try {
      await apt.unpack(name, root);
      const server = await findServer(root);
      if (!server) continue;
      await addLibraries(apt, root, server, name);
      return root;
    } catch (error) {
      reasons.push(lastLine(error));
    }
  }
  throw new Error(reasons[0] ?? "no package of the distribution holds a server");
}

async function openRoot(root: string): Promise<ServerProgram | undefined> {
  const server = await findServer(root);
  return server ? versioned(server, await libraryPathOf(root)) : undefined;
}

function ignoreTaken(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
}

function lastLine(error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return error.message;
  const text = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
  return text.trim().split("\n").at(-1) ?? "";
}
