import { resolve } from "node:path";
import { Input, sequencesExport } from "../../../workers/sequences/sequences-export/job.ts";
import type { CliContext } from "../../context.ts";
import { runJob } from "../../follow-job.ts";
import { plural } from "../../quantities.ts";

export interface ExportOptions {
  readonly out: string;
  readonly format?: "tokens" | "meds";
  readonly layout: "shards" | "hive";
  readonly rowsPerShard: number;
  readonly daysColumn: string;
  readonly labTime: string;
  readonly dxTime: string;
  readonly datasetVersion: string;
}

export async function exportSequences(
  context: CliContext,
  { format, ...options }: ExportOptions,
): Promise<void> {
  const input = Input.parse({
    ...options,
    out: resolve(options.out),
    ...(format && { formats: [format] }),
  });
  const written = await runJob(context, sequencesExport, input);
  context.output.result(written, (paint) =>
    [
      ...(written.tokens === undefined
        ? []
        : [`${paint("green", "written")} ${plural(written.tokens, "row")} of tokens`]),
      ...(written.events === undefined
        ? []
        : [`${paint("green", "written")} ${plural(written.events, "row")} of MEDS data`]),
      `${paint("dim", "next:")} millrace sequences check --out ${options.out}`,
    ].join("\n"),
  );
}
