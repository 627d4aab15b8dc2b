import { scanSql } from "./file-scan.ts";
import { checkFits } from "./scan.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { localFiles } from "./write-session.ts";

/** Some columns of a snapshot's rows, with the number of each row's file among its live ones and its position there. */
export async function placesSql(
  snapshot: TableSnapshot,
  names: readonly string[],
): Promise<string | undefined> {
  if (snapshot.mapping !== "none") return undefined;
  const live = [...snapshot.liveFiles.values()];
  checkFits(snapshot, live);
  const columns = snapshot.columns.filter(({ name }) => names.includes(name));
  return scanSql(snapshot, await localFiles(snapshot, live), { columns, positions: true });
}
