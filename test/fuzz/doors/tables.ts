import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openLake, openTableAt } from "../../../data/open-lake.ts";
import { tablesOf } from "../../../data/sql/query-tables.ts";
import { runQuery } from "../../../data/sql/run-query.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import { type Door, oneTaken, refusalOf } from "../door.ts";
import { mutate, mutateText } from "../mutate.ts";

const limits = (dir: string) => ({ memoryBytes: 2 ** 28, threads: 1, tempDir: join(dir, "spill") });
const columns = [
  { name: "id", type: "long", nullable: false },
  { name: "who", type: "string", nullable: true },
] as const;

/** A log or a checkpoint that was changed is read or refused by name; it never ends the process, and no file of it is written. */
export const logs: Door = {
  name: "logs and checkpoints",
  inputsAtOnce: 1,
  async open(dir) {
    const lake = await openLake({ storage: openFolder(join(dir, "lake")), duckdb: limits(dir) });
    const table = lake.table("fuzz.log");
    await table.ensure({ columns });
    for (let n = 0; n < 13; n += 1) await table.append({ sql: `select ${n} as id, 'w${n}' as who` });
    await table.delete("id = 3");
    const log = join(dir, "lake", "fuzz", "log", "_delta_log");
    const names = (await readdir(log)).sort();
    return {
      async feed(random) {
        const name = random.pick(names) ?? "";
        const whole = await readFile(join(log, name));
        await writeFile(join(log, name), mutate(random, whole));
        try {
          const read = openTableAt(openFolder(join(dir, "lake", "fuzz", "log")), lake.duckdb);
          const snapshot = await read.snapshot();
          await snapshot.readSql();
          return oneTaken;
        } catch (error) {
          return refusalOf(error);
        } finally {
          await writeFile(join(log, name), whole);
        }
      },
      [Symbol.asyncDispose]: () => lake[Symbol.asyncDispose](),
    };
  },
};

const queries = [
  "select id, who from fuzz.asked where id > 1 order by id",
  "with a as (select * from fuzz.asked) select count(*), max(who) from a group by all",
  `select * from fuzz."asked@v1" union all by name from fuzz.asked`,
  "select list(id), struct_pack(a := who), map([1], [2]) from fuzz.asked group by who",
  "select * from read_parquet('x.parquet'); copy fuzz.asked to 'y'; attach 'z'",
  "pragma database_list; set memory_limit = '9GB'; install httpfs; load httpfs",
  "select (select max(id) from fuzz.asked t where t.id = s.id) from fuzz.asked s, range(3) r(i) limit 5",
];

/** A stranger's query answers or is refused with DuckDB's words; the table it asks stays as it is. */
export const sql: Door = {
  name: "SQL",
  inputsAtOnce: 1,
  async open(dir) {
    const lake = await openLake({ storage: openFolder(join(dir, "lake")), duckdb: limits(dir) });
    const table = lake.table("fuzz.asked");
    await table.ensure({ columns });
    await table.append({ sql: "select range as id, 'v' || range as who from range(10)" });
    const queryLimits = { ...limits(dir), timeoutMs: 2_000, maxRows: 1_000 };
    return {
      async feed(random) {
        try {
          await using result = await runQuery(
            tablesOf(lake),
            { sql: mutateText(random, random.pick(queries) ?? "") },
            queryLimits,
          );
          for await (const chunk of result.chunks()) chunk.getRows();
          return oneTaken;
        } catch (error) {
          return refusalOf(error);
        }
      },
      [Symbol.asyncDispose]: () => lake[Symbol.asyncDispose](),
    };
  },
};
