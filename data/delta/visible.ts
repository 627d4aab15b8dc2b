import { quote } from "../sql/duckdb.ts";
import type { Bitmap } from "./bitmap.ts";

/** SQL that is true of the positions that are not in `hidden`, or with `keep` of those that are. Beyond its last bit none is. */
export function visibleSql(hidden: Bitmap, position: string, keep = false): string {
  if (hidden.length === 0) return keep ? "false" : "true";
  const bits = `from_base64(${quote(hidden.toBase64())})::bit`;
  const bit = `get_bit(${bits}, ${position}::integer) = ${keep ? 1 : 0}`;
  return `case when ${position} < ${Math.ceil(hidden.length / 8) * 8} then ${bit} else ${!keep} end`;
}
