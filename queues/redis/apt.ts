import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Options of apt-get for a package source other than the machine's own. */
export type AptOptions = readonly string[];

/** The distribution's packages, fetched and unpacked without installing any. */
export interface Apt {
  prepare(): Promise<void>;
  /** Downloads one package and unpacks it over `root`. */
  unpack(name: string, root: string): Promise<void>;
  dependencies(name: string): Promise<string[]>;
}

/** All of apt's own files lie in `workDir`, so no right to the system's is needed. */
export function aptIn(workDir: string, options: AptOptions): Apt {
  const state = join(workDir, "state");
  const archives = join(workDir, "archives");
  const own = [
    ["-o", `Dir::State=${state}`],
    ["-o", `Dir::Cache=${join(workDir, "cache")}`],
    // apt-get of root hands downloads to a user that cannot write here.
    ["-o", "APT::Sandbox::User=root"],
    ["-o", "Acquire::Retries=2"],
    ["-o", "Acquire::http::Timeout=20"],
    ["-o", "Acquire::https::Timeout=20"],
    ["-q"],
    options,
  ].flat();
  const limits = { timeout: 240_000, maxBuffer: 16 * 1024 ** 2 };
  return {
    async prepare() {
      await mkdir(join(state, "lists", "partial"), { recursive: true });
      await mkdir(join(workDir, "cache", "archives", "partial"), { recursive: true });
      await run("apt-get", [...own, "update"], limits);
    },
    async unpack(name, root) {
      const dir = join(archives, name);
      await mkdir(dir, { recursive: true });
      await mkdir(root, { recursive: true });
      await run("apt-get", [...own, "download", name], { ...limits, cwd: dir });
      for (const file of await readdir(dir)) await run("dpkg", ["-x", join(dir, file), root], limits);
    },
    async dependencies(name) {
      const { stdout } = await run("apt-cache", [...own, "depends", name], limits);
      return [...stdout.matchAll(/Depends: <?([a-z0-9.+-]+)/g)].map(([, dependency = ""]) => dependency);
    },
  };
}
