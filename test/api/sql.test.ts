import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { expect } from "vitest";
import type { Lake } from "../../data/lake.ts";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { test as base, type Caller } from "./api.ts";

const MIB = 1024 ** 2;

const test = base.extend<{ lake: Lake; api: Caller }>({
  lake: async ({ dir }, use) => {
    await using lake = await openLake({
      storage: openFolder(join(dir, "lake")),
      duckdb: { memoryBytes: 512 * MIB, threads: 2, tempDir: join(dir, "spill") },
    });
    const table = lake.table("silver.visit");
    await table.ensure({ columns: [{ name: "id", type: "long", nullable: false }] });
    await table.append({ sql: "select range as id from range(3)" });
    await table.append({ sql: "select range as id from range(3, 5)" });
    await use(lake);
  },
  api: async ({ serve, lake, dir }, use) =>
    use(await serve({ lake, sql: { timeoutMs: 20_000, maxRows: 2_000_000, tempDir: join(dir, "sql") } })),
});

test("POST /sql answers the rows of the tables", async ({ api }) => {
  const reply = await api.post("/sql", { sql: "select id from silver.visit order by id limit 2" });
  expect(reply.status).toBe(200);
  expect(reply.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(await reply.json()).toEqual({
    columns: [{ name: "id", type: "BIGINT" }],
    rows: [{ id: 0 }, { id: 1 }],
    rowCount: 2,
  });
});

test("A number beyond all doubles is infinite, as everywhere in JSON", async ({ api }) => {
  const reply = await api.post("/sql", { sql: "select 1e400 as a, -1e400 as b, 'NaN'::double as c" });
  expect(reply.status).toBe(200);
  expect(await reply.json()).toMatchObject({ rows: [{ a: "Infinity", b: "-Infinity", c: "NaN" }] });
});

test("as_of is a version or a time", async ({ api, lake }) => {
  const sql = "select count(*) as n from silver.visit";
  const { timestamp } = await lake.table("silver.visit").snapshot({ version: 1 });
  for (const as_of of [1, "1", timestamp.toISOString()])
    expect(await (await api.post("/sql", { sql, as_of })).json()).toMatchObject({ rows: [{ n: 3 }] });
  expect((await api.post("/sql", { sql, as_of: "yesterday" })).status).toBe(422);
  expect((await api.post("/sql", { sql, as_of: 99 })).status).toBe(422);
});

test("Each format has its media type and can be read", async ({ api }) => {
  const ask = async (format: string) => {
    const reply = await api.post("/sql", { sql: "select id from silver.visit order by id", format });
    return { type: reply.headers.get("content-type"), body: Buffer.from(await reply.arrayBuffer()) };
  };
  expect(await ask("csv")).toMatchObject({ type: expect.stringMatching(/^text\/csv/) });
  expect(String((await ask("ndjson")).body)).toBe([0, 1, 2, 3, 4].map((id) => `{"id":${id}}\n`).join(""));
  const arrow = await ask("arrow");
  expect(arrow.type).toBe("application/vnd.apache.arrow.stream");
  expect(
    tableFromIPC(arrow.body)
      .toArray()
      .map((row) => row.id),
  ).toEqual([0n, 1n, 2n, 3n, 4n]);
  expect(String((await ask("parquet")).body.subarray(0, 4))).toBe("PAR1");
});

test.for([
  ["selec 1", 422, "query-wrong", { line: 1, column: 1 }],
  ["select\n nope from silver.visit", 422, "query-wrong", { line: 2, column: 2 }],
  ["select 1; select 2", 422, "query-wrong", undefined],
  ["from silver.nothing", 422, "query-wrong", { line: 1, column: 6 }],
  ["select id::date from silver.visit", 422, "query-wrong", { line: 1, column: 10 }],
  ["select 1e400::decimal(10, 2)", 422, "query-wrong", { line: 1, column: 13 }],
  ["select id from silver.visit limit 1e400", 422, "query-wrong", undefined],
  ["drop table silver.visit", 403, "query-forbidden", undefined],
  ["copy (select 1) to '/tmp/x.csv'", 403, "query-forbidden", undefined],
  ["attach 'x.db'", 403, "query-forbidden", undefined],
  ["install httpfs", 403, "query-forbidden", undefined],
  ["from read_csv('/etc/passwd')", 403, "query-forbidden", { line: 1, column: 6 }],
  ["from range(2000001)", 422, "query-limit", undefined],
  ["select list(repeat('x', 1000) || range) from range(1000000)", 422, "query-limit", undefined],
] as const)("`%s` is answered with %i %s", async ([sql, status, name, position], { api }) => {
  const reply = await api.post("/sql", { sql });
  const problem = (await reply.json()) as { type: string };
  expect(reply.status).toBe(status);
  expect(problem).toMatchObject({ type: `urn:millrace:problem:${name}`, ...(position && { position }) });
});

test("A caller who leaves ends the query", async ({ api, dir }) => {
  const endless = "select count(*) from range(1000000) a, range(1000000) b where a.range * b.range % 7 = 3";
  const sandboxes = async () => (await readdir(join(dir, "sql")).catch(() => [])).length;
  const leaving = new AbortController();
  const asking = fetch(`${api.url}/sql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sql: endless }),
    signal: leaving.signal,
  });
  await expect.poll(sandboxes).toBe(1);
  leaving.abort();
  await expect(asking).rejects.toThrow();
  await expect.poll(sandboxes).toBe(0);
});

test("A caller who stops reading ends the reply, and its files go", async ({ api, dir }) => {
  const leaving = new AbortController();
  const reply = await fetch(`${api.url}/sql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sql: "select range, repeat('x', 100) as text from range(500000)", format: "csv" }),
    signal: leaving.signal,
  });
  await reply.body?.getReader().read();
  expect(await readdir(join(dir, "sql"))).toHaveLength(1);
  leaving.abort();
  await expect.poll(async () => (await readdir(join(dir, "sql"))).length).toBe(0);
});

test("a table whose log is torn is the lake's fault and not the caller's", async ({ api, lake }) => {
  const table = lake.table("silver.torn");
  await table.ensure({ columns: [{ name: "n", type: "long", nullable: true }] });
  await lake.storage.put("silver/torn/_delta_log/00000000000000000001.json", '{"add":{"pa');

  const reply = await api.post("/sql", { sql: "select * from silver.torn" });

  expect(reply.status).toBe(500);
  expect(await reply.json()).toMatchObject({ type: expect.stringMatching(/lake-damaged$/) });
});
