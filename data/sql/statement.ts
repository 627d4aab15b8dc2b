import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { queryRows } from "./duckdb.ts";
import { positionOfCodePoint, QueryError, QueryForbiddenError } from "./query-error.ts";
import { inspectTree, type NamedTable, type Node, property } from "./query-tree.ts";

/** One statement that only reads. */
export interface Statement {
  readonly kind: "rows" | "explain" | "list-tables";
  /** Without the semicolon that ended it. */
  readonly text: string;
  readonly tables: readonly NamedTable[];
}

const Serialized = z.discriminatedUnion("error", [
  z.object({ error: z.literal(false), statements: z.array(z.record(z.string(), z.unknown())) }),
  z.object({
    error: z.literal(true),
    error_type: z.string(),
    error_message: z.string(),
    position: z.coerce.number().optional(),
  }),
]);

const gap = String.raw`(?:\s|--[^\n]*(?:\n|$)|/\*[\s\S]*?\*/)*`;
const explain = new RegExp(
  `^${gap}explain\\b(?:${gap}analyze\\b)?(?:${gap}\\(${gap}(?:format|analyze)\\b[^)]*\\))?`,
  "i",
);

/**
 * Reads `text` with the engine's own parser and refuses all but one statement that reads tables of the lake.
 * This is the first of two walls; the second is the locked instance that the statement runs on.
 */
export async function readStatement(connection: DuckDBConnection, text: string): Promise<Statement> {
  const explained = explain.exec(text)?.[0];
  if (explained !== undefined) {
    if (/analyze/i.test(explained)) {
      throw new QueryForbiddenError("EXPLAIN ANALYZE tells of the machine's files: use EXPLAIN.");
    }
    const root = await parse(connection, text, explained.length);
    const start = Buffer.byteLength(explained);
    return { kind: "explain", text, tables: inspectTree(root, text, start) };
  }
  const root = await parse(connection, text, 0);
  if (listsTables(root)) return { kind: "list-tables", text, tables: [] };
  return {
    kind: "rows",
    text: await withoutTerminator(connection, text),
    tables: inspectTree(root, text, 0),
  };
}

async function serialize(connection: DuckDBConnection, text: string) {
  const [row] = await queryRows(
    connection,
    z.object({ ast: z.string() }),
    "select json_serialize_sql($text::varchar, skip_null := true, skip_empty := true, skip_default := true)::varchar as ast",
    { text },
  );
  return Serialized.parse(JSON.parse(quoteInfinities(row?.ast ?? "{}")));
}

/** A number beyond all doubles (`1e400`) is infinite, which the engine writes bare into its JSON. */
function quoteInfinities(json: string): string {
  if (!/Infinity|NaN/.test(json)) return json;
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:Infinity|NaN)/g, (part) =>
    part.startsWith('"') ? part : `"${part}"`,
  );
}

async function parse(connection: DuckDBConnection, text: string, start: number): Promise<Node> {
  const part = text.slice(start);
  const read = await serialize(connection, part);
  if (!read.error) {
    const [statement, second] = read.statements;
    if (!statement) throw new QueryError("The query is empty: write one SELECT.");
    if (second) throw new QueryError("The query holds more than one statement: send them one by one.");
    return statement;
  }
  if (read.error_type !== "not implemented") {
    const at =
      read.position === undefined
        ? undefined
        : positionOfCodePoint(text, [...text.slice(0, start)].length + read.position);
    throw new QueryError(`Parser Error: ${read.error_message}`, at);
  }
  if (/^\s*(pivot|from|with|select)\b[\s\S]*pivot\b|^\s*pivot\b/i.test(part)) {
    throw new QueryError("PIVOT must name its values: PIVOT … ON column IN (value, …).");
  }
  throw new QueryForbiddenError(
    "Only reading is offered: one SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES or EXPLAIN.",
  );
}

/** So many semicolons from the end are tried; a query that ends in more comments than that is not worth them. */
const SEMICOLONS_TRIED = 16;

/**
 * The text as it can stand in parentheses. A semicolon may be followed by comments that hold semicolons, so a
 * cut is taken only if what is left parses to the same tree.
 */
async function withoutTerminator(connection: DuckDBConnection, text: string): Promise<string> {
  const tree = async (candidate: string) => JSON.stringify(await serialize(connection, candidate));
  const whole = text.includes(";") ? await tree(text) : "";
  let shortest = text;
  let at = text.lastIndexOf(";");
  for (let tried = 0; at > 0 && tried < SEMICOLONS_TRIED; tried += 1) {
    const candidate = text.slice(0, at);
    if ((await tree(candidate)) === whole) shortest = candidate;
    at = text.lastIndexOf(";", at - 1);
  }
  return shortest;
}

function listsTables(root: Node): boolean {
  const source = property(property(root, "node"), "from_table");
  const name = String(source?.table_name ?? "").replaceAll('"', "");
  return source?.type === "SHOW_REF" && (name === "tables" || name === "__show_tables_expanded");
}
