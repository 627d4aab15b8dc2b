import { alignColumns } from "../../columns.ts";
import type { CliContext } from "../../context.ts";
import { CliFailure } from "../../failure.ts";

export async function inspectSubject(
  context: CliContext,
  { subject, limit }: { readonly subject: number; readonly limit: number },
): Promise<void> {
  await using lake = await context.openLake();
  const { readSubject } = await import("../../../data/sequences/read-subject.ts");
  const tokens = await readSubject(lake, { subject, limit });
  if (tokens.length === 0) {
    throw new CliFailure(`Subject ${subject} has no tokens.`, {
      next: `millrace sql "select distinct subject_id from sequences.tokens_final limit 10"`,
    });
  }
  context.output.result({ subject, tokens }, (paint) =>
    alignColumns(
      [
        { title: "visit", align: "right" },
        { title: "seq", align: "right" },
        { title: "hours", align: "right" },
        { title: "code" },
      ],
      tokens.map((token) => [
        token.final_seq === 1 ? String(token.visit_seq) : "",
        String(token.final_seq),
        hours(token.time_offset_hours),
        token.code_type === "time_bin" ? paint("dim", token.code) : token.code,
      ]),
      paint,
    ),
  );
}

/** What rounds to nothing from below has no sign. */
function hours(offset: number | null): string {
  return offset?.toFixed(2).replace(/^-0\.00$/, "0.00") ?? "";
}
