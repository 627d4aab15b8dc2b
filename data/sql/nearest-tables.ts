import { editDistance } from "../edit-distance.ts";
import type { TableName } from "../lake.ts";

const SHOWN = 3;

/** The tables that were probably meant, the nearest first; none when no name is alike. */
export function nearestTables(schema: string, table: string, known: readonly TableName[]): TableName[] {
  const scored = known.map((name) => {
    const [itsSchema = "", itsTable = ""] = name.split(".");
    const isPart = itsTable.includes(table) || table.includes(itsTable);
    const away = isPart && itsSchema === schema ? 1 : editDistance(table, itsTable);
    return { name, away, isNear: away <= Math.max(2, table.length / 3), elsewhere: itsSchema !== schema };
  });
  return scored
    .filter(({ isNear }) => isNear)
    .sort((a, b) => Number(a.elsewhere) - Number(b.elsewhere) || a.away - b.away)
    .slice(0, SHOWN)
    .map(({ name }) => name);
}
