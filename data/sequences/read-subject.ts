import type { Lake } from "../lake.ts";
import { builtSettings } from "./open-build.ts";
import { SubjectToken } from "./subject-token.ts";
import { sequencesTable } from "./tables.ts";

/** The first `limit` tokens of each admission of a subject, in order; none for a subject without any. */
export async function readSubject(
  lake: Lake,
  { subject, limit }: { readonly subject: number; readonly limit: number },
): Promise<SubjectToken[]> {
  await builtSettings(lake);
  const snapshot = await sequencesTable(lake, "tokens_final").snapshot();
  const rows = await snapshot.readSql({ where: `subject_id = ${subject}` });
  return (await lake.duckdb()).query(
    SubjectToken,
    `select visit_seq, hadm_id, final_seq, code, code_type, time_offset_hours, days_since_prior
     from (${rows}) where final_seq <= ${limit} order by visit_seq, final_seq`,
  );
}
