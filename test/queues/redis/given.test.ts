import { readdir } from "node:fs/promises";
import { describe, expect } from "vitest";
import { ensureRedis } from "../../../queues/redis/ensure-redis.ts";
import { freePort } from "../../../queues/redis/server.ts";
import { fakeRedis } from "./fake-redis.ts";
import { test } from "./users.ts";

const good = { redis_version: "7.2.4", maxmemory_policy: "noeviction", aof_enabled: "1" };

describe("a given Redis", () => {
  test("is taken as it is when it fits, and nothing is started", async ({ dir }) => {
    await using server = await fakeRedis(good);

    await using lease = await ensureRedis({ redisUrl: server.url, dir });

    expect(lease).toMatchObject({ url: server.url, source: "given" });
    expect(await readdir(dir)).toEqual([]);
  });

  test.for([
    ["6.2.0", "noeviction"],
    ["10.0.1", "noeviction"],
  ])("of version %s is taken", async ([version = "", policy = ""], { dir }) => {
    await using server = await fakeRedis({ ...good, redis_version: version, maxmemory_policy: policy });

    await using lease = await ensureRedis({ redisUrl: server.url, dir });

    expect(lease.source).toBe("given");
  });

  test("older than 6.2 is refused with its version", async ({ dir }) => {
    await using server = await fakeRedis({ ...good, redis_version: "6.0.16" });

    const refused = ensureRedis({ redisUrl: server.url, dir });

    await expect(refused).rejects.toThrow(/version 6\.0\.16.*6\.2 or newer/);
  });

  test("that evicts keys is refused with its policy", async ({ dir }) => {
    await using server = await fakeRedis({ ...good, maxmemory_policy: "allkeys-lru" });

    const refused = ensureRedis({ redisUrl: server.url, dir });

    await expect(refused).rejects.toThrow(/allkeys-lru.*set it to noeviction/);
  });

  test("that is down is an error that names the place but no password, and nothing else is started", async ({
    dir,
  }) => {
    const url = `redis://:secret@127.0.0.1:${await freePort()}`;

    const refused = await ensureRedis({ redisUrl: url, dir }).catch((error: Error) => error.message);

    expect(refused).toMatch(/127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED/);
    expect(refused).not.toContain("secret");
    expect(await readdir(dir)).toEqual([]);
  });

  test("that is down is an error for a process of its own as well", async ({ start }) => {
    const user = await start({ redisUrl: `redis://127.0.0.1:${await freePort()}` });

    expect(user.error).toContain("does not answer");
    expect(user.url).toBeUndefined();
  });
});
