import { z } from "zod";
import type { Lake } from "../lake.ts";
import { tableSql } from "./table-sql.ts";

export interface Repetitions {
  readonly duplicates: number;
  readonly conflicting: number;
}

const Sum = z.object({ duplicates: z.coerce.number(), conflicting: z.coerce.number() });

/** All events that ever came again under a known id in another request: with the same content, and with another. */
export async function repetitionsOf(lake: Lake): Promise<Repetitions> {
  const rows = await tableSql(lake, "observer.repetitions");
  if (rows === undefined) return { duplicates: 0, conflicting: 0 };
  const [sum] = await (await lake.duckdb()).query(
    Sum,
    `select coalesce(sum(duplicates), 0) as duplicates, coalesce(sum(conflicting), 0) as conflicting from (${rows})`,
  );
  return sum ?? { duplicates: 0, conflicting: 0 };
}
