import { mkdir, readdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openFolder } from "../../../data/storage/folder.ts";
import type { Storage } from "../../../data/storage/storage.ts";
import { temporaryFolder } from "../../support/folder.ts";

test("listing goes in the order of the bytes of the keys, folders and files mixed", async () => {
  const storage = openFolder(await temporaryFolder());
  const keys = ["a-b", "a.b", "a/b", "a/c/d", "aa", "b\u{ffee}", "b\u{1f40e}", "ä"];
  for (const key of keys.toReversed()) await storage.put(key, key);

  expect(await keysOf(storage, "")).toEqual(keys);
  expect(await keysOf(storage, "a")).toEqual(["a-b", "a.b", "a/b", "a/c/d", "aa"]);
  expect(await keysOf(storage, "", "a/b")).toEqual(["a/c/d", "aa", "b\u{ffee}", "b\u{1f40e}", "ä"]);
});

test("a listing of thousands of objects is whole", async () => {
  const storage = openFolder(await temporaryFolder());
  const keys = Array.from({ length: 2_050 }, (_, index) => `log/${String(index).padStart(20, "0")}.json`);
  await mkdir(join(storage.url, "log"), { recursive: true });
  await Promise.all(keys.map((key) => writeFile(join(storage.url, key), "")));

  expect(await keysOf(storage, "log/")).toEqual(keys);
  expect(await keysOf(storage, "log/", keys[2_020])).toEqual(keys.slice(2_021));
});

test("a listing follows links to folders and passes over those that lead nowhere", async () => {
  const storage = openFolder(join(await temporaryFolder(), "lake"));
  const elsewhere = openFolder(join(await temporaryFolder(), "other"));
  await storage.put("a", "a");
  await elsewhere.put("part", "b");
  await symlink(elsewhere.url, join(storage.url, "linked"));
  await symlink(join(storage.url, "gone"), join(storage.url, "broken"));

  expect(await keysOf(storage, "")).toEqual(["a", "linked/part"]);
});

test("of many who create one object at once exactly one is told so, and its bytes are there", async () => {
  const storage = openFolder(await temporaryFolder());

  const won = await Promise.all(
    Array.from({ length: 50 }, (_, writer) => storage.putIfAbsent("log/0.json", `writer ${writer}`)),
  );

  expect(won.filter(Boolean)).toHaveLength(1);
  expect(String(await storage.get("log/0.json"))).toBe(`writer ${won.indexOf(true)}`);
  expect(await readdir(join(storage.url, ".tmp"))).toEqual([]);
});

test("with a plain write instead of the conditional one all are told so", async () => {
  const storage = openFolder(await temporaryFolder());
  const unguarded = async (key: string, body: string) => Boolean(await storage.put(key, body));

  const won = await Promise.all(
    Array.from({ length: 50 }, (_, writer) => unguarded("log/0.json", `writer ${writer}`)),
  );

  expect(won.filter(Boolean)).toHaveLength(50);
});

test("an object is never seen half-written while it is replaced", async () => {
  const storage = openFolder(await temporaryFolder());
  const bodies = ["x".repeat(3_000_000), "y".repeat(5_000_000)];
  await storage.put("object", bodies[0] ?? "");

  let isWriting = true;
  const writing = (async () => {
    for (let round = 0; round < 10; round += 1) await storage.put("object", bodies[round % 2] ?? "");
    isWriting = false;
  })();
  while (isWriting) expect(bodies).toContain(String(await storage.get("object")));

  await writing;
});

test("a file where a folder should be is an error that leaves nothing behind", async () => {
  const storage = openFolder(await temporaryFolder());
  await storage.put("taken", "a file");

  await expect(storage.put("taken/below", "x")).rejects.toThrow();
  await expect(storage.putIfAbsent("taken/below", "x")).rejects.toThrow();

  expect(await keysOf(storage, "")).toEqual(["taken"]);
  expect(await readdir(join(storage.url, ".tmp"))).toEqual([]);
});

test("a name too long for the file system is an error that says so", async () => {
  const storage = openFolder(await temporaryFolder());

  await expect(storage.put(`silver/${"n".repeat(300)}`, "x")).rejects.toThrow(/too long for the file system/);
});

test("what a dead process left half-written goes after a week", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, ".tmp"));
  for (const name of ["old", "young"]) await writeFile(join(folder, ".tmp", name), "half");
  const weekAgo = Date.now() / 1000 - 8 * 86_400;
  await utimes(join(folder, ".tmp", "old"), weekAgo, weekAgo);

  await openFolder(folder).put("first", "x");

  expect(await readdir(join(folder, ".tmp"))).toEqual(["young"]);
});

async function keysOf(storage: Storage, prefix: string, startAfter?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list(prefix, startAfter === undefined ? {} : { startAfter }))
    keys.push(key);
  return keys;
}
