import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { transact } from "../../data/delta/commit.ts";
import { quote } from "../../data/sql/duckdb.ts";
import { columns, median, openBenchLake, rowsSql, secondsOf } from "./bench-lake.ts";

export interface WriteRatios {
  /** Append ÷ DuckDB writing the same Parquet. At most 1.3. */
  readonly appendToCopy: number;
  /** Reading all rows of the table ÷ reading the same Parquet. At most 1.3. */
  readonly readToParquet: number;
  readonly appendSeconds: number;
  readonly copySeconds: number;
  readonly tableReadSeconds: number;
  readonly parquetReadSeconds: number;
}

const RUNS = 3;

/** Writes and reads rows with and without a table around them, in turns. */
export async function measureWrite({ rows = 10_000_000 } = {}): Promise<WriteRatios> {
  await using bench = await openBenchLake();
  const duckdb = await bench.lake.duckdb();
  const connection = await duckdb.connect();
  await connection.run(`create table source as ${rowsSql(0, rows)}`);
  // Every value of every row: bounds and counts alone DuckDB would take from the footers.
  const list = `sum(hash(${columns.map(({ name }) => name).join(", ")}))`;
  const times = {
    append: [] as number[],
    copy: [] as number[],
    table: [] as number[],
    parquet: [] as number[],
  };

  for (let run = 0; run < RUNS; run += 1) {
    const plain = join(bench.dir, `plain-${run}`);
    await mkdir(plain);
    const copy = `copy (from source) to ${quote(plain)} (format parquet, compression zstd, file_size_bytes 134217728)`;
    times.copy.push(await secondsOf(() => connection.run(copy)));
    const table = bench.lake.table(`bench.written_${run}`);
    await table.ensure({ columns });
    times.append.push(await secondsOf(() => table.append({ sql: "from source" })));

    const parquet = `read_parquet(${quote(join(plain, "*.parquet"))})`;
    times.parquet.push(await secondsOf(() => connection.run(`select ${list} from ${parquet}`)));
    times.table.push(
      await secondsOf(async () =>
        connection.run(`select ${list} from (${await (await table.snapshot()).readSql()})`),
      ),
    );
  }
  connection.closeSync();
  const [append, copied, read, parquet] = [times.append, times.copy, times.table, times.parquet].map(median);
  return {
    appendToCopy: Number(append) / Number(copied),
    readToParquet: Number(read) / Number(parquet),
    appendSeconds: Number(append),
    copySeconds: Number(copied),
    tableReadSeconds: Number(read),
    parquetReadSeconds: Number(parquet),
  };
}

/** The milliseconds that half of all commits stay below, the files having been written before. At most 5. */
export async function measureCommit({ commits = 200 } = {}): Promise<{ readonly p50Ms: number }> {
  await using bench = await openBenchLake();
  const table = bench.lake.table("bench.committed");
  await table.ensure({ columns });
  await table.append({ sql: rowsSql(0, 10) });
  const { storage, duckdb: openDuckDB } = bench.lake;
  const context = { name: table.name, root: table.root, storage, openDuckDB };
  const times: number[] = [];

  for (let commit = 0; commit < commits; commit += 1) {
    const seconds = await secondsOf(() =>
      transact(context, { name: "WRITE", isBlind: true }, async ({ liveFiles }) => ({
        actions: [...liveFiles.values()].map((add) => ({ add })),
        newFiles: [],
        read: "nothing",
        rows: { inserted: 0, updated: 0, deleted: 0 },
      })),
    );
    times.push(seconds * 1000);
  }
  return { p50Ms: median(times) };
}
