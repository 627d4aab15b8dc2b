import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type ServerAddress, urlOf } from "./address-file.ts";
import { askRedis } from "./facts.ts";
import { identify, isRunning, type ProcessIdentity } from "./process-identity.ts";
import type { ServerProgram } from "./program.ts";

/** A busy machine may take seconds for an answer, and ending a server that only was slow costs its users. */
const HANGING_MS = 10_000;

/** A server under our care: our child, or one that an earlier keeper left behind. */
export interface Server {
  readonly identity: ProcessIdentity;
  isRunning(): Promise<boolean>;
  /** Ends it at once. What it has acknowledged is on disk. */
  kill(): void;
}

export interface SpawnedServer extends Server {
  /** Resolves when it has read its file and answers, however long that takes; rejects when it ends instead. */
  whenReady(): Promise<void>;
}

export async function spawnServer(
  dir: string,
  program: ServerProgram,
  address: ServerAddress,
): Promise<SpawnedServer> {
  // Not the folder above it: one that was removed means that nobody wants this server.
  await mkdir(join(dir, "data"), { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const settings = join(dir, "redis.conf");
  await writeFile(settings, settingsOf(dir, address), { mode: 0o600 });

  const logPath = join(dir, "redis.log");
  const log = await open(logPath, "w", 0o600);
  const child = spawn(program.command, [settings], {
    cwd: dir,
    stdio: ["ignore", log.fd, log.fd],
    ...(program.libraryPath ? { env: { LD_LIBRARY_PATH: program.libraryPath } } : {}),
  });
  await once(child, "spawn");
  await log.close();

  const isAlive = () => child.exitCode === null && child.signalCode === null;
  const identity = await identify(child.pid ?? 0);
  if (!identity) throw new Error(`${program.command} ended at its start: ${await lastLine(logPath)}`);
  return {
    identity,
    isRunning: async () => isAlive(),
    kill: () => {
      child.kill("SIGKILL");
    },
    async whenReady() {
      while (isAlive()) {
        if (await answers(address)) return;
        await pause(30);
      }
      throw new Error(`${program.command} ended at its start: ${await lastLine(logPath)}`);
    },
  };
}

/**
 * The server that an earlier keeper left, if it still answers to our password. One that runs but does not
 * answer is ended: two servers must never write one file.
 */
export async function adoptServer(address: ServerAddress): Promise<Server | undefined> {
  const identity = address.server;
  if (!identity || !(await isRunning(identity))) return undefined;
  const server: Server = {
    identity,
    isRunning: async () => (await isRunning(identity)) ?? false,
    kill: () => process.kill(identity.pid, "SIGKILL"),
  };
  if (await answers(address, HANGING_MS)) return server;
  server.kill();
  while (await server.isRunning()) await pause(30);
  return undefined;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no TCP port was given");
  return address.port;
}

/**
 * Every write reaches the disk before it is acknowledged, nothing is evicted, and only this user of this
 * machine gets in.
 */
function settingsOf(dir: string, { port, password }: ServerAddress): string {
  return [
    "bind 127.0.0.1",
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${JSON.stringify(join(dir, "data"))}`,
    "daemonize no",
    "appendonly yes",
    "appendfsync always",
    "maxmemory-policy noeviction",
    'save ""',
    "",
  ].join("\n");
}

async function answers(address: ServerAddress, withinMs = 2_000): Promise<boolean> {
  return askRedis(urlOf(address), withinMs).then(
    () => true,
    () => false,
  );
}

async function lastLine(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.trim().split("\n").at(-1) ?? "";
}
