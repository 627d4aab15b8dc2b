import { execFile } from "node:child_process";
import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A place that can be made to take no more, and to take more again. */
export interface FullDisk extends AsyncDisposable {
  readonly kind: string;
  /** Where that place is; undefined where it is wherever the processes write. */
  readonly dir: string | undefined;
  /** From now on these processes find no room there. */
  fill(processes: readonly number[]): Promise<void>;
  makeRoom(): Promise<void>;
}

/** A small disk where one may be mounted, which takes root; else the system's limit on what a process may write. */
export async function openFullDisk(sizeMib: number, leaveBytes: number): Promise<FullDisk> {
  const dir = await mkdtemp(join(tmpdir(), "millrace-disk-"));
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${sizeMib}m`, "tmpfs", dir]);
  } catch {
    await rm(dir, { recursive: true });
    return limitedWriters();
  }
  return {
    kind: `a disk of ${sizeMib} MiB`,
    dir,
    async fill() {
      const { bavail, bsize } = await statfs(dir);
      const ballast = Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes));
      // Who writes beside may take the last of it first: then it is full.
      await writeFile(join(dir, "ballast"), ballast).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOSPC") throw error;
      });
    },
    makeRoom: () => rm(join(dir, "ballast"), { force: true }),
    async [Symbol.asyncDispose]() {
      await run("umount", ["-l", dir]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function limitedWriters(): FullDisk {
  const limited: number[] = [];
  const limit = async (process: number, bytes: string) => {
    await run("prlimit", ["--pid", String(process), `--fsize=${bytes}:unlimited`]).catch((error: unknown) => {
      const next =
        "Run it as root, who may mount a small disk, or install prlimit: apt-get install util-linux";
      throw new Error(`No disk can be filled here. ${next}`, { cause: error });
    });
  };
  return {
    kind: "a limit on what a process may write",
    dir: undefined,
    async fill(processes) {
      limited.push(...processes);
      for (const process of processes) await limit(process, "0");
    },
    async makeRoom() {
      // Who could not live with it is gone.
      for (const process of limited.splice(0)) await limit(process, "unlimited").catch(() => undefined);
    },
    async [Symbol.asyncDispose]() {},
  };
}
