import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { queryRows } from "../../sql/duckdb.ts";

/** A contiguous part of the sorted subjects; each subject lies in exactly one. */
export interface SubjectRange {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

const Range = z.object({
  from: z.coerce.number(),
  to: z.coerce.number(),
  rows: z.coerce.number(),
});

/** Cuts the subjects of `relation` into ranges of about `rowsPerRange` rows. */
export function cutSubjects(
  connection: DuckDBConnection,
  relation: string,
  rowsPerRange: number,
): Promise<SubjectRange[]> {
  return queryRows(
    connection,
    Range,
    `with subject as (select subject_id, count(*) as rows from ${relation} where subject_id is not null group by subject_id),
     numbered as (select *, (sum(rows) over (order by subject_id) - rows) // ${rowsPerRange} as part from subject)
     select min(subject_id) as "from", max(subject_id) as "to", sum(rows) as rows
     from numbered group by part order by part`,
  );
}

const LEAST_SUBJECT = -(2 ** 31);
const GREATEST_SUBJECT = 2 ** 31 - 1;

/** The same cuts with nothing before, between or after them, so that every row lies in a range, whatever its subject. */
export function withoutGaps(ranges: readonly SubjectRange[]): SubjectRange[] {
  if (ranges.length === 0) return [{ from: LEAST_SUBJECT, to: GREATEST_SUBJECT, rows: 0 }];
  return ranges.map((range, index) => {
    const next = ranges[index + 1];
    return {
      ...range,
      from: index === 0 ? LEAST_SUBJECT : range.from,
      to: next ? next.from - 1 : GREATEST_SUBJECT,
    };
  });
}

/** The condition for a row to lie in the range; rows without a subject lie in the first, to be dropped and counted there. */
export function inRangeSql({ from, to }: Pick<SubjectRange, "from" | "to">): string {
  const within = `subject_id between ${from} and ${to}`;
  return from === LEAST_SUBJECT ? `${within} or subject_id is null` : within;
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path)) hash.update(part);
  return hash.digest("hex");
}
