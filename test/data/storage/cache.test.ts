import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { openCache } from "../../../data/storage/cache.ts";
import { temporaryFolder } from "../../support/folder.ts";

const object = (bytes: number) => async () => Readable.from([Buffer.alloc(bytes, "x")]);

test("an object is fetched once, however many wait for it and however often it is asked for", async () => {
  const cache = openCache({ dir: await temporaryFolder(), maxBytes: 1_000 }, "s3://lake");
  let fetches = 0;
  const fetch = async () => {
    fetches += 1;
    return Readable.from(["content"]);
  };

  const paths = await Promise.all(Array.from({ length: 20 }, () => cache.path("a.parquet", fetch)));
  paths.push(await cache.path("a.parquet", fetch));

  expect(fetches).toBe(1);
  expect(new Set(paths).size).toBe(1);
  expect(String(await readFile(paths[0] ?? ""))).toBe("content");
});

test("the folder stays within its bound, and what was used least recently goes first", async () => {
  const dir = await temporaryFolder();
  const cache = openCache({ dir, maxBytes: 1_000 }, "s3://lake");
  const first = await cache.path("first", object(300));
  for (let index = 0; index < 20; index += 1) {
    await cache.path(`other-${index}`, object(300));
    expect(await bytesIn(dir)).toBeLessThanOrEqual(1_000);
  }

  await expect(stat(first)).rejects.toThrow(/ENOENT/);
  await expect(cache.path("other-19", unfetchable)).resolves.toBeDefined();
});

test("two processes fill one folder to its bound together", async () => {
  const dir = await temporaryFolder();
  const processes = [openCache({ dir, maxBytes: 10_000 }, "a"), openCache({ dir, maxBytes: 10_000 }, "a")];

  for (let index = 0; index < 40; index += 1)
    await processes[index % 2]?.path(`object-${index}`, object(900));

  expect(await bytesIn(dir)).toBeLessThanOrEqual(10_000);
});

test("lakes of different places do not meet though their keys are the same", async () => {
  const dir = await temporaryFolder();
  const options = { dir, maxBytes: 1_000 };

  const a = await openCache(options, "s3://a").path("key", async () => Readable.from(["of a"]));
  const b = await openCache(options, "s3://b").path("key", async () => Readable.from(["of b"]));

  expect([String(await readFile(a)), String(await readFile(b))]).toEqual(["of a", "of b"]);
});

test("a fetch that fails leaves nothing, and the next one begins anew", async () => {
  const dir = await temporaryFolder();
  const cache = openCache({ dir, maxBytes: 1_000 }, "s3://lake");

  await expect(cache.path("key", unfetchable)).rejects.toThrow("out of reach");

  expect(await bytesIn(dir)).toBe(0);
  expect(String(await readFile(await cache.path("key", async () => Readable.from(["here"]))))).toBe("here");
});

const unfetchable = async (): Promise<Readable> => {
  throw new Error("out of reach");
};

async function bytesIn(dir: string): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
