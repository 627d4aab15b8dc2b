import { identifier, quote } from "../../sql/duckdb.ts";
import { valueOrErrorSql, valueSql } from "./fields.ts";
import type { SourceFile } from "./source-file.ts";

const MAX_LINE_BYTES = 16 << 20;

/** The file's fields as text, every record checked for its number of fields, its quoting and its encoding. */
export function textSql(file: SourceFile, badRecords: "fail" | "record" | "skip"): string {
  const columns = file.header.map((column) => `${quote(column)}: 'VARCHAR'`).join(", ");
  const treatment = {
    fail: "",
    record: ", store_rejects = true, rejects_limit = 0",
    skip: ", ignore_errors = true",
  };
  return `read_csv(${quote(file.path)}, auto_detect = false, header = true, columns = {${columns}}, delim = ',',
    quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = true, null_padding = false, strict_mode = true,
    max_line_size = ${MAX_LINE_BYTES}, compression = ${quote(compression(file))}${treatment[badRecords]})`;
}

/** The rows with their types; the first field that has text but no value is an error. */
export function strictSql(file: SourceFile): string {
  const values = Array.from(file.fields, ([c, kind]) => `${valueOrErrorSql(c, kind)} as ${identifier(c)}`);
  return `select ${values.join(", ")} from ${textSql(file, "fail")}`;
}

/** The rows with their types, where `condition` over the text holds and every field is UTF-8. */
export function lenientSql(file: SourceFile, condition: string): string {
  const values = Array.from(file.fields, ([c, kind]) => `${valueSql(c, kind)} as ${identifier(c)}`);
  return `select ${values.join(", ")} from (select * from ${textSql(file, "skip")} where ${condition} and ${allReadSql(file)})`;
}

/** Always true, and makes DuckDB look at every field: it would leave out those that nobody asks for. */
export function allReadSql(file: SourceFile): string {
  return `hash(${file.header.map(identifier).join(", ")}) is not null`;
}

/**
 * Where each record begins: its line, counted from 1, and its byte, counted from 0; record 0 is the header. Found
 * by the number of quotes before a line alone, independently of how the fields are read. Latin-1 takes any byte.
 */
export function recordsSql(file: SourceFile): string {
  const before = "order by line rows between unbounded preceding and 1 preceding";
  return `
    select row_number() over (order by line) - 1 as record, line, start
    from (
      select text, line,
        coalesce(sum(quotes) over (${before}), 0) as quotes_before,
        coalesce(sum(bytes) over (${before}), 0) as start
      from (
        select line as text, row_number() over () as line,
          coalesce(length(line) - length(replace(line, '"', '')), 0) as quotes,
          coalesce(length(line), 0) + ${file.newlineBytes} as bytes
        from read_csv(${quote(file.path)}, auto_detect = false, header = false, columns = {'line': 'VARCHAR'},
          delim = E'\\x01', quote = '', escape = '', encoding = 'latin-1', strict_mode = false,
          max_line_size = ${MAX_LINE_BYTES}, compression = ${quote(compression(file))})
      )
    )
    where quotes_before % 2 = 0 and trim(coalesce(text, '')) <> ''`;
}

function compression(file: SourceFile): string {
  return file.gzipped ? "gzip" : "none";
}
