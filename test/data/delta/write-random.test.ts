import { join } from "node:path";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { z } from "zod";
import { openTable } from "../../../data/delta/open-table.ts";
import type { Table } from "../../../data/delta/table.ts";
import type { DuckDB } from "../../../data/sql/duckdb.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import { test } from "../../support/test.ts";
import { Crash, crashingStorage } from "./crashing-storage.ts";

/** The fewest are done on any machine; more of them while there is time. */
const STEPS = { fewest: 120, most: 3_000 };
const LONGEST_MS = 16_000;

/** A row as its text; a plain table is the list of them. */
type Rows = readonly string[];
interface Row {
  readonly id: number | null;
  readonly part: string | null;
  readonly n: number | null;
}

const rowOf = fc.record<Row>({
  id: fc.option(fc.integer({ min: 0, max: 30 })),
  part: fc.constantFrom("a", "b c", "d%e/ü", null),
  n: fc.constantFrom(null, 0, 1, 2, Number.NaN, Number.POSITIVE_INFINITY),
});
const batchOf = fc.array(rowOf, { minLength: 0, maxLength: 12 });
const restOf = fc.integer({ min: 0, max: 4 });

type Step =
  | { readonly kind: "append" | "overwrite"; readonly batch: readonly Row[] }
  | { readonly kind: "merge"; readonly batch: readonly Row[]; readonly rest: number | undefined }
  | { readonly kind: "replace"; readonly batch: readonly Row[]; readonly rest: number }
  | { readonly kind: "delete"; readonly rest: number }
  | { readonly kind: "restore"; readonly back: number }
  | { readonly kind: "optimize" | "checkpoint" | "vacuum" };

const stepOf: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("append" as const), batch: batchOf }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("overwrite" as const), batch: batchOf }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("merge" as const),
      batch: batchOf,
      rest: fc.option(restOf, { nil: undefined, freq: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("replace" as const), batch: batchOf, rest: restOf }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), rest: restOf }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("restore" as const), back: fc.integer({ min: 0, max: 6 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("optimize" as const, "checkpoint" as const, "vacuum" as const),
    }),
  },
);
const crashOf = fc.option(fc.record({ at: fc.integer({ min: 1, max: 6 }), afterEffect: fc.boolean() }), {
  freq: 2,
});

const hiding = { "delta.enableDeletionVectors": "true" };

describe.each([
  { partitionBy: [], properties: {} },
  { partitionBy: ["part"], properties: {} },
  { partitionBy: [], properties: hiding },
  { partitionBy: ["part"], properties: { ...hiding, "delta.enableChangeDataFeed": "false" } },
])("partitioned by $partitionBy with $properties", ({ partitionBy, properties }) => {
  test("random writes, with crashes at their writes, leave what a plain table would hold", async ({
    dir,
    lake,
    annotate,
  }) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const duckdb = await lake.duckdb();
    const steps = fc.sample(fc.tuple(stepOf, crashOf), { numRuns: STEPS.most, seed });
    const folder = join(dir, "random");
    const open = (crash: (typeof steps)[number][1]) => {
      const storage = openFolder(folder);
      const openDuckDB = async () => duckdb;
      return openTable({
        name: "t",
        root: "t",
        openDuckDB,
        storage: crash ? crashingStorage(storage, crash) : storage,
      });
    };
    const table = open(null);
    await table.ensure({ columns, partitionBy, properties });
    const versions: Rows[] = [[]];
    const until = Date.now() + LONGEST_MS;

    let done = 0;
    for (const [number, [step, crash]] of steps.entries()) {
      if (number >= STEPS.fewest && Date.now() > until) break;
      const place = `seed ${seed}, step ${number}: ${JSON.stringify({ step, crash })}`;
      const before = versions.at(-1) ?? [];
      const target = restoreTarget(step, versions);
      const after = expectedAfter(step, before, versions[target] ?? []);

      if (crash) {
        const dying = run(open(crash), step, number, target);
        await dying.catch(expectCrash);
        expect([before, after], place).toContainEqual(await rowsOf(duckdb, table));
      }
      await run(table, step, number, target);
      expect(await rowsOf(duckdb, table), place).toEqual(after);
      const from = versions.length;
      await catchUp(table, versions, after);
      if (number % 4 === 0) await expectFeed(duckdb, table, versions, from, place);
      done += 1;
    }
    const hidings = await hidingsOf(table);
    await annotate(`seed ${seed}, ${done} steps, ${hidings} that hid rows`);
    expect(hidings > 0, `seed ${seed}`).toBe("delta.enableDeletionVectors" in properties);
  });
});

const columns = [
  { name: "id", type: "long", nullable: true },
  { name: "part", type: "string", nullable: true },
  { name: "n", type: "double", nullable: true },
] as const;

async function hidingsOf(table: Table): Promise<number> {
  const commits = await table.history();
  return commits.filter(({ metrics }) => Number(metrics.numDeletionVectorsAdded ?? 0) > 0).length;
}

function restoreTarget(step: Step, versions: readonly Rows[]): number {
  return Math.max(0, versions.length - 1 - (step.kind === "restore" ? step.back : 0));
}

function expectCrash(error: unknown): void {
  if (!(error instanceof Crash)) throw error;
}

/** Every version since the last known holds what the step made: maintenance and a crashed try change no rows. */
async function catchUp(table: Table, versions: Rows[], after: Rows): Promise<void> {
  const { version } = await table.snapshot();
  while (versions.length <= version) versions.push(after);
}

