import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { DataError } from "../../errors.ts";
import { queryRows } from "../../sql/duckdb.ts";
import { complaintsSql } from "./fields.ts";
import { lenientSql, strictSql } from "./read-csv.ts";
import { findRejects } from "./rejects.ts";
import type { SourceFile } from "./source-file.ts";
import { BrokenGzipError, isWholeAndUtf8 } from "./verify.ts";

export interface ImportResult {
  readonly rejects: number;
  /** The first of them: where and why, never what the row says. */
  readonly examples: readonly { readonly line: number; readonly reason: string }[];
}

const MAX_EXAMPLES = 1_000;

/**
 * Hands `write` the SELECT of a file's rows with the types its table declares. A file without a bad row is read
 * once. One with bad rows fails that reading and is read again to find and name them; then it is refused, or
 * written without them.
 */
export async function importCsv(
  connection: DuckDBConnection,
  file: SourceFile,
  onBadRow: "fail" | "skip",
  write: (selectSql: string) => Promise<void>,
  signal?: AbortSignal,
): Promise<ImportResult> {
  try {
    await writeVerified(file, () => write(strictSql(file)), signal);
    return { rejects: 0, examples: [] };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof BrokenGzipError) throw error;
    const rejects = await findRejects(connection, file).catch((broken: unknown) => {
      throw asUnreadable(file, broken);
    });
    if (rejects === 0) throw error;

    const examples = await queryRows(
      connection,
      z.object({ line: z.bigint().transform(Number), reason: z.string() }),
      `select line, reason from rejects order by line limit ${MAX_EXAMPLES}`,
    );
    if (onBadRow === "fail") {
      throw new DataError(
        `${file.table.name}: ${rejects} bad rows; line ${examples[0]?.line}: ${examples[0]?.reason}. Mend the file, or leave such rows out with --on-bad-row skip`,
        { cause: error },
      );
    }
    await write(lenientSql(file, `len(${complaintsSql(file.fields)}) = 0`));
    return { rejects, examples };
  }
}

/** Looks at the bytes while they are read; what was written of a file that is not sound is never committed. */
async function writeVerified(
  file: SourceFile,
  write: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Both are waited for, whichever fails: the connection must not be used while it still writes.
  const [verified, written] = await Promise.allSettled([isWholeAndUtf8(file, signal), write()]);
  if (verified.status === "rejected") throw verified.reason;
  if (!verified.value) throw new DataError(`${file.table.name} is not all UTF-8`);
  if (written.status === "rejected") throw written.reason;
}

/** DuckDB's own words go on with the row itself after their first line, so only that is told. */
function asUnreadable(file: SourceFile, error: unknown): unknown {
  const [, what] = (error instanceof Error && /^Invalid Input Error: (.*)/.exec(error.message)) || [];
  if (what === undefined) return error;
  return new DataError(`${file.table.name}: the file cannot be read as CSV (${what}): mend the file`);
}
