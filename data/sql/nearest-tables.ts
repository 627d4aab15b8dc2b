import type { TableName } from "../lake.ts";

const SHOWN = 3;

/** The tables that were probably meant, the nearest first; none when no name is alike. */
export function nearestTables(schema: string, table: string, known: readonly TableName[]): TableName[] {
  const scored = known.map((name) => {
    const [itsSchema = "", itsTable = ""] = name.split(".");
    const isPart = itsTable.includes(table) || table.includes(itsTable);
    const away = isPart && itsSchema === schema ? 1 : distance(table, itsTable);
    return { name, away, isNear: away <= Math.max(2, table.length / 3), elsewhere: itsSchema !== schema };
  });
  return scored
    .filter(({ isNear }) => isNear)
    .sort((a, b) => Number(a.elsewhere) - Number(b.elsewhere) || a.away - b.away)
    .slice(0, SHOWN)
    .map(({ name }) => name);
}

/** Levenshtein's: how many letters must be added, dropped or replaced. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...a].entries()) {
    const next = [at + 1];
    for (const [to, other] of [...b].entries()) {
      const replaced = (row[to] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[to + 1] ?? 0) + 1, (next[to] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
