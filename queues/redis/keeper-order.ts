import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, open } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { z } from "zod";

/** What a keeper is told when it is started. */
export const KeeperOrder = z.strictObject({
  dir: z.string(),
  program: z.strictObject({ command: z.string(), libraryPath: z.string(), version: z.string() }),
  /** How long the server stays without a user. */
  idleMs: z.int(),
});
export type KeeperOrder = z.infer<typeof KeeperOrder>;

/** Starts a keeper that does not end with this process, nor with a Ctrl-C in its terminal. */
export async function spawnKeeper(order: KeeperOrder): Promise<ChildProcess> {
  await mkdir(order.dir, { recursive: true, mode: 0o700 });
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const keeper = fileURLToPath(new URL("keeper.ts", import.meta.url));
  const log = await open(keeperLog(order.dir), "w", 0o600);
  const child = spawn(process.execPath, ["--import", tsx, keeper, JSON.stringify(order)], {
    cwd: order.dir,
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  child.unref();
  await log.close();
  return child;
}

export function keeperLog(dir: string): string {
  return join(dir, "keeper.log");
}
