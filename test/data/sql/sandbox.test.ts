import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { openDuckDB } from "../../../data/sql/duckdb.ts";
import { QueryForbiddenError, queryError } from "../../../data/sql/query-error.ts";
import { openSandbox } from "../../../data/sql/sandbox.ts";
import { test } from "../../support/test.ts";

const limits = { memoryBytes: 128 * 1024 ** 2, threads: 1 };

/** What reads or changes something outside; the lock alone must stop each. `FILE` stands for a file of ours. */
const outside = [
  "select * from read_parquet('FILE')",
  "select * from read_csv('/etc/hostname', header = false)",
  "select * from read_text('/etc/hostname')",
  "select * from read_blob('/etc/hostname')",
  "select * from 'FILE'",
  "select * from glob('/etc/*') limit 1",
  "copy (select 1) to 'DIR/copied.parquet'",
  "copy (select 1) to 'DIR/copied.csv'",
  "attach 'DIR/attached.db'",
  "export database 'DIR/exported'",
  "set threads = 2",
  "pragma threads = 2",
  "set memory_limit = '1GB'",
  "reset memory_limit",
  "set allowed_directories = ['/etc']",
  "set temp_directory = '/tmp'",
];

describe("the lock", () => {
  test.for(outside)("stops `%s`, which an engine without it does", async (statement, { dir }) => {
    await using sandbox = await openSandbox({ ...limits, tempDir: dir });
    using free = await openDuckDB({ ...limits, tempDir: dir });
    const file = join(dir, "one.parquet");
    await free.run(`copy (select 1 as a) to '${file}'`);
    const sql = statement.replace("FILE", file).replace("DIR", dir);

    await expect(free.run(sql)).resolves.toBeUndefined();
    await sandbox.lock([]);

    await expect(sandbox.connection.run(sql)).rejects.toThrow(/Permission|configuration has been locked/i);
  });

  test("lets the engine read the files it names and no others beside them", async ({ dir }) => {
    await using sandbox = await openSandbox({ ...limits, tempDir: dir });
    using free = await openDuckDB({ ...limits, tempDir: dir });
    const [named, other] = [join(dir, "named.parquet"), join(dir, "other.parquet")];
    for (const file of [named, other]) await free.run(`copy (select 1 as a) to '${file}'`);
    await sandbox.lock([named]);

    await expect(sandbox.connection.run(`from read_parquet('${named}')`)).resolves.toBeDefined();
    const refused = await sandbox.connection.run(`from read_parquet('${other}')`).catch((error) => error);
    expect(queryError(refused, "")).toBeInstanceOf(QueryForbiddenError);
  });

  test("cannot be taken off", async ({ dir }) => {
    await using sandbox = await openSandbox({ ...limits, tempDir: dir });
    await sandbox.lock([]);
    for (const name of ["lock_configuration = false", "enable_external_access = true"])
      await expect(sandbox.connection.run(`set ${name}`)).rejects.toThrow(/locked|Cannot/);
  });

  test("cannot load or install an extension", async ({ dir }) => {
    await using sandbox = await openSandbox({ ...limits, tempDir: dir });
    await sandbox.lock([]);
    await expect(sandbox.connection.run("install httpfs")).rejects.toThrow(/Permission/);
    await expect(sandbox.connection.run("load httpfs")).rejects.toThrow(/Permission/);
  });
});

test("A sandbox leaves no file behind", async ({ dir }) => {
  {
    await using sandbox = await openSandbox({ ...limits, memoryBytes: 32 * 1024 ** 2, tempDir: dir });
    await sandbox.connection.run(
      "create temp table result as select range, repeat('x', 200) || range as text from range(400000)",
    );
    expect(await readdir(sandbox.folder)).not.toEqual([]);
  }
  expect(await readdir(dir)).toEqual([]);
});
