import { quote } from "../sql/duckdb.ts";

/** DuckDB takes every path for a pattern; a class of one character stands for that character alone. */
export function globless(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}

/**
 * A SQL list of paths. One text that DuckDB splits costs it far less to parse than a list of as many literals,
 * and no path can hold the separator.
 */
export function pathList(paths: readonly string[]): string {
  return `string_split(${quote(paths.map(globless).join("\n"))}, chr(10))`;
}

/** A SQL list of texts and nulls, whatever characters they hold. */
export function jsonList(texts: readonly (string | null)[]): string {
  return `from_json(${quote(JSON.stringify(texts))}, '["VARCHAR"]')`;
}

/** The paths of every `pathList` within a SQL text, as they stand in it and as they lie on disk. */
export function pathsIn(sql: string): string[] {
  const lists = sql.matchAll(/string_split\('((?:[^']|'')*)', chr\(10\)\)/g);
  const patterns = [...lists].flatMap(([, list = ""]) => list.replaceAll("''", "'").split("\n"));
  return [...new Set(patterns.flatMap((pattern) => [pattern, pattern.replace(/\[([*?[])\]/g, "$1")]))];
}
