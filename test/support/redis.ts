import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {} from "vitest";
import type { TestProject } from "vitest/node";
import { findProgram } from "../../queues/redis/find-program.ts";
import { freePort } from "../../queues/redis/server.ts";

/** One real Redis for the whole run, in memory only; each test then takes its own key prefix in it. */
export default async function startRedis(project: TestProject) {
  const dir = await mkdtemp(join(tmpdir(), "millrace-test-redis-"));
  const { command, libraryPath } = await findProgram();
  const port = await freePort();
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = spawn(command, settings, {
    cwd: dir,
    stdio: ["ignore", "pipe", "inherit"],
    ...(libraryPath ? { env: { LD_LIBRARY_PATH: libraryPath } } : {}),
  });
  await readyLine(server);
  project.provide("redisUrl", `redis://127.0.0.1:${port}`);

  return async () => {
    server.kill();
    if (server.exitCode === null) await once(server, "exit");
    await rm(dir, { recursive: true, force: true });
  };
}

function readyLine(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    server.on("error", reject);
    server.on("exit", (code) => reject(new Error(`the test Redis ended with ${code}: ${output}`)));
    // Reads to the end: a full pipe would stop the server.
    server.stdout?.on("data", (bytes) => {
      output = `${output}${bytes}`.slice(-4_000);
      if (output.includes("Ready to accept connections")) resolve();
    });
  });
}

declare module "vitest" {
  interface ProvidedContext {
    redisUrl: string;
  }
}
