import { z } from "zod";
import { type DuckDB, identifier } from "../../sql/duckdb.ts";
import { QueryError, QueryForbiddenError } from "../../sql/query-error.ts";
import { type Node, property } from "../../sql/query-tree.ts";

/** What an expression may be made of, by the engine's own names of its nodes. */
const classes = new Set(
  "COLUMN_REF CONSTANT COMPARISON CONJUNCTION OPERATOR BETWEEN CASE CAST FUNCTION".split(" "),
);

/** Functions of values alone: they read nothing, keep nothing, and take time in proportion to the text they are given. */
const functions = new Set(
  `+ - * / // % || ~~ !~~ ~~* !~~* ~~~ abs ceil ceiling floor round trunc sign greatest least mod
  lower upper trim ltrim rtrim length strlen substr substring left right replace contains starts_with ends_with
  prefix suffix concat concat_ws like_escape ilike_escape not_like_escape not_ilike_escape regexp_matches regexp_full_match
  coalesce ifnull nullif if year month day hour minute second quarter week dayofweek dayofyear weekday isodow
  date_part datepart date_trunc datetrunc date_diff datediff date_sub date_add strftime strptime try_strptime make_date
  epoch epoch_ms age today current_date now get_current_timestamp to_days to_weeks to_months to_years to_hours to_minutes to_seconds
  list_contains list_has array_contains array_has len isnan isfinite isinf
  list_value`.split(/\s+/),
);

const Serialized = z.looseObject({
  error: z.boolean(),
  error_message: z.string().optional(),
  statements: z.array(z.looseObject({ node: z.looseObject({}) })).optional(),
});

/**
 * Reads a filter as one expression over some columns, and answers it as the engine itself writes it: what was checked
 * is what runs. Anything else than an expression of allowed parts is refused.
 */
export async function checkedFilter(
  duckdb: DuckDB,
  filter: string,
  columns: readonly string[],
): Promise<string> {
  const [row] = await duckdb.query(
    z.object({ tree: z.string() }),
    "select json_serialize_sql($text::varchar, skip_null := true, skip_empty := true, skip_default := true)::varchar as tree",
    { text: `select (\n${filter}\n)` },
  );
  const read = Serialized.parse(JSON.parse(row?.tree ?? "{}"));
  if (read.error || !read.statements)
    throw new QueryError(`The filter cannot be read: ${read.error_message ?? "it is no expression"}`);
  const expression = onlyExpression(read.statements);
  checkParts(expression, new Set(columns.map((name) => name.toLowerCase())), columns);
  return written(duckdb, filter);
}

function onlyExpression(statements: readonly { node: Node }[]): Node {
  const [statement, second] = statements;
  const node = statement?.node;
  const list = node?.select_list;
  const allowed = new Set(["type", "select_list", "from_table", "cte_map", "aggregate_handling"]);
  const plain =
    node?.type === "SELECT_NODE" &&
    Object.keys(node).every((name) => allowed.has(name)) &&
    Object.keys(property(property(node, "cte_map"), "map") ?? {}).length === 0 &&
    (node.from_table === undefined || property(node, "from_table")?.type === "EMPTY");
  if (second || !plain || !Array.isArray(list) || list.length !== 1)
    throw new QueryForbiddenError("A filter is one condition over the table's columns, and nothing else.");
  return list[0] as Node;
}

function checkParts(value: unknown, known: ReadonlySet<string>, columns: readonly string[]): void {
  if (Array.isArray(value)) {
    for (const item of value) checkParts(item, known, columns);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const node = value as Node;
  if (typeof node.class === "string") checkNode(node, known, columns);
  // What a constant holds, and the type of a cast, are no expressions.
  if (node.class === "CONSTANT") return;
  for (const [name, item] of Object.entries(node)) if (name !== "cast_type") checkParts(item, known, columns);
}

function checkNode(node: Node, known: ReadonlySet<string>, columns: readonly string[]): void {
  if (!classes.has(String(node.class)) || node.type === "SUBQUERY") {
    const what = node.class === "SUBQUERY" ? "a query of its own" : `a ${String(node.class).toLowerCase()}`;
    throw new QueryForbiddenError(
      `A filter may not hold ${what}: it is one condition over the table's columns.`,
    );
  }
  if (node.class === "FUNCTION" && !functions.has(String(node.function_name).toLowerCase()))
    throw new QueryForbiddenError(
      `A filter may not call ${String(node.function_name)}; use comparisons and plain functions such as lower, contains or year.`,
    );
  if (node.class !== "COLUMN_REF") return;
  const names = Array.isArray(node.column_names) ? node.column_names.map(String) : [];
  if (names.length === 1 && known.has(String(names[0]).toLowerCase())) return;
  throw new QueryError(
    `The table has no column ${names.join(".")}; it has ${columns.map(identifier).join(", ")}.`,
  );
}

async function written(duckdb: DuckDB, filter: string): Promise<string> {
  const [row] = await duckdb.query(
    z.object({ sql: z.string() }),
    "select json_deserialize_sql(json_serialize_sql($text::varchar)) as sql",
    { text: `select (\n${filter}\n)` },
  );
  const select = /^SELECT\s+([\s\S]+)$/i.exec(row?.sql ?? "")?.[1];
  if (select) return `(${select.replace(/;\s*$/, "")})`;
  throw new QueryError("The filter cannot be read as one condition.");
}
