import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, test } from "vitest";
import { QueryError, QueryForbiddenError } from "../../../data/sql/query-error.ts";
import { readStatement } from "../../../data/sql/statement.ts";

const connection = await (await DuckDBInstance.create(":memory:", { errors_as_json: "true" })).connect();

async function refusalOf(sql: string): Promise<unknown> {
  return readStatement(connection, sql).then(
    (statement) => statement,
    (error: unknown) => error,
  );
}

describe("a statement that only reads", () => {
  test.for([
    ["select * from silver.patient", ["silver.patient"]],
    ["from silver.patient", ["silver.patient"]],
    ["table silver.patient", ["silver.patient"]],
    ["values (1), (2)", []],
    ["describe silver.patient", ["silver.patient"]],
    ["summarize gold.age", ["gold.age"]],
    ["(select 1) union all (select a from silver.b)", ["silver.b"]],
    ["with x as (from silver.a) select * from x, silver.b", ["silver.a", "silver.b"]],
    ["with recursive n as (select 1 i union all select i + 1 from n where i < 3) from n", []],
    [
      "select (select max(a) from gold.x) from silver.y where exists (from gold.z)",
      ["gold.x", "silver.y", "gold.z"],
    ],
    ["pivot silver.t on a in (1, 2) using sum(b)", ["silver.t"]],
    ["explain select * from silver.patient", ["silver.patient"]],
    ["/* why */ explain -- so\n select * from silver.patient", ["silver.patient"]],
    ["explain (format json) select * from silver.patient", ["silver.patient"]],
    ["select * from silver.a, range(3), unnest([1])", ["silver.a"]],
    ["select 1e400, -1e400, ':Infinity', 'a\\\"b:-Infinity,' from silver.a", ["silver.a"]],
    ['select "Infinity" from silver.a where x < 1e400', ["silver.a"]],
    ["explain select 1e400 from silver.a", ["silver.a"]],
  ] as const)("`%s` is taken, and its tables are known", async ([sql, tables]) => {
    const statement = await readStatement(connection, sql);
    expect(statement.tables.map(({ schema, table }) => `${schema}.${table}`).sort()).toEqual(
      [...tables].sort(),
    );
  });

  test.for([
    ["select 1;", "select 1"],
    ["select ';' as a; -- the end; really", "select ';' as a"],
    ["select 1 ; ; /* ; */", "select 1 "],
    ["select 1 -- ; not an end", "select 1 -- "],
    ["select 1e400;", "select 1e400"],
    ["select ';'", "select ';'"],
  ] as const)("`%s` loses the semicolon that ends it", async ([sql, text]) => {
    expect(await readStatement(connection, sql)).toMatchObject({ text });
  });

  test("SHOW TABLES is answered by the lake", async () => {
    expect(await readStatement(connection, "show tables;")).toMatchObject({ kind: "list-tables" });
    expect(await readStatement(connection, "show all tables")).toMatchObject({ kind: "list-tables" });
  });
});

describe("what is forbidden", () => {
  test.for([
    "insert into silver.a values (1)",
    "update silver.a set b = 1",
    "delete from silver.a",
    "merge into silver.a using (select 1 b) x on true when matched then delete",
    "truncate silver.a",
    "create table x as select 1",
    "create macro f() as 1",
    "create secret (type s3)",
    "drop view silver.a",
    "alter table silver.a rename to b",
    "comment on view silver.a is 'b'",
    "copy (select 1) to 'x.csv'",
    "copy silver.a from '/etc/passwd'",
    "attach 'x.db'",
    "detach memory",
    "install httpfs",
    "load httpfs",
    "set threads = 1",
    "reset threads",
    "pragma version",
    "pragma threads = 8",
    "call pragma_version()",
    "use main",
    "begin",
    "checkpoint",
    "vacuum",
    "prepare a as select 1",
    "execute a",
    "export database 'x'",
    "import database 'x'",
    "show databases",
    "explain insert into silver.a values (1)",
    "explain analyze copy (select 1) to 'x.csv'",
    "explain analyze select 1",
    "explain /* all */ analyze select 1",
    "explain (analyze, format json) select 1",
    "with x as (select 1) insert into silver.a from x",
    "select 1; drop view silver.a",
    "select * from read_csv('/etc/passwd')",
    "select * from main.read_csv('/etc/passwd')",
    "from read_parquet('*.parquet')",
    "from read_json('http://localhost/x')",
    "from '/etc/passwd.csv'",
    "from '/etc/passwd'",
    "from 'secret.parquet'",
    "describe 'x.csv'",
    "summarize 'x.csv'",
    "from 'https://localhost/a.parquet'",
    "from glob('/*')",
    "from sqlite_scan('x', 'y')",
    "from postgres_scan('a', 'b', 'c')",
    "from query('select 1')",
    "from query_table('silver.a')",
    "from duckdb_settings()",
    "from duckdb_settings",
    "from information_schema.tables",
    "from pg_catalog.pg_class",
    "select getenv('HOME')",
    "select current_setting('temp_directory')",
    "select a from silver.b where c = (select content from read_text('/etc/passwd'))",
    "select list_transform([1], x -> current_setting('threads'))",
  ])("`%s`", async (sql) => {
    expect(await refusalOf(sql)).toBeInstanceOf(QueryForbiddenError);
  });
});

describe("what is wrong", () => {
  test.for([
    ["", undefined],
    ["-- nothing", undefined],
    ["select 1; select 2", undefined],
    ["selec 1", { offset: 0, line: 1, column: 1 }],
    ["select 1\nfrom from", { offset: 14, line: 2, column: 6 }],
    ["select 'ä🙂', from silver.a b c", { offset: 30, line: 1, column: 31 }],
    ["select 'ä🙂' from a.b.c", { offset: 18, line: 1, column: 19 }],
    ["explain /* ä🙂 */ select 1 from from", { offset: 32, line: 1, column: 33 }],
    ["explain /* ä🙂 */ select 1 from nothing_known()", { offset: 32, line: 1, column: 33 }],
    ["explain selec 1", { offset: 8, line: 1, column: 9 }],
    ["from a.b.c", { offset: 5, line: 1, column: 6 }],
    ["from silver.a at (version => 3)", { offset: 5, line: 1, column: 6 }],
    ["from nothing_known(1)", { offset: 5, line: 1, column: 6 }],
    ["pivot silver.a on b using count(*)", undefined],
  ] as const)("`%s` is told with its place", async ([sql, position]) => {
    const error = await refusalOf(sql);
    expect(error).toBeInstanceOf(QueryError);
    expect(error).not.toBeInstanceOf(QueryForbiddenError);
    expect((error as QueryError).position).toEqual(position);
  });
});
