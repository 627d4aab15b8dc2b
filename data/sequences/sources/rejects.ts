import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { DataError } from "../../errors.ts";
import { queryRows } from "../../sql/duckdb.ts";
import { complaintsSql } from "./fields.ts";
import { allReadSql, recordsSql, textSql } from "./read-csv.ts";
import type { SourceFile } from "./source-file.ts";

/** Leaves the temporary table `rejects (line, reason)` on the connection and answers how many there are. */
export async function findRejects(connection: DuckDBConnection, file: SourceFile): Promise<number> {
  await connection.run("drop table if exists reject_errors; drop table if exists reject_scans");
  // A window without an order runs over the file from its beginning to its end.
  await connection.run(`create or replace temp table doubtful as
    select accepted, complaints from (
      select row_number() over () as accepted, ${complaintsSql(file.fields)} as complaints
      from (select * from ${textSql(file, "record")} where ${allReadSql(file)})
    ) where len(complaints) > 0`);
  await refuseOpenQuote(connection, file);
  await connection.run(`create or replace temp table record as ${recordsSql(file)}`);
  // DuckDB's own line numbers slip after a blank line or a quoted line end; its byte positions do not, but for
  // the two ways it counts them, from 1 or, after a carriage return, from 0.
  await connection.run(`create or replace temp table broken as
    select record, any_value(line) as line, min(error_type || ': ' || error_message order by column_idx) as reason
    from (select * rename (line as duckdb_line) from reject_errors) join record on start between line_byte_position - 1 and line_byte_position
    group by record`);
  await connection.run(`create or replace temp table rejects as
    with accepted as (
      select line, row_number() over (order by record) as accepted
      from record anti join broken using (record)
      where record > 0
    )
    select line, reason from broken
    union all
    select line, array_to_string(complaints, '; ') from doubtful join accepted using (accepted)`);
  const [counted] = await queryRows(
    connection,
    z.object({ n: z.bigint() }),
    "select count(*) as n from rejects",
  );
  return Number(counted?.n ?? 0n);
}

/** A quote that is never closed swallows the rest of the file, so what stands before it is not the whole. */
async function refuseOpenQuote(connection: DuckDBConnection, file: SourceFile): Promise<void> {
  const open = await queryRows(
    connection,
    z.object({ line: z.bigint() }),
    `select line from reject_errors
     where error_type in ('UNQUOTED VALUE', 'LINE SIZE OVER MAXIMUM')
       and (length(csv_line) - length(replace(csv_line, '"', ''))) % 2 = 1
     order by line limit 1`,
  );
  if (open[0]) {
    throw new DataError(
      `${file.table.name}: the quote that opens on line ${open[0].line} is never closed: mend the file`,
    );
  }
}
