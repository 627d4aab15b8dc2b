import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test as base, expect, vi } from "vitest";
import { z } from "zod";
import { readAddress, type ServerAddress } from "../../../queues/redis/address-file.ts";
import type { RedisOptions } from "../../../queues/redis/ensure-redis.ts";
import { isRunning } from "../../../queues/redis/process-identity.ts";

const Answer = z.object({
  url: z.string().optional(),
  source: z.string().optional(),
  error: z.string().optional(),
});

/** A process of its own that holds a lease. */
export interface User extends z.infer<typeof Answer> {
  readonly process: ChildProcess;
  /** Closes its lease and ends. */
  leave(): Promise<void>;
  kill(): Promise<void>;
}

interface Fixtures {
  /** The folder of a server; whatever runs there ends with the test. */
  dir: string;
  /** Starts a user process and waits for what it got. */
  start(options?: Partial<RedisOptions> & { env?: NodeJS.ProcessEnv }): Promise<User>;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads this pattern to learn what the fixture needs.
  dir: async ({}, use) => {
    const dir = await mkdtemp(join(tmpdir(), "millrace-redis-"));
    await use(dir);
    await endAll(dir);
    // A server that ends by itself, and no longer has an address, may still write a last file.
    await rm(dir, { recursive: true, force: true, maxRetries: 20 });
  },
  start: async ({ dir }, use) => {
    const users: User[] = [];
    await use(async ({ env, ...options } = {}) => {
      const user = await startUser({ dir, idleMs: 700, ...options }, env);
      users.push(user);
      return user;
    });
    await Promise.all(users.map((user) => user.kill()));
  },
});

async function startUser(options: RedisOptions, env?: NodeJS.ProcessEnv): Promise<User> {
  const script = join(import.meta.dirname, "user.ts");
  const child = spawn(process.execPath, ["--import", "tsx", script, JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
    ...(env ? { env } : {}),
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const ended = async () => {
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  };
  return {
    ...Answer.parse(JSON.parse(line)),
    process: child,
    leave: async () => {
      child.stdin.end();
      await ended();
    },
    kill: async () => {
      child.kill("SIGKILL");
      await ended();
    },
  };
}

/** The address as it is now, of a server that answers. */
export async function readyAddress(
  dir: string,
  otherThan?: number,
): Promise<ServerAddress & { pid: number }> {
  return vi.waitFor(
    async () => {
      const address = await readAddress(dir);
      const pid = address?.server?.pid;
      if (!address?.ready || pid === undefined || pid === otherThan) throw new Error("no server is ready");
      return { ...address, pid };
    },
    { timeout: 60_000, interval: 50 },
  );
}

export async function expectEnd(address: ServerAddress): Promise<void> {
  const { server } = address;
  if (!server) throw new Error("the address names no server");
  await expect.poll(() => isRunning(server)).toBe(false);
}

async function endAll(dir: string): Promise<void> {
  const address = await readAddress(dir);
  for (const pid of [address?.keeper, address?.server?.pid]) {
    // A test that plays the keeper itself has written a 0 there, which would mean this whole process group.
    if (!pid) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It had ended by itself.
    }
  }
  if (address?.server) await expectEnd(address);
}
