import { resolve } from "node:path";
import { enqueue } from "../../../queues/enqueue.ts";
import { Input, sequencesBuild } from "../../../workers/sequences/sequences-build/job.ts";
import { Input as ExportInput, sequencesExport } from "../../../workers/sequences/sequences-export/job.ts";
import type { CliContext } from "../../context.ts";
import { UsageFailure } from "../../failure.ts";
import { followJob } from "../../follow-job.ts";
import { plural } from "../../quantities.ts";
import { settingsOf } from "./settings-options.ts";

export interface BuildOptions extends Record<string, unknown> {
  readonly source: string;
  readonly out?: string;
  readonly onBadRow?: "fail" | "skip";
  readonly rowsPerRange: number;
  readonly gemDiagnoses?: string;
  readonly gemProcedures?: string;
}

export async function buildSequences(context: CliContext, options: BuildOptions): Promise<void> {
  const input = inputOf(options);
  await using cluster = await context.openCluster(["sequences"]);
  const built = await followJob(
    context,
    cluster.queues,
    await enqueue(cluster.queues, sequencesBuild, input),
  );
  const result: Record<string, unknown> = { build: built.output };
  if (options.out) {
    const exporting = ExportInput.parse({ out: resolve(options.out) });
    const job = await enqueue(cluster.queues, sequencesExport, exporting);
    result.export = (await followJob(context, cluster.queues, job)).output;
  }
  context.output.result(result, (paint) => {
    const { made } = built.output as { made: number };
    const lines = [
      made === 0
        ? "Nothing has changed since the last build."
        : `${paint("green", "built")} ${plural(made, "table")}`,
    ];
    if (options.out) lines.push(`${paint("green", "written")} ${options.out}`);
    lines.push(`${paint("dim", "next:")} millrace sequences report`);
    return lines.join("\n");
  });
}

function inputOf({
  source,
  rowsPerRange,
  onBadRow,
  gemDiagnoses,
  gemProcedures,
  ...options
}: BuildOptions): Input {
  const settings = settingsOf(options);
  if (settings.icd === "icd10" && !(gemDiagnoses && gemProcedures)) {
    throw new UsageFailure(
      "--icd icd10 needs the files that map ICD-9 to ICD-10",
      "give --gem-diagnoses and --gem-procedures, the general equivalence mappings that CMS publishes",
    );
  }
  return Input.parse({
    source: resolve(source),
    settings,
    rowsPerRange,
    ...(onBadRow && { onBadRow }),
    ...(gemDiagnoses &&
      gemProcedures && { icdMaps: { diagnoses: resolve(gemDiagnoses), procedures: resolve(gemProcedures) } }),
  });
}
