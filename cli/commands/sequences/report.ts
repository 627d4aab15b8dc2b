import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lengthBars, lengthSvg } from "../../../data/sequences/length-chart.ts";
import type { Report } from "../../../data/sequences/report-document.ts";
import { alignColumns } from "../../columns.ts";
import type { CliContext } from "../../context.ts";
import type { Paint } from "../../paint.ts";

export async function reportSequences(
  context: CliContext,
  { out }: { readonly out?: string },
): Promise<void> {
  await using lake = await context.openLake();
  const { makeReport } = await import("../../../data/sequences/report.ts");
  const report = await makeReport(lake);
  if (out) {
    await mkdir(out, { recursive: true });
    await writeFile(join(out, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
    await writeFile(join(out, "lengths.svg"), lengthSvg(report.length_histogram));
  }
  context.output.result(report, (paint) => render(report, paint));
}

function render(report: Report, paint: Paint): string {
  const count = (n: number) => n.toLocaleString("en");
  const tables = Object.entries(report.tables).map(([name, table]) => [
    name,
    count(table.rows_in),
    count(table.rows_out),
    count(table.rejects),
    Object.entries(table.dropped)
      .map(([reason, rows]) => `${reason} ${count(rows)}`)
      .join(", "),
    table.seconds.toFixed(1),
    count(Math.round(table.peak_rss_bytes / 1024 ** 2)),
  ]);
  const facts: [string, string | number][] = [
    ["Files that are not there", report.absent_sources.join(", ") || "none"],
    [
      "Rows with a code of two meanings",
      `${count(report.collision_rows)} (${report.collision_codes} codes, from ${report.collision_source})`,
    ],
    [
      "Procedures before their admission",
      `${count(report.procedures_before_admission)}, ${count(report.procedures_on_admission_day)} of them on its day`,
    ],
    ["Labs before the window", count(report.labs_before_window)],
    ["Labs after discharge", count(report.labs_after_discharge)],
    ["Admissions without events", count(report.admissions_without_events)],
    ["Subjects without events", count(report.subjects_excluded)],
    ["Pairs of admissions that overlap", count(report.overlapping_admissions)],
    ["Discharges before their admission", count(report.discharges_before_admission)],
    ["Labs with a number that is none", count(report.nonfinite_valuenum)],
    ["Coverage of the frequent items", `${report.top_labs_coverage_pct.toFixed(1)} %`],
    ["Frequent items without a number", report.items_without_numbers],
    [
      "Tokens an admission (p50, p90, p99, max)",
      Object.values(report.sequence_length.admission).map(count).join(", "),
    ],
    [
      "Tokens a subject (p50, p90, p99, max)",
      Object.values(report.sequence_length.subject).map(count).join(", "),
    ],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return [
    alignColumns(
      [
        { title: "table" },
        { title: "rows in", align: "right" },
        { title: "rows out", align: "right" },
        { title: "rejects", align: "right" },
        { title: "dropped" },
        { title: "s", align: "right" },
        { title: "MiB", align: "right" },
      ],
      tables,
      paint,
    ),
    "",
    ...facts.map(([name, value]) => `${paint("dim", name.padEnd(width))}  ${value}`),
    "",
    paint("dim", "Admissions by tokens"),
    lengthBars(report.length_histogram),
    "",
    paint("dim", "Most frequent codes"),
    ...report.top_codes.slice(0, 10).map(({ code, count: n }) => `${count(n).padStart(12)}  ${code}`),
    ...(report.warnings.length > 0
      ? ["", ...report.warnings.map((warning) => `${paint("yellow", "!")} ${warning}`)]
      : []),
  ].join("\n");
}
