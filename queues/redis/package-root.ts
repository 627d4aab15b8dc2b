import { execFile } from "node:child_process";
import { access, readdir, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Apt } from "./apt.ts";

const run = promisify(execFile);

const executables = ["redis-server", "valkey-server", "redis-check-rdb", "valkey-check-rdb"] as const;

/** The file to start, under a name that makes it serve. */
export async function findServer(root: string): Promise<string | undefined> {
  for (const name of executables) {
    const file = join(root, "usr", "bin", name);
    if (!(await exists(file))) continue;
    const serving = join(dirname(file), basename(file).replace("check-rdb", "server"));
    if (!(await exists(serving))) await symlink(basename(file), serving);
    return serving;
  }
  return undefined;
}

export async function libraryPathOf(root: string): Promise<string> {
  const dirs: string[] = [];
  for (const base of [join(root, "usr", "lib"), join(root, "lib")]) {
    const entries = await readdir(base, { withFileTypes: true }).catch(() => []);
    dirs.push(base, ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(base, entry.name)));
  }
  return dirs.join(":");
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Unpacks what the loader misses, until it misses nothing: a library may need another. */
export async function addLibraries(
  apt: Apt,
  root: string,
  server: string,
  packageName: string,
): Promise<void> {
  const candidates = new Set(await apt.dependencies(packageName));
  const tried = new Set<string>();
  for (;;) {
    const missing = await missingLibraries(root, server);
    if (missing.length === 0) return;
    const next = missing.map((library) => packageOf(library, candidates)).filter((name) => !tried.has(name));
    if (next.length === 0) throw new Error(`no package found for ${missing.join(", ")}`);
    for (const name of next) {
      tried.add(name);
      await apt.unpack(name, root);
      for (const dependency of await apt.dependencies(name)) candidates.add(dependency);
    }
  }
}

async function missingLibraries(root: string, server: string): Promise<string[]> {
  const { stdout } = await run("env", [`LD_LIBRARY_PATH=${await libraryPathOf(root)}`, "ldd", server]);
  return [...stdout.matchAll(/^\s*(\S+) => not found/gm)].map(([, library = ""]) => library);
}

/** `libjemalloc.so.2` is in libjemalloc2, `libhiredis.so.0.14` in libhiredis0.14, `libssl.so.3` in libssl3 or libssl3t64. */
export function packageOf(library: string, candidates: ReadonlySet<string>): string {
  const plain = (name: string) => name.replace(/t64$/, "").replaceAll("-", "").toLowerCase();
  const name = plain(library.replace(".so.", ""));
  return (
    [...candidates].find((candidate) => plain(candidate) === name) ??
    library.replace(".so.", "").toLowerCase()
  );
}
