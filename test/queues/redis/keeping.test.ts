import { appendFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { describe, expect } from "vitest";
import { urlOf } from "../../../queues/redis/address-file.ts";
import { isRunning } from "../../../queues/redis/process-identity.ts";
import { expectEnd, readyAddress, test } from "./users.ts";

async function withClient<T>(url: string, ask: (client: Redis) => Promise<T>): Promise<T> {
  // Not counted as a user.
  const client = new Redis(url, { connectionName: "millrace-check" });
  client.on("error", () => {});
  try {
    return await ask(client);
  } finally {
    client.disconnect();
  }
}

describe("users of one server", () => {
  test("a second process attaches to the server of the first", async ({ start }) => {
    const first = await start();
    const second = await start();

    expect(first.source).toBe("started");
    expect(second).toMatchObject({ source: "attached", url: first.url });
  });

  test("many that start at once share one server", async ({ start }) => {
    const users = await Promise.all(Array.from({ length: 5 }, () => start()));

    expect(new Set(users.map(({ url }) => url)).size).toBe(1);
    expect(users.filter(({ source }) => source === "started")).toHaveLength(1);
    const ids = await Promise.all(
      users.map(({ url }) =>
        withClient(url ?? "", async (client) => /run_id:(\w+)/.exec(await client.info())?.[1]),
      ),
    );
    expect(new Set(ids).size).toBe(1);
  });

  test("the server ends with its last user, not before", async ({ dir, start }) => {
    const first = await start();
    const second = await start();
    const address = await readyAddress(dir);

    await first.leave();
    // The control: longer than the server stays alone, and it stays, for one user is left.
    await withClient(urlOf(address), (client) => client.blpop("nothing", 2));
    expect(address.server && (await isRunning(address.server))).toBe(true);

    await second.leave();
    await expectEnd(address);
  });

  test("users that die by kill -9 are gone like those that leave", async ({ dir, start }) => {
    const users = [await start(), await start()];
    const address = await readyAddress(dir);

    await Promise.all(users.map((user) => user.kill()));

    await expectEnd(address);
  });

  test("what was written is there when the next server starts", async ({ dir, start }) => {
    const first = await start();
    await withClient(first.url ?? "", (client) => client.set("kept", "yes"));
    const address = await readyAddress(dir);
    await first.leave();
    await expectEnd(address);

    const second = await start();

    expect(second.source).toBe("started");
    expect(await withClient(second.url ?? "", (client) => client.get("kept"))).toBe("yes");
  });

  test("nobody gets in without the password", async ({ dir, start }) => {
    await start();
    const { port } = await readyAddress(dir);

    await expect(withClient(`redis://127.0.0.1:${port}`, (client) => client.get("kept"))).rejects.toThrow(
      /NOAUTH/,
    );
  });
});

describe("kill -9", () => {
  test("of the server: it runs again at the same address with the same data", async ({ dir, start }) => {
    const { url = "" } = await start();
    await withClient(url, (client) => client.set("kept", "yes"));
    const { pid } = await readyAddress(dir);

    process.kill(pid, "SIGKILL");

    const again = await readyAddress(dir, pid);
    expect(urlOf(again)).toBe(url);
    expect(await withClient(url, (client) => client.get("kept"))).toBe("yes");
  });

  test("of the keeper: a user replaces it, and the server still ends with its last user", async ({
    dir,
    start,
  }) => {
    const user = await start();
    const before = await readyAddress(dir);

    process.kill(before.keeper, "SIGKILL");
    await expect.poll(async () => (await readyAddress(dir)).keeper).not.toBe(before.keeper);
    const after = await readyAddress(dir);
    expect(after.pid).toBe(before.pid);

    await user.leave();
    await expectEnd(after);
  });

  test("of the keeper and every user: the next one takes over the server they left", async ({
    dir,
    start,
  }) => {
    const user = await start();
    const before = await readyAddress(dir);
    process.kill(before.keeper, "SIGKILL");
    await user.kill();
    // The control: with nobody to keep it, the server runs on.
    expect(before.server && (await isRunning(before.server))).toBe(true);

    const next = await start();
    expect(next.url).toBe(user.url);
    await expect.poll(async () => (await readyAddress(dir)).keeper).not.toBe(before.keeper);
    expect((await readyAddress(dir)).pid).toBe(before.pid);
    await next.leave();
    await expectEnd(before);
  });

  test("of the keeper and the server: the users get both back", async ({ dir, start }) => {
    const { url = "" } = await start();
    await withClient(url, (client) => client.set("kept", "yes"));
    const before = await readyAddress(dir);

    process.kill(before.keeper, "SIGKILL");
    process.kill(before.pid, "SIGKILL");

    await readyAddress(dir, before.pid);
    expect(await withClient(url, (client) => client.get("kept"))).toBe("yes");
  });

  test("of the keeper while the server hangs: the hanging one is ended before another opens its file", async ({
    dir,
    start,
  }) => {
    const user = await start();
    const before = await readyAddress(dir);
    process.kill(before.pid, "SIGSTOP");
    process.kill(before.keeper, "SIGKILL");
    await user.kill();

    await start();

    expect(before.server && (await isRunning(before.server))).toBe(false);
  });
});

describe("a server that hangs", () => {
  test("is named to who comes then, who would else wait for as long as a start may take", async ({
    dir,
    start,
  }) => {
    await start();
    const { pid } = await readyAddress(dir);
    process.kill(pid, "SIGSTOP");

    const next = await start();
    process.kill(pid, "SIGCONT");

    expect(next.error).toContain(`kill -9 ${pid}`);
  });
});

describe("the folder", () => {
  test("a torn end of the append-only file costs that end only", async ({ dir, start }) => {
    const first = await start();
    await withClient(first.url ?? "", (client) => client.set("kept", "yes"));
    const address = await readyAddress(dir);
    await first.leave();
    await expectEnd(address);
    const files = await readdir(join(dir, "data"), { recursive: true });
    const incremental = files.find((file) => file.endsWith(".incr.aof") || file.endsWith("appendonly.aof"));
    await appendFile(join(dir, "data", incremental ?? ""), "*3\r\n$3\r\nSET\r\n$4\r\nto");

    const second = await start();

    expect(await withClient(second.url ?? "", (client) => client.keys("*"))).toEqual(["kept"]);
  });

  test("a server that cannot start says why", async ({ dir, start }) => {
    const first = await start();
    await withClient(first.url ?? "", (client) => client.set("kept", "yes"));
    const address = await readyAddress(dir);
    await first.leave();
    await expectEnd(address);
    const files = await readdir(join(dir, "data"), { recursive: true });
    const incremental = files.find((file) => file.endsWith(".incr.aof") || file.endsWith("appendonly.aof"));
    await appendFile(join(dir, "data", incremental ?? ""), "not a command\r\n*1\r\n$4\r\nPING\r\n");

    const second = await start();

    expect(second.error).toMatch(/did not start: .*ended at its start: .*append only file/i);
  });

  test("a server whose folder is removed ends", async ({ dir, start }) => {
    await start();
    const address = await readyAddress(dir);

    await rm(dir, { recursive: true, force: true });

    await expectEnd(address);
  });
});
