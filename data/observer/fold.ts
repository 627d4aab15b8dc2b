import { z } from "zod";
import type { Lake } from "../lake.ts";
import { queryRows } from "../sql/duckdb.ts";
import { openConnection } from "./connection.ts";

/** An error without what differs from one occurrence to the next. */
export async function fold(lake: Lake, message: string): Promise<string> {
  using open = await openConnection(lake);
  const [row] = await queryRows(
    open.connection,
    z.object({ pattern: z.string() }),
    "select fold_error($message) as pattern",
    { message },
  );
  return row?.pattern || "no message";
}
