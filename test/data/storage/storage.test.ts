import { createReadStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { NotFoundError } from "../../../data/errors.ts";
import { BadKeyError } from "../../../data/storage/errors.ts";
import { openStorage } from "../../../data/storage/open-storage.ts";
import type { Storage } from "../../../data/storage/storage.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { startS3 } from "../../support/s3.ts";

const places: Record<string, () => Promise<Storage>> = {
  "a folder": async () => open(join(await temporaryFolder(), "lake")),
  "a bucket": async () => {
    const { endpoint, bucket } = await startS3();
    return open(`s3://${bucket}`, endpoint);
  },
  "a part of a bucket": async () => {
    const { endpoint, bucket } = await startS3();
    return open(`s3://${bucket}/some/prefix/`, endpoint);
  },
};

async function open(url: string, endpoint?: string): Promise<Storage> {
  return openStorage(url, {
    s3: { endpoint, region: "us-east-1", pathStyle: true, anonymous: false },
    cache: { dir: join(await temporaryFolder(), "cache"), maxBytes: 100_000_000 },
  });
}

const oddKeys = [
  "plain/file.parquet",
  "x=A%2FA/part 1.parquet",
  "quotes'and\"more/`backtick`.json",
  "emoji 🐎/ümlaut+plus&amp=?.bin",
  "a.b/..c/...",
  "semi;colon,comma#hash[1]{2}^~",
];

describe.each(Object.entries(places))("in %s", (_, openPlace) => {
  test.each(oddKeys)("an object has its bytes under the key %s", async (key) => {
    await using storage = await openPlace();
    await storage.put(key, "neighbour".repeat(3).slice(0, 9));

    await storage.put(key, "the content");

    expect(String(await storage.get(key))).toBe("the content");
    expect(await storage.stat(key)).toMatchObject({ key, sizeBytes: 11 });
    expect(await keysOf(storage, "")).toEqual([key]);
    expect(String(await readFile(await storage.localPath(key)))).toBe("the content");
    await storage.delete(key);
    expect(await storage.stat(key)).toBeUndefined();
  });

  test("what is missing is told by name, and deleting it is no error", async () => {
    await using storage = await openPlace();

    await expect(storage.get("silver/none.json")).rejects.toThrow(NotFoundError);
    await expect(storage.get("silver/none.json")).rejects.toThrow(/silver\/none\.json/);
    await expect(storage.getRange("none", 0, 4)).rejects.toThrow(NotFoundError);
    await expect(storage.read("none").then(buffer)).rejects.toThrow(NotFoundError);
    expect(await storage.stat("none")).toBeUndefined();
    await storage.delete("none");
    expect(await keysOf(storage, "none/")).toEqual([]);
  });

  test("ranges count from the start or the end and stop at the object's end", async () => {
    await using storage = await openPlace();
    await storage.put("digits", "0123456789");
    const range = async (start: number, end?: number) => String(await storage.getRange("digits", start, end));

    expect(await range(2, 5)).toBe("234");
    expect(await range(7)).toBe("789");
    expect(await range(-3)).toBe("789");
    expect(await range(-99)).toBe("0123456789");
    expect(await range(8, 99)).toBe("89");
    expect(await range(50, 60)).toBe("");
    expect(await range(4, 4)).toBe("");
  });

  test("listing keeps to a prefix and begins after a key", async () => {
    await using storage = await openPlace();
    const keys = ["a/b", "a/c/d", "a/c/e", "b/f"];
    for (const key of keys.toReversed()) await storage.put(key, key);

    expect(await keysOf(storage, "")).toEqual(keys);
    expect(await keysOf(storage, "a/")).toEqual(["a/b", "a/c/d", "a/c/e"]);
    expect(await keysOf(storage, "a/c")).toEqual(["a/c/d", "a/c/e"]);
    expect(await keysOf(storage, "", "a/c/d")).toEqual(["a/c/e", "b/f"]);
    expect(await keysOf(storage, "a/", "a/b")).toEqual(["a/c/d", "a/c/e"]);
  });
});

describe.each(Object.entries(places))("writing in %s", (_, openPlace) => {
  test("streams of any length go in and come out", async () => {
    await using storage = await openPlace();
    const block = Buffer.alloc(1024 ** 2, "0123456789abcdef");
    const long = () => Readable.from(Array.from({ length: 35 }, () => block));

    await storage.put("long", long());
    await storage.put("empty", Readable.from([]));
    await storage.put("long-buffer", Buffer.alloc(34 * 1024 ** 2, "z"));

    expect(await storage.stat("long")).toMatchObject({ sizeBytes: 35 * block.length });
    expect((await buffer(await storage.read("long"))).equals(await buffer(long()))).toBe(true);
    expect((await storage.get("empty")).length).toBe(0);
    expect((await storage.getRange("long-buffer", -3)).toString()).toBe("zzz");
  });

  test("a stream that breaks leaves nothing under the key, nor what was there changed", async () => {
    await using storage = await openPlace();
    await storage.put("kept", "before");
    const breaking = (count: number) =>
      Readable.from(
        (async function* () {
          for (let block = 0; block < count; block += 1) yield Buffer.alloc(1024 ** 2);
          throw new Error("the source broke");
        })(),
      );

    await expect(storage.put("new", breaking(3))).rejects.toThrow("the source broke");
    await expect(storage.put("new", breaking(40))).rejects.toThrow("the source broke");
    await expect(storage.put("kept", breaking(3))).rejects.toThrow("the source broke");

    expect(await keysOf(storage, "")).toEqual(["kept"]);
    expect(String(await storage.get("kept"))).toBe("before");
  });

  test("a draft is seen when it is published, and never when it is discarded", async () => {
    await using storage = await openPlace();
    const draft = await storage.draft("table/part.parquet");
    const other = await storage.draft("table/other.parquet");
    await writeFile(draft.path, "rows");
    await writeFile(other.path, "none");
    expect(await keysOf(storage, "")).toEqual([]);

    const published = await draft.publish();
    await other.discard();

    expect(draft.path).toMatch(/\.parquet$/);
    expect(published).toMatchObject({ key: "table/part.parquet", sizeBytes: 4 });
    expect(await keysOf(storage, "")).toEqual(["table/part.parquet"]);
    expect(String(await buffer(createReadStream(await storage.localPath("table/part.parquet"))))).toBe(
      "rows",
    );
  });

  test.each(["", "/etc/passwd", "../up", "a/../../up", "a//b", "a/./b", "a/", "nul\u0000", "line\nbreak"])(
    "the key %j is refused by every method",
    async (key) => {
      await using storage = await openPlace();

      for (const use of [
        () => storage.get(key),
        () => storage.getRange(key, 0),
        () => storage.read(key),
        () => storage.put(key, ""),
        () => storage.putIfAbsent(key, ""),
        () => storage.draft(key),
        () => storage.delete(key),
        () => storage.stat(key),
        () => storage.localPath(key),
      ])
        await expect(async () => use()).rejects.toThrow(BadKeyError);
      expect(await keysOf(storage, "")).toEqual([]);
    },
  );
});

async function keysOf(storage: Storage, prefix: string, startAfter?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list(prefix, startAfter === undefined ? {} : { startAfter }))
    keys.push(key);
  return keys;
}
