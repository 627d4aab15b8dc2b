import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, vi } from "vitest";
import { z } from "zod";
import { defineRoute } from "../../api/define-route.ts";
import { findProgram } from "../../queues/redis/find-program.ts";
import { test as base } from "./api.ts";

const test = base.extend<{ redis: { url: string; server: ChildProcess } }>({
  redis: async ({ dir }, use) => {
    const port = await freePort();
    const { command, libraryPath } = await findProgram();
    const settings = ["--port", String(port), "--save", "", "--appendonly", "no", "--dir", dir];
    const server = spawn(command, settings, {
      stdio: ["ignore", "pipe", "inherit"],
      ...(libraryPath && { env: { LD_LIBRARY_PATH: libraryPath } }),
    });
    for await (const line of server.stdout) if (String(line).includes("Ready to accept connections")) break;
    await use({ url: `redis://127.0.0.1:${port}`, server });
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill("SIGKILL");
    await once(server, "exit");
  },
});

const needRedis = [
  ["POST", "/jobs/parcel", '{"to":"mill"}'],
  ["POST", "/jobs", '{"jobs":[{"kind":"parcel","input":{"to":"mill"}}]}'],
  ["GET", "/jobs"],
  ["GET", "/jobs/some-job"],
  ["GET", "/jobs/some-job/events"],
  ["GET", "/pools"],
  ["GET", "/board/api/queues"],
] as const;

/** `Retry-After` says when to ask again; a request that would hang is cut off by the two seconds given here. */
async function expectAway(url: string) {
  for (const [method, path, body] of needRedis) {
    const response = await fetch(url + path, {
      method,
      headers: { "content-type": "application/json" },
      ...(body && { body }),
      signal: AbortSignal.timeout(2_000),
    });
    expect(response.status, path).toBe(503);
    expect(Number(response.headers.get("retry-after")), path).toBeGreaterThan(0);
    expect(await response.json(), path).toMatchObject({ type: "urn:millrace:problem:unavailable" });
  }
}

describe("while Redis is away", () => {
  test("requests are answered 503 within two seconds, from the first one on", async ({ redis, serve }) => {
    const api = await serve({ redisUrl: redis.url });
    expect((await api.post("/jobs/parcel", { to: "mill" })).status).toBe(202);

    redis.server.kill("SIGKILL");
    await once(redis.server, "exit");
    await expectAway(api.url);
    expect((await api.fetch("/ready")).status).toBe(503);
    expect((await api.fetch("/health")).status).toBe(200);
    expect((await api.fetch("/schedules")).status).toBe(200);
    expect(await (await api.fetch("/metrics")).text()).toContain("millrace_redis_up 0");
  });

  test("the board is answered so too, before anybody has noticed", async ({ redis, serve }) => {
    const api = await serve({ redisUrl: redis.url });
    expect((await api.fetch("/board/api/queues")).status).toBe(200);

    redis.server.kill("SIGKILL");
    await once(redis.server, "exit");
    const response = await api.fetch("/board/api/queues");
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ type: "urn:millrace:problem:unavailable" });
  });

  test("a Redis that is there and does not answer is away as well, and comes back", async ({
    redis,
    serve,
  }) => {
    const api = await serve({ redisUrl: redis.url });
    redis.server.kill("SIGSTOP");
    await expectAway(api.url);

    redis.server.kill("SIGCONT");
    const ask = async () => (await api.post("/jobs/parcel", { to: "mill" })).status;
    await vi.waitUntil(async () => (await ask()) === 202, { timeout: 60_000 });
    await vi.waitUntil(async () => (await api.fetch("/ready")).status === 200, { timeout: 60_000 });
  });

  test("what waits for Redis is cut off, where without that guard it would hang", async ({
    redis,
    serve,
  }) => {
    const waiting = (path: `/${string}`, guard: { withoutRedis?: true }) =>
      defineRoute({
        summary: "Wait",
        method: "get",
        path,
        role: "anyone",
        status: 200,
        reply: z.strictObject({}),
        handle: ({ signal }) => once(signal, "abort").then(() => ({})),
        ...guard,
      });
    const guarded = waiting("/guarded", {});
    const unguarded = waiting("/unguarded", { withoutRedis: true });
    const api = await serve({ redisUrl: redis.url, routes: { guarded, unguarded } });
    const leaving = new AbortController();
    const hanging = api.fetch("/unguarded", { signal: leaving.signal });
    const cutOff = api.fetch("/guarded");
    redis.server.kill("SIGSTOP");

    expect((await cutOff).status).toBe(503);
    // An answer to the other, sent with the first of these, would be here before the second.
    expect((await api.fetch("/guarded")).status).toBe(503);
    redis.server.kill("SIGCONT");
    leaving.abort();
    await expect(hanging).rejects.toThrow(/abort/);
  });

  test("an open event stream ends instead of hanging", async ({ redis, serve }) => {
    const api = await serve({ redisUrl: redis.url });
    const { links } = (await (await api.post("/jobs/parcel", { to: "mill" })).json()) as {
      links: { events: string };
    };
    const response = await api.fetch(links.events, { signal: AbortSignal.timeout(10_000) });
    redis.server.kill("SIGSTOP");

    await expect(response.text()).rejects.toThrow(/terminated/);
    redis.server.kill("SIGCONT");
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return address.port;
}
