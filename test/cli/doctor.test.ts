import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { Command } from "commander";
import { test as base, describe, expect, inject } from "vitest";
import { z } from "zod";
import { define } from "../../cli/commands/doctor.ts";
import { createContext } from "../../cli/context.ts";
import { examine } from "../../cli/doctor/finding.ts";
import { nodeCheck } from "../../cli/doctor/machine.ts";
import { readConfig } from "../../config.ts";
import { sayAlive } from "../../queues/heartbeats.ts";
import { poolNames } from "../../queues/pools.ts";
import { openQueues } from "../../queues/queues.ts";
import { freePort } from "../../queues/redis/server.ts";
import { startConditionalS3 } from "../support/conditional-s3.ts";
import { startS3 } from "../support/s3.ts";

const Report = z.object({
  ok: z.boolean(),
  findings: z.array(
    z.object({ check: z.string(), status: z.string(), found: z.string(), next: z.string().optional() }),
  ),
});

const test = base.extend<{ dir: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads this pattern to learn what the fixture needs.
  dir: async ({}, use) => {
    const dir = await mkdtemp(join(tmpdir(), "millrace-doctor-"));
    await use(dir);
    await rm(dir, { recursive: true, force: true });
  },
});

/** Runs `millrace doctor --json` and answers its report and what the command rejected with. */
async function doctor(env: NodeJS.ProcessEnv) {
  const { document, failure } = await run(env);
  const report = Report.parse(document);
  const find = (name: string) => report.findings.find(({ check }) => check === name);
  return { ...report, failure, find, text: JSON.stringify(report) };
}

async function run(env: NodeJS.ProcessEnv, args: readonly string[] = []) {
  const stdout = Object.assign(new PassThrough(), { isTTY: false });
  const streams = { stdout, stderr: new PassThrough() } as unknown as Parameters<
    typeof createContext
  >[0]["streams"];
  const context = createContext({ env, streams, readSettings: readConfig });
  context.output.json = true;
  const command = new Command("doctor");
  define(command, context);

  const failure = await command.parseAsync([...args], { from: "user" }).then(
    () => undefined,
    (error: unknown) => error,
  );
  const text = stdout.read();
  return { document: text === null ? undefined : JSON.parse(String(text)), failure };
}

async function settings(dir: string): Promise<NodeJS.ProcessEnv> {
  return {
    REDIS_URL: inject("redisUrl"),
    QUEUE_PREFIX: `doctor-${process.pid}-${Date.now()}`,
    LAKE_URL: join(dir, "lake"),
    TEMP_DIR: join(dir, "temp"),
    API_PORT: String(await freePort()),
  };
}

async function answering(body: unknown): Promise<{ server: Server; port: number }> {
  const server = createServer((_request, response) => response.end(JSON.stringify(body))).listen(
    0,
    "127.0.0.1",
  );
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return { server, port: address.port };
}

