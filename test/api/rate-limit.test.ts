import { join } from "node:path";
import { describe, expect } from "vitest";
import { createKey } from "../../api/keys.ts";
import { RateLimit } from "../../api/rate-limit.ts";
import { test } from "./api.ts";

describe("a rate limit", () => {
  test("gives each caller its own allowance, refilled as time goes by", () => {
    let now = 0;
    const limit = new RateLimit(60, () => now);
    for (let at = 0; at < 60; at += 1) expect(limit.take("a")).toBeUndefined();
    expect(limit.take("a")).toEqual({ retryAfterS: 1 });
    expect(limit.take("b")).toBeUndefined();

    now = 2_000;
    expect(limit.take("a")).toBeUndefined();
    expect(limit.take("a")).toBeUndefined();
    expect(limit.take("a")).toEqual({ retryAfterS: 1 });
  });

  test("remembers a bounded number of callers", () => {
    const limit = new RateLimit(60, () => 0);
    for (let at = 0; at < 25_000; at += 1) limit.take(`caller ${at}`);
    expect(limit.callers).toBe(10_000);
  });

  test("answers 429 with Retry-After, to one key and not to another", async ({ serve, dir }) => {
    const keysFile = join(dir, "keys.json");
    const busy = { "x-api-key": await createKey(keysFile, "busy", "read") };
    const calm = { "x-api-key": await createKey(keysFile, "calm", "read") };
    const api = await serve({ keysFile, rateLimit: 3 });

    for (let at = 0; at < 3; at += 1)
      expect((await api.fetch("/schedules", { headers: busy })).status).toBe(200);
    const refused = await api.fetch("/schedules", { headers: busy });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await api.fetch("/schedules", { headers: calm })).status).toBe(200);
  });

  test("counts wrong keys against the address that tries them", async ({ serve, dir }) => {
    const keysFile = join(dir, "keys.json");
    await createKey(keysFile, "app", "read");
    const api = await serve({ keysFile, rateLimit: 2 });
    const guess = async () => (await api.fetch("/pools", { headers: { "x-api-key": "mill_guess" } })).status;

    expect([await guess(), await guess(), await guess()]).toEqual([401, 401, 429]);
  });
});