async function run(table: Table, step: Step, number: number, target: number): Promise<void> {
  const txn = { appId: "random", version: number };
  switch (step.kind) {
    case "append":
      await table.append({ sql: sqlOf(step.batch) }, { txn });
      break;
    case "overwrite":
      await table.overwrite({ sql: sqlOf(step.batch) }, { txn });
      break;
    case "merge": {
      const scope = step.rest === undefined ? {} : { deleteMissing: conditionOf(step.rest) };
      await table.merge({ sql: sqlOf(step.batch) }, { key: ["id"], txn, ...scope });
      break;
    }
    case "replace": {
      const batch = step.batch.filter((row) => isWithin(row, step.rest));
      await table.overwrite({ sql: sqlOf(batch) }, { txn, where: conditionOf(step.rest) });
      break;
    }
    case "delete":
      await table.delete(conditionOf(step.rest), { txn });
      break;
    case "restore":
      await table.restore({ version: target });
      break;
    case "optimize":
      await table.optimize({ targetBytes: 2000 });
      break;
    case "checkpoint":
      await table.checkpoint();
      break;
    case "vacuum":
      await table.vacuum();
      break;
  }
}

function expectedAfter(step: Step, before: Rows, restored: Rows): Rows {
  const rows = before.map(parseRow);
  const sorted = (list: readonly Row[]) => list.map(textOf).sort();
  switch (step.kind) {
    case "append":
      return sorted([...rows, ...step.batch]);
    case "overwrite":
      return sorted(step.batch);
    case "merge": {
      const batch = lastOfEachKey(step.batch);
      const scope = step.rest;
      const kept = rows.filter((row) => batch.has(row.id) || scope === undefined || !isWithin(row, scope));
      const known = new Set(kept.map(({ id }) => id));
      const inserted = [...batch.values()].filter(({ id }) => !known.has(id));
      return sorted([...kept.map((row) => batch.get(row.id) ?? row), ...inserted]);
    }
    case "replace":
      return sorted([
        ...rows.filter((row) => !isWithin(row, step.rest)),
        ...step.batch.filter((row) => isWithin(row, step.rest)),
      ]);
    case "delete":
      return sorted(rows.filter((row) => !isWithin(row, step.rest)));
    case "restore":
      return restored;
    default:
      return before;
  }
}

/** Of rows with one key the greatest by all columns wins; null and NaN are the greatest of all. */
function lastOfEachKey(batch: readonly Row[]): Map<number | null, Row> {
  const rank = (value: string | number | null) => (value === null ? 2 : Number.isNaN(value) ? 1 : 0);
  const compare = <Value extends string | number>(a: Value | null, b: Value | null) => {
    if (rank(a) !== rank(b)) return rank(a) - rank(b);
    if (a === null || b === null || rank(a) > 0) return 0;
    return typeof a === "string"
      ? Buffer.compare(Buffer.from(a), Buffer.from(String(b)))
      : Number(a) - Number(b);
  };
  const last = new Map<number | null, Row>();
  for (const row of batch) {
    const other = last.get(row.id);
    if (!other || (compare(row.part, other.part) || compare(row.n, other.n)) > 0) last.set(row.id, row);
  }
  return last;
}

function conditionOf(rest: number): string {
  return `id % 5 = ${rest}`;
}

function isWithin({ id }: Row, rest: number): boolean {
  return id !== null && id % 5 === rest;
}

function sqlOf(batch: readonly Row[]): string {
  const list = batch.map(
    ({ id, part, n }) =>
      `(${id ?? "null"}::bigint, ${part === null ? "null" : `'${part}'`}::varchar, ${n === null ? "null" : `'${n}'`}::double)`,
  );
  const none = "select null::bigint, null::varchar, null::double where false";
  return `select * from (${list.length > 0 ? `values ${list.join(", ")}` : none}) v(id, part, n)`;
}

function textOf({ id, part, n }: Row): string {
  return [id ?? "∅", part ?? "∅", n ?? "∅"].join("|");
}

function parseRow(text: string): Row {
  const [id = "", part = "", n = ""] = text.split("|");
  return {
    id: id === "∅" ? null : Number(id),
    part: part === "∅" ? null : part,
    n: n === "∅" ? null : Number(n),
  };
}

const text = `concat_ws('|', coalesce(id::varchar, '∅'), coalesce(part, '∅'),
  case when n is null then '∅' when isnan(n) then 'NaN' when isinf(n) then 'Infinity' else n::bigint::varchar end)`;

async function rowsOf(duckdb: DuckDB, table: Table): Promise<Rows> {
  const sql = await (await table.snapshot()).readSql();
  const found = await duckdb.query(z.object({ row: z.string() }), `select ${text} as row from (${sql})`);
  return found.map(({ row }) => row).sort();
}

/** Applying the feed of the last versions to the rows before them gives the rows after them. */
async function expectFeed(
  duckdb: DuckDB,
  table: Table,
  versions: readonly Rows[],
  from: number,
  place: string,
): Promise<void> {
  const start = Math.max(1, from - 3);
  if (start >= versions.length) return;
  const changes = await duckdb.query(
    z.object({ row: z.string(), type: z.string() }),
    `select ${text} as row, _change_type as type from (${await table.changesSql({ from: start })})`,
  );
  const counts = new Map<string, number>();
  const count = (row: string, by: number) => counts.set(row, (counts.get(row) ?? 0) + by);
  for (const row of versions[start - 1] ?? []) count(row, 1);
  for (const { row, type } of changes) count(row, type === "insert" || type === "update_postimage" ? 1 : -1);
  const rows = [...counts].flatMap(([row, times]) => Array.from({ length: Math.max(0, times) }, () => row));
  expect(rows.sort(), place).toEqual(versions.at(-1));
  expect(Math.min(0, ...counts.values()), place).toBe(0);
}