describe("millrace doctor", () => {
  test("finds a machine that can work, and leaves nothing behind", async ({ dir }) => {
    const { ok, failure, findings, find } = await doctor(await settings(dir));

    expect(findings.filter(({ status }) => status === "fail")).toEqual([]);
    expect({ ok, failure }).toEqual({ ok: true, failure: undefined });
    expect(find("Redis")).toMatchObject({
      status: "warn",
      found: expect.stringContaining("append-only file off"),
    });
    expect(await readdir(join(dir))).not.toContain("lake");
  });

  test("without REDIS_URL says which server would be started", async ({ dir }) => {
    const { REDIS_URL: _, ...env } = await settings(dir);

    const { find } = await doctor(env);

    expect(find("Redis")).toMatchObject({
      status: "ok",
      found: expect.stringMatching(/will be (started|fetched)/),
    });
    expect(find("workers")?.found).toContain("no cluster runs");
  });

  test("a Redis that is down fails it, with the place and no password", async ({ dir }) => {
    const port = await freePort();
    const env = { ...(await settings(dir)), REDIS_URL: `redis://:secret@127.0.0.1:${port}` };

    const { ok, failure, find, text } = await doctor(env);

    expect(ok).toBe(false);
    expect(failure).toMatchObject({ exitCode: 1, message: expect.stringMatching(/^1 of \d+ checks failed/) });
    expect(find("Redis")).toMatchObject({
      status: "fail",
      found: expect.stringContaining(`127.0.0.1:${port}`),
    });
    expect(find("workers")).toMatchObject({ status: "warn", found: expect.stringContaining("not known") });
    expect(text).not.toContain("secret");
  });

  test("names the pools that nobody serves", async ({ dir }) => {
    const env = await settings(dir);
    const prefix = env.QUEUE_PREFIX ?? "";
    await using queues = openQueues({ redisUrl: inject("redisUrl"), prefix }, { role: "worker" });
    const at = new Date().toISOString();
    const worker = {
      id: "w1",
      host: "h",
      pid: 1,
      running: 0,
      eventLoopLagMs: 0,
      rssBytes: 1,
      startedAt: at,
      at,
    };

    await sayAlive(queues, { ...worker, pools: poolNames.filter((pool) => pool !== "observer") });
    expect((await doctor(env)).find("workers")).toMatchObject({
      status: "warn",
      next: "millrace worker --pool observer",
    });

    await sayAlive(queues, { ...worker, id: "w2", pools: ["observer"] });
    expect((await doctor(env)).find("workers")).toMatchObject({ status: "ok" });
  });

  test("a lake that cannot be written fails it", async ({ dir }) => {
    const { find } = await doctor({ ...(await settings(dir)), LAKE_URL: "/proc/lake" });

    expect(find("lake")).toMatchObject({ status: "fail", next: expect.stringContaining("LAKE_URL") });
  });

  test("knows its own API from another program on the port", async ({ dir }) => {
    const own = await answering({ status: "alive", uptimeS: 7, eventLoopLagMs: 1 });
    const other = await answering({ hello: "world" });
    const env = await settings(dir);

    const withOwn = await doctor({ ...env, API_PORT: String(own.port) });
    const withOther = await doctor({ ...env, API_PORT: String(other.port) });

    expect(withOwn.find("API")).toMatchObject({ status: "ok", found: expect.stringContaining("for 7 s") });
    expect(withOther.find("API")).toMatchObject({
      status: "fail",
      next: expect.stringContaining("API_PORT"),
    });
    own.server.close();
    other.server.close();
  });

  test("an address open to other machines without keys fails it", async ({ dir }) => {
    const { find } = await doctor({ ...(await settings(dir)), API_HOST: "0.0.0.0" });

    expect(find("API")).toMatchObject({ status: "fail", next: expect.stringContaining("API_KEYS_FILE") });
  });

  test("asks the model server that is set, and needs none", async ({ dir }) => {
    const models = await answering({ models: [{ name: "m" }] });
    const env = await settings(dir);

    const there = await doctor({ ...env, OLLAMA_URL: `http://127.0.0.1:${models.port}` });
    models.server.close();
    const gone = await doctor({ ...env, OLLAMA_URL: `http://127.0.0.1:${await freePort()}` });

    expect(there.find("model server")).toMatchObject({ status: "ok" });
    expect(gone.find("model server")).toMatchObject({
      status: "fail",
      next: expect.stringContaining("OLLAMA_URL"),
    });
    expect((await doctor(env)).find("model server")).toMatchObject({ status: "ok" });
  });

  test("names the setting that is not understood, and still looks at Node", async () => {
    const { ok, find } = await doctor({ API_PORT: "many" });

    expect(ok).toBe(false);
    expect(find("configuration")).toMatchObject({
      status: "fail",
      found: expect.stringContaining("API_PORT"),
    });
    expect(find("Node")).toMatchObject({ status: "ok" });
  });
});

describe("millrace doctor --alive", () => {
  test("tells a container whether the worker of its own host was heard of", async ({ dir }) => {
    const env = await settings(dir);
    await using queues = openQueues(
      { redisUrl: inject("redisUrl"), prefix: env.QUEUE_PREFIX ?? "" },
      { role: "worker" },
    );
    const at = new Date().toISOString();
    const worker = {
      pid: 1,
      running: 0,
      eventLoopLagMs: 0,
      rssBytes: 1,
      startedAt: at,
      at,
      pools: [...poolNames],
    };

    await sayAlive(queues, { ...worker, id: "w1", host: "another-host" });
    expect((await run(env, ["--alive", "worker"])).failure).toMatchObject({ exitCode: 1 });

    await sayAlive(queues, { ...worker, id: "w2", host: hostname() });
    expect(await run(env, ["--alive", "worker"])).toEqual({
      document: { alive: "worker" },
      failure: undefined,
    });
    expect((await run(env, ["--alive", "scheduler"])).failure).toMatchObject({ exitCode: 1 });
  });

  test("asks the API for its health", async ({ dir }) => {
    const api = await answering({ status: "alive", uptimeS: 7, eventLoopLagMs: 1 });
    const env = { ...(await settings(dir)), API_PORT: String(api.port) };

    expect((await run(env, ["--alive", "api"])).failure).toBeUndefined();
    api.server.close();
    expect(
      (await run({ ...env, API_PORT: String(await freePort()) }, ["--alive", "api"])).failure,
    ).toBeDefined();
  });
});

describe("a lake on S3", () => {
  const s3 = async (dir: string, { endpoint, bucket }: { endpoint: string; bucket: string }) => ({
    ...(await settings(dir)),
    LAKE_URL: `s3://${bucket}/main`,
    S3_ENDPOINT: endpoint,
    S3_PATH_STYLE: "true",
    CACHE_DIR: join(dir, "cache"),
  });

  test("passes when of two writers of one object the second is refused", async ({ dir }) => {
    const { find } = await doctor(await s3(dir, await startConditionalS3()));

    expect(find("lake on S3")).toMatchObject({ status: "ok" });
  });

  test("fails on a server that lets the second one overwrite", async ({ dir }) => {
    const { find } = await doctor(await s3(dir, await startS3()));

    expect(find("lake on S3")).toMatchObject({
      status: "fail",
      found: expect.stringContaining("If-None-Match"),
    });
  });
});

test.for([
  ["20.18.3", "fail"],
  ["20.19.0", "ok"],
  ["24.1.0", "ok"],
])("Node %s is %s", async ([version = "", status]) => {
  expect(await examine([nodeCheck(version)])).toMatchObject([{ check: "Node", status }]);
});
