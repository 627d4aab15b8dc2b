import { fork } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import type { Lake } from "../../../data/lake.ts";
import { type FormatName, formatNames } from "../../../data/sql/formats/names.ts";
import { QueryError, QueryForbiddenError, QueryLimitError } from "../../../data/sql/query-error.ts";
import { tablesOf } from "../../../data/sql/query-tables.ts";
import { encodeResult, type Query, type QueryLimits, runQuery } from "../../../data/sql/run-query.ts";
import { askWalled } from "../../../data/sql/wall/ask.ts";
import { test as base } from "../../support/test.ts";

const MIB = 1024 ** 2;

const test = base.extend<{ limits: QueryLimits }>({
  limits: async ({ dir }, use) =>
    use({
      memoryBytes: 64 * MIB,
      threads: 1,
      tempDir: join(dir, "sql"),
      timeoutMs: 60_000,
      maxRows: 100_000,
    }),
});

async function visits(lake: Lake) {
  const table = lake.table("silver.visit");
  await table.ensure({ columns: [{ name: "id", type: "long", nullable: false }] });
  await table.append({ sql: "select range as id from range(3)" });
  await table.append({ sql: "select range as id from range(3, 5)" });
}

async function bytesOf(pieces: AsyncIterable<string | Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const piece of pieces) parts.push(Buffer.from(piece));
  return Buffer.concat(parts);
}

async function walled(lake: Lake, query: Query, limits: QueryLimits, format: FormatName = "ndjson") {
  await using answer = await askWalled(lake, query, limits);
  return await bytesOf(answer.pieces(format));
}

const failure = (lake: Lake, query: Query, limits: QueryLimits) =>
  walled(lake, query, limits).catch((error: unknown) => error);

/** Works for hours, and does not hear an interrupt. */
const deaf = (characters: number) =>
  `select levenshtein(repeat('a', ${characters}), repeat('b', ${characters}))`;

describe("a query behind the wall", () => {
  test.for(formatNames)("gives the same %s as one in this process", async (format, { lake, limits }) => {
    await visits(lake);
    const sql = "select id, 'v' || id as name, [id, null] as ids from silver.visit order by id";
    await using result = await runQuery(tablesOf(lake), { sql }, limits);
    expect(await walled(lake, { sql }, limits, format)).toEqual(await bytesOf(encodeResult(result, format)));
  });

  test("reads tables as of a version, and lists them", async ({ lake, limits }) => {
    await visits(lake);
    const sql = "select count(*) as n from silver.visit";
    expect(String(await walled(lake, { sql, asOf: { version: 1 } }, limits))).toBe('{"n":3}\n');
    expect(String(await walled(lake, { sql }, limits))).toBe('{"n":5}\n');
    expect(String(await walled(lake, { sql: "show tables" }, limits))).toContain("visit");
  });

  test("tells what is wrong in the same words, with the place", async ({ lake, limits }) => {
    await visits(lake);
    const position = { line: 1, column: 6 };
    const unknown = await failure(lake, { sql: "from silver.visits" }, limits);
    expect(unknown).toBeInstanceOf(QueryError);
    expect(unknown).toMatchObject({ message: expect.stringContaining("mean silver.visit?"), position });
    expect(await failure(lake, { sql: "from read_csv('/etc/passwd')" }, limits)).toBeInstanceOf(
      QueryForbiddenError,
    );
    expect(await failure(lake, { sql: "from range(100001)" }, limits)).toMatchObject({ limit: "rows" });
    expect(await failure(lake, { sql: "from silver.visit", asOf: { version: 9 } }, limits)).toBeInstanceOf(
      QueryError,
    );
  });

  test("leaves nothing on disk, read, half read or not read", async ({ lake, limits }) => {
    const sql = "select range, repeat('x', 1000) as text from range(10000)";
    await walled(lake, { sql }, limits);
    {
      await using answer = await askWalled(lake, { sql }, limits);
      for await (const piece of answer.pieces("json")) {
        expect(piece.length).toBeGreaterThan(0);
        break;
      }
    }
    {
      await using answer = await askWalled(lake, { sql }, limits);
      expect(answer.rowCount).toBe(10_000);
    }
    expect(await readdir(limits.tempDir)).toEqual([]);
  });
});

describe("the wall", () => {
  test("ends what takes memory that the engine does not count", async ({ lake, limits }) => {
    const uncounted = "select length(repeat('x', 200000000)) as n";
    {
      await using result = await runQuery(tablesOf(lake), { sql: uncounted }, limits);
      expect(String(await bytesOf(encodeResult(result, "ndjson")))).toBe('{"n":200000000}\n');
    }
    const stopped = await failure(lake, { sql: deaf(500_000_000) }, limits);
    expect(stopped).toBeInstanceOf(QueryLimitError);
    expect(stopped).toMatchObject({ limit: "memory" });
    expect(String(await walled(lake, { sql: "select 1 as a" }, limits))).toBe('{"a":1}\n');
    expect(await readdir(limits.tempDir)).toEqual([]);
  });

  test("ends what does not hear that its time is over", async ({ lake, limits }) => {
    const stopped = await failure(lake, { sql: deaf(400_000) }, { ...limits, timeoutMs: 2_000 });
    expect(stopped).toMatchObject({ limit: "time", message: expect.stringContaining("2 s") });
    expect(await readdir(limits.tempDir)).toEqual([]);
  });

  test("ends what nobody waits for any more", async ({ lake, limits }) => {
    const asked = new AbortController();
    const stopped = failure(lake, { sql: deaf(400_000), signal: asked.signal }, limits);
    const folders = () => readdir(limits.tempDir, { recursive: true }).catch(() => []);
    await expect.poll(async () => (await folders()).length).toBe(2);
    asked.abort(new Error("gone"));
    expect(await stopped).toMatchObject({ message: "gone" });
    expect(await readdir(limits.tempDir)).toEqual([]);
  });

  test("ends with who asked, also one who was killed", async ({ dir, limits }) => {
    const program = fileURLToPath(new URL("./asking-process.ts", import.meta.url));
    const asking = fork(program, [dir], { execArgv: ["--import", "tsx"] });
    const folders = () => readdir(limits.tempDir, { recursive: true }).catch(() => []);
    await expect.poll(async () => (await folders()).length).toBe(2);

    asking.kill("SIGKILL");
    await once(asking, "exit");
    // The last thing that the query's process does is to take its folder away.
    await expect.poll(folders).toEqual([]);
  });

  test("lets two queries run and has the third wait in line, for as long as its time", async ({
    lake,
    limits,
  }) => {
    await using first = await askWalled(lake, { sql: "select 1 as a" }, limits);
    const second = await askWalled(lake, { sql: "select 2 as a" }, limits);
    expect(await failure(lake, { sql: "select 3" }, { ...limits, timeoutMs: 50 })).toMatchObject({
      limit: "time",
    });
    const third = walled(lake, { sql: "select 3 as a" }, limits);
    await second[Symbol.asyncDispose]();
    expect(String(await third)).toBe('{"a":3}\n');
    expect(String(await bytesOf(first.pieces("ndjson")))).toBe('{"a":1}\n');
  });
});
