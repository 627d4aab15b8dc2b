import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect } from "vitest";
import { writeAddress } from "../../../queues/redis/address-file.ts";
import { ensureRedis } from "../../../queues/redis/ensure-redis.ts";
import { identify, type ProcessIdentity } from "../../../queues/redis/process-identity.ts";
import { isKept, takeTurn } from "../../../queues/redis/turn.ts";
import { fakeRedis } from "./fake-redis.ts";
import { readyAddress, test } from "./users.ts";

async function myself(): Promise<ProcessIdentity> {
  const identity = await identify(process.pid);
  if (!identity) throw new Error("no identity");
  return identity;
}

describe("the turn to keep a server", () => {
  test("is held as long as its holder lives", async ({ dir }) => {
    expect(await isKept(dir)).toBe(false);

    expect(await takeTurn(dir)).toBeDefined();

    expect(await isKept(dir)).toBe(true);
    expect(await takeTurn(dir)).toBeUndefined();
  });

  test("passes on from a holder that is dead, even when its pid lives again", async ({ dir }) => {
    const dead = { ...(await myself()), startedAt: "long ago" };
    await writeFile(join(dir, "keeper-00000007.json"), JSON.stringify(dead));

    expect(await isKept(dir)).toBe(false);
    expect(await takeTurn(dir)).toBeDefined();

    expect(await readdir(dir)).toEqual(["keeper-00000008.json"]);
  });

  test("of a process that cannot be seen from here is held while it shows itself", async ({ dir }) => {
    const file = join(dir, "keeper-00000001.json");
    await writeFile(file, JSON.stringify({ ...(await myself()), place: "another machine" }));
    expect(await takeTurn(dir)).toBeUndefined();

    const minuteAgo = new Date(Date.now() - 60_000);
    await utimes(file, minuteAgo, minuteAgo);
    expect(await takeTurn(dir)).toBeDefined();
  });

  test("and the address of a server are nobody's when a power cut has emptied their files", async ({
    dir,
    start,
  }) => {
    await writeFile(join(dir, "keeper-00000003.json"), "");
    await writeFile(join(dir, "address.json"), "");

    expect(await isKept(dir)).toBe(false);
    expect(await start()).toMatchObject({ source: "started" });
  });

  test("goes to one of many that find the same dead holder", async ({ dir }) => {
    const dead = { ...(await myself()), startedAt: "long ago" };
    await writeFile(join(dir, "keeper-00000001.json"), JSON.stringify(dead));

    expect(await race("turn", dir)).toEqual(["held", "none", "none", "none", "none", "none"]);
  });

  test("would go to several if the stale file were replaced instead", async ({ dir }) => {
    await writeFile(join(dir, "lock"), "stale");

    expect(await race("replaced", dir)).toEqual(Array.from({ length: 6 }, () => "held"));
  });
});

describe("a server that is about to leave", () => {
  const facts = { redis_version: "7.2.4", maxmemory_policy: "noeviction", aof_enabled: "1" };

  test("is not taken: its address is looked at again after connecting", async ({ dir }) => {
    const address = { port: 0, password: "x", keeper: 0, server: null, ready: true };
    await using leaving = await fakeRedis(facts, async (command) => {
      if (command === "PING") await writeAddress(dir, { ...address, ready: false });
    });
    await writeAddress(dir, { ...address, port: leaving.port });

    await using lease = await ensureRedis({ dir, idleMs: 700 });

    expect(lease.source).toBe("started");
    expect(lease.url).not.toContain(`:${leaving.port}`);
    await readyAddress(dir);
  });

  test("the same server is taken when its address stays", async ({ dir }) => {
    await using staying = await fakeRedis(facts);
    await takeTurn(dir);
    await writeAddress(dir, {
      port: staying.port,
      password: "x",
      keeper: 0,
      server: null,
      ready: true,
    });

    await using lease = await ensureRedis({ dir });

    expect(lease).toMatchObject({ source: "attached" });
  });
});

/**
 * What six processes get that wait for each other and then look and act at once; or that have looked, and replace what
 * they saw one after another, which is the order in which each of them thinks to be alone.
 */
async function race(how: "turn" | "replaced", dir: string): Promise<string[]> {
  const script = join(import.meta.dirname, "racer.ts");
  const racers = Array.from({ length: 6 }, () => {
    const child = spawn(process.execPath, ["--import", "tsx", script, how, dir], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  });
  const next = async ({ lines }: (typeof racers)[number]) => String((await lines.next()).value);
  await Promise.all(racers.map(next));
  const asked: Promise<string>[] = [];
  for (const racer of racers) {
    racer.child.stdin.write("go\n");
    const answer = next(racer);
    asked.push(answer);
    if (how === "replaced") await answer;
  }
  const answers = await Promise.all(asked);
  for (const { child } of racers) child.stdin.end();
  await Promise.all(racers.map(({ child }) => (child.exitCode === null ? once(child, "exit") : undefined)));
  return answers.sort();
}
