import { positionIn, QueryError, QueryForbiddenError, type QueryPosition } from "./query-error.ts";

/** A table that a query names, as it was written. */
export interface NamedTable {
  readonly schema: string;
  readonly table: string;
  readonly position: QueryPosition | undefined;
}

/** A node of the engine's syntax tree. */
export type Node = Readonly<Record<string, unknown>>;

/** Functions in the place of a table that make rows of their own and read nothing. */
const tableFunctions = new Set(
  "range generate_series unnest repeat repeat_row json_each json_tree summary histogram histogram_values test_all_types icu_calendar_names pg_timezone_names".split(
    " ",
  ),
);

/** Scalar functions that tell of the machine, run text as SQL, or write. */
const refusedFunctions = new Set(
  "current_setting getenv getvariable json_serialize_plan json_execute_serialized_sql write_log nextval currval set_config".split(
    " ",
  ),
);

const outsideFunction =
  /_scan|^(read|scan|load|st_read|query|sniff|glob|parquet|pragma|duckdb|sql|from_|enable|disable)/;
const outsideName =
  /[/\\:*?]|\.(parquet|[ct]sv|txt|json|jsonl|ndjson|gz|zst|db|duckdb|sqlite|xlsx|arrow|avro)$/i;
const systemName = /^(duckdb_|sqlite_|pragma_|pg_)/i;
const systemSchema = /^(information_schema|pg_catalog|system|temp|main)$/i;

/**
 * Collects the tables of a syntax tree, and throws at the first thing that no query may use. The tree was made
 * of `text` from the byte `start` on.
 */
export function inspectTree(root: Node, text: string, start: number): NamedTable[] {
  const nodes = [...nodesOf(root)];
  const ctes = new Set(nodes.flatMap(cteNames));
  const tables: NamedTable[] = [];
  for (const node of nodes) {
    const { query_location: location } = node;
    const at = typeof location === "number" ? positionIn(text, location + start) : undefined;
    checkNode(node, at);
    if (node.type !== "BASE_TABLE") continue;
    const table = namedTable(node, at);
    if (table.schema === "" && ctes.has(table.table.toLowerCase())) continue;
    checkTable(table);
    tables.push(table);
  }
  return tables;
}

function cteNames(node: Node): string[] {
  const map = property(node, "cte_map")?.map;
  const names = Array.isArray(map) ? map.map(({ key }) => key) : [];
  if (node.cte_name) names.push(node.cte_name);
  return names.map((name) => String(name).toLowerCase());
}

function checkNode(node: Node, at: QueryPosition | undefined): void {
  if (node.class === "FUNCTION") checkFunction(String(node.function_name), at);
  if (node.type === "TABLE_FUNCTION") checkTableFunction(node, at);
  if (node.type === "SHOW_REF" && !node.query) {
    throw new QueryForbiddenError("Of the SHOW statements only SHOW TABLES is offered.", at);
  }
}

function* nodesOf(value: unknown): Generator<Node> {
  if (Array.isArray(value)) {
    for (const item of value) yield* nodesOf(item);
  } else if (isNode(value)) {
    yield value;
    for (const item of Object.values(value)) yield* nodesOf(item);
  }
}

function checkFunction(name: string, at: QueryPosition | undefined): void {
  if (!refusedFunctions.has(name.toLowerCase())) return;
  throw new QueryForbiddenError(
    `The function ${name} tells of the machine or changes it, which no query may do.`,
    at,
  );
}

function checkTableFunction(node: Node, at: QueryPosition | undefined): void {
  const name = String(property(node, "function")?.function_name ?? "").toLowerCase();
  if (tableFunctions.has(name)) return;
  if (!outsideFunction.test(name)) {
    throw new QueryError(
      `There is no table function ${name}: queries have ${[...tableFunctions].slice(0, 7).join(", ")}.`,
      at,
    );
  }
  throw new QueryForbiddenError(
    `The table function ${name} reads outside the lake's tables, which no query may do: name tables as schema.table.`,
    at,
  );
}

function namedTable(node: Node, position: QueryPosition | undefined): NamedTable {
  const table = String(node.table_name ?? "");
  if (node.at_clause) {
    throw new QueryError(
      `Write a version as part of the name, "${table}@v3" or "${table}@2026-01-31T00:00:00Z", instead of AT.`,
      position,
    );
  }
  const schema = String(node.schema_name ?? "");
  if (!node.catalog_name) return { schema, table, position };
  throw new QueryError(
    `A table has a schema and a name, and "${node.catalog_name}.${schema}.${table}" has three parts.`,
    position,
  );
}

function checkTable(named: NamedTable): void {
  const { schema, table, position } = named;
  if (systemSchema.test(schema) || systemName.test(table)) {
    throw new QueryForbiddenError(
      `"${schema ? `${schema}.` : ""}${table}" tells of the engine and is not offered: SHOW TABLES lists the tables, DESCRIBE schema.table their columns.`,
      position,
    );
  }
  if (schema === "" && outsideName.test(table)) {
    throw new QueryForbiddenError(
      "The query reads a file, which no query may do: name tables as schema.table.",
      position,
    );
  }
}

export function property(node: Node | undefined, name: string): Node | undefined {
  const value = node?.[name];
  return isNode(value) ? value : undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
