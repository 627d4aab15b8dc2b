import { chmod, readdir, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, vi } from "vitest";
import { z } from "zod";
import { defineRoute } from "../../api/define-route.ts";
import { openKeyRing } from "../../api/key-ring.ts";
import { createKey, listKeys, revokeKey } from "../../api/keys.ts";
import { test } from "./api.ts";

/** A user who owns nothing: to root every file is readable. */
const NOBODY = 65_534;
const input = JSON.stringify({ to: "mill" });
const json = { "content-type": "application/json" };

describe("a file of keys", () => {
  test("holds hashes only, is readable by its owner only, and forgets a revoked key", async ({ dir }) => {
    const file = join(dir, "keys", "keys.json");
    const secret = await createKey(file, "grafana", "read");
    await createKey(file, "deploy", "admin");

    const keys = await listKeys(file);
    expect(keys.map(({ name, role }) => `${name} ${role}`)).toEqual(["grafana read", "deploy admin"]);
    expect(JSON.stringify(keys)).not.toContain(secret);
    expect((await stat(file)).mode & 0o077).toBe(0);

    await revokeKey(file, "grafana");
    expect((await listKeys(file)).map(({ name }) => name)).toEqual(["deploy"]);
  });

  test("has one key of a name, and says so", async ({ dir }) => {
    const file = join(dir, "keys.json");
    await createKey(file, "deploy", "admin");
    await expect(createKey(file, "deploy", "read")).rejects.toThrow(/already: revoke it first/);
    await expect(createKey(file, "De ploy", "read")).rejects.toThrow(/cannot be named/);
    await expect(revokeKey(file, "nobody")).rejects.toThrow(/no key named nobody/);
  });

  test("loses none of many that are made at once, and leaves no draft behind", async ({ dir }) => {
    const file = join(dir, "keys.json");
    const names = Array.from({ length: 20 }, (_, at) => `key-${at}`);
    await Promise.all(names.map((name) => createKey(file, name, "read")));

    expect((await listKeys(file)).map(({ name }) => name).sort()).toEqual([...names].sort());
    expect((await readdir(dir)).filter((name) => name.startsWith("keys"))).toEqual(["keys.json"]);
  });

  test("is not changed while somebody else does, and says what to do if nobody does", async ({ dir }) => {
    const file = join(dir, "keys.json");
    await writeFile(`${file}.draft`, "");
    await expect(createKey(file, "deploy", "admin")).rejects.toThrow(/delete .*keys\.json\.draft/);
  });

  test("that another user made is refused with what to do", async ({ dir }) => {
    const file = join(dir, "keys.json");
    await createKey(file, "deploy", "admin");
    await chmod(file, 0);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      expect(() => openKeyRing(file, pino({ level: "silent" }))).toThrow(/keys\.json cannot be read.*chown/);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});

describe("without keys", () => {
  test("the API refuses any address but loopback and says which command makes a key", async ({
    serve,
    dir,
  }) => {
    await expect(serve({ host: "0.0.0.0" })).rejects.toThrow(/millrace keys create NAME --role admin/);
    const keysFile = join(dir, "none.json");
    await expect(serve({ host: "0.0.0.0", keysFile })).rejects.toThrow(/no keys in .*none\.json/);
  });

  test("loopback answers without a key", async ({ serve }) => {
    const api = await serve();
    expect((await api.fetch("/pools")).status).toBe(200);
  });

  test("a name that was made to resolve to loopback is not answered", async ({ serve }) => {
    const api = await serve();
    expect(await statusWithHost(api.url, "attacker.example")).toBe(403);
    expect(await statusWithHost(api.url, "localhost.attacker.example")).toBe(403);
    expect(await statusWithHost(api.url, "localhost:3100")).toBe(200);
    expect(await statusWithHost(api.url, "LOCALHOST:3100")).toBe(200);
    expect(await statusWithHost(api.url, "Localhost")).toBe(200);
    expect(await statusWithHost(api.url, "[::1]:3100")).toBe(200);
  });
});

describe("a page of another site", () => {
  test("gets nothing done through somebody's browser", async ({ serve }) => {
    const api = await serve();
    const crossSite = { ...json, "sec-fetch-site": "cross-site" };
    const refused = await api.fetch("/jobs/parcel", { method: "POST", headers: crossSite, body: input });
    expect(await refused.json()).toMatchObject({ type: "urn:millrace:problem:cross-site" });

    const foreign = await api.post("/jobs/parcel", { to: "mill" }, { origin: "http://attacker.example" });
    expect(foreign.status).toBe(403);
    const own = await api.post("/jobs/parcel", { to: "mill" }, { origin: api.url });
    expect(own.status).toBe(202);
  });

  test("is another site by its name, not by how the name is written", async ({ serve }) => {
    const api = await serve();
    const origin = "http://localhost:3100";
    expect(await statusWithHost(api.url, "LocalHost:3100", { origin })).toBe(200);
    expect(await statusWithHost(api.url, "LocalHost:3101", { origin })).toBe(403);
  });
});

describe("with keys", () => {
  const ask = { method: "POST", body: input };

  test("a request needs one, and health, readiness and the documents do not", async ({ serve, dir }) => {
    const keysFile = join(dir, "keys.json");
    const secret = await createKey(keysFile, "app", "operate");
    const api = await serve({ keysFile, host: "0.0.0.0" });

    const missing = await api.fetch("/jobs/parcel", { ...ask, headers: json });
    expect(missing.status).toBe(401);
    expect(missing.headers.get("www-authenticate")).toContain("Bearer");
    expect(
      (await api.fetch("/jobs/parcel", { ...ask, headers: { ...json, "x-api-key": "mill_wrong" } })).status,
    ).toBe(401);
    expect((await api.fetch("/letters")).status).toBe(401);
    expect((await api.fetch("/board/")).status).toBe(401);
    expect((await api.fetch("/metrics")).status).toBe(401);
    for (const open of ["/health", "/ready", "/docs", "/openapi.json"]) {
      expect((await api.fetch(open)).status, open).toBe(200);
    }

    const headers = [
      { "x-api-key": secret },
      { authorization: `Bearer ${secret}` },
      { authorization: basic(secret) },
    ];
    for (const header of headers) {
      expect((await api.fetch("/jobs/parcel", { ...ask, headers: { ...json, ...header } })).status).toBe(202);
    }
  });

  test("a role does what it includes and nothing more", async ({ serve, dir }) => {
    const keysFile = join(dir, "keys.json");
    const read = { "x-api-key": await createKey(keysFile, "reader", "read") };
    const operate = { "x-api-key": await createKey(keysFile, "operator", "operate") };
    const admin = { "x-api-key": await createKey(keysFile, "boss", "admin") };
    const api = await serve({ keysFile });
    const status = async (path: string, key: Record<string, string>, method = "POST") =>
      (
        await api.fetch(path, {
          method,
          headers: { ...json, ...key },
          ...(method === "POST" && { body: input }),
        })
      ).status;

    expect(await status("/pools", read, "GET")).toBe(200);
    expect(await status("/jobs/parcel", read)).toBe(403);
    expect(await status("/jobs/parcel", operate)).toBe(202);
    expect(await status("/pools/maintenance/pause", operate)).toBe(403);
    expect(await status("/pools/maintenance/pause", admin)).toBe(200);
    expect(await status("/board/api/queues/maintenance/obliterate", operate, "PUT")).toBe(403);
  });

  test("are compared: where a route forgets to ask for a role the forbidden call succeeds", async ({
    serve,
    dir,
  }) => {
    const keysFile = join(dir, "keys.json");
    const read = { "x-api-key": await createKey(keysFile, "reader", "read") };
    const opened = (role: "admin" | "anyone") =>
      defineRoute({
        summary: "Open the sluice",
        method: "get",
        path: `/sluice/${role}`,
        role,
        status: 200,
        reply: z.strictObject({}),
        handle: async () => ({}),
      });
    const api = await serve({ keysFile, routes: { guarded: opened("admin"), unguarded: opened("anyone") } });

    expect((await api.fetch("/sluice/admin", { headers: read })).status).toBe(403);
    expect((await api.fetch("/sluice/anyone", { headers: read })).status).toBe(200);
  });

  test("a key made or revoked counts without a restart, and a broken file changes nothing", async ({
    serve,
    dir,
  }) => {
    const keysFile = join(dir, "keys.json");
    const first = await createKey(keysFile, "first", "read");
    const api = await serve({ keysFile });
    const status = async (key: string) =>
      (await api.fetch("/pools", { headers: { "x-api-key": key } })).status;
    expect(await status(first)).toBe(200);

    const second = await createKey(keysFile, "second", "read");
    await vi.waitUntil(async () => (await status(second)) === 200, { timeout: 60_000 });
    await revokeKey(keysFile, "first");
    await vi.waitUntil(async () => (await status(first)) === 401, { timeout: 60_000 });

    await writeFile(keysFile, "{");
    expect(await status(second)).toBe(200);
  });
});

function basic(secret: string): string {
  return `Basic ${Buffer.from(`anyone:${secret}`).toString("base64")}`;
}

function statusWithHost(
  url: string,
  host: string,
  headers: Record<string, string> = {},
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${url}/pools`, { headers: { ...headers, host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}
