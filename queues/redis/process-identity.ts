import { execFile } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { promisify } from "node:util";
import { z } from "zod";

const run = promisify(execFile);

/** One process of one boot of one machine: a bare pid is given to another process sooner or later. */
export const ProcessIdentity = z.strictObject({
  pid: z.int(),
  /** What the kernel says of its start; the unit does not matter, only that it is the same. */
  startedAt: z.string(),
  /** Machine, boot and pid namespace: where `pid` means something. */
  place: z.string(),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const startedAt = await startOf(pid);
  return startedAt === undefined ? undefined : { pid, startedAt, place: await place() };
}

/** Undefined when the process lives where this one cannot see it. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean | undefined> {
  if (identity.place !== (await place())) return undefined;
  return (await startOf(identity.pid)) === identity.startedAt;
}

async function place(): Promise<string> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  const namespace = await readlink("/proc/self/ns/pid").catch(() => "");
  return [hostname(), boot.trim(), namespace].join(" ").trim();
}

async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") return startByPs(pid);
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The name in brackets may hold anything, so the fields are counted from behind it: state is the first, start the 20th.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined || fields[0] === "Z" ? undefined : fields[19];
}

async function startByPs(pid: number): Promise<string | undefined> {
  const found = await run("ps", ["-o", "lstart=", "-p", String(pid)]).catch(() => undefined);
  return found?.stdout.trim() || undefined;
}
