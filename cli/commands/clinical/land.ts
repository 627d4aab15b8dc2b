import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cohortLand, Input } from "../../../workers/cohort-ingest/cohort-land/job.ts";
import type { CliContext } from "../../context.ts";
import { UsageFailure } from "../../failure.ts";
import { runJob } from "../../follow-job.ts";
import { plural } from "../../quantities.ts";

export interface LandOptions {
  readonly source: string;
  readonly cohorts: number;
  readonly labels?: string;
  readonly maxFiles?: number;
  readonly withDicom?: boolean;
  readonly withCsv?: boolean;
  readonly assetsOnly?: boolean;
  readonly settleMs: number;
}

export async function land(context: CliContext, options: LandOptions): Promise<void> {
  const source = await bundlesIn(options.source);
  const { s3 } = context.config();
  const input = Input.parse({
    source,
    labels: labelsOf(options),
    settleMs: options.settleMs,
    assetsOnly: options.assetsOnly ?? false,
    ...(options.maxFiles && { maxFiles: options.maxFiles }),
    ...(options.withDicom && { dicomSource: beside(source, "dicom") }),
    ...(options.withCsv && { csvSource: beside(source, "csv") }),
    s3: {
      region: s3.region,
      pathStyle: s3.pathStyle,
      anonymous: s3.anonymous || s3.endpoint === undefined,
      ...(s3.endpoint && { endpoint: s3.endpoint }),
    },
  });
  const landed = await runJob(context, cohortLand, input);

  await using lake = await context.openLake();
  const read = async (name: string) =>
    JSON.parse((await lake.storage.get(`bronze/_metadata/${name}`)).toString()) as Record<string, unknown>;
  const document = {
    ...(input.assetsOnly ? {} : await read("manifest.json")),
    ...landed,
    ...(options.withDicom || options.withCsv ? { assets: (await read("assets_manifest.json")).assets } : {}),
  };
  const isNew = landed.landed + landed.changed > 0 || Object.keys(landed.assets).length > 0;
  context.output.result(document, (paint) =>
    [
      `${paint("green", "landed")} ${landed.landed} new, ${landed.changed} changed; ${landed.skipped} were there already`,
      ...(landed.unsettled > 0 ? [`${landed.unsettled} still growing: land again for them`] : []),
      ...Object.entries(landed.elsewhere).map(
        ([label, bundles]) =>
          `${paint("yellow", "known by name:")} ${plural(bundles, "changed bundle")} landed before under ${label}, and ${bundles === 1 ? "stays" : "stay"} there, not under ${input.labels.join(", ")}`,
      ),
      ...Object.entries(landed.assets).map(([kind, files]) => `${kind}: ${plural(files, "file")}`),
      ...(isNew ? [`${paint("dim", "next:")} millrace refresh --with-gold`] : []),
    ].join("\n"),
  );
}

/** A release has its bundles in a folder `fhir`, beside those of its other files. */
async function bundlesIn(source: string): Promise<string> {
  if (/^[a-z][a-z0-9+.-]+:/i.test(source)) return source.replace(/\/+$/, "");
  const folder = resolve(source);
  const inner = await stat(join(folder, "fhir")).catch(() => undefined);
  return inner?.isDirectory() ? join(folder, "fhir") : folder;
}

function beside(source: string, folder: string): string {
  return source.replace(/\/fhir$/, "").concat("/", folder);
}

const ALPHABET = 26;

function labelsOf({ labels, cohorts }: LandOptions): string[] {
  if (labels !== undefined) {
    const names = labels.split(",").map((label) => label.trim());
    const bad = names.find((name) => !/^[A-Za-z0-9_-]{1,64}$/.test(name));
    if (bad === undefined) return names;
    throw new UsageFailure(`'${bad}' is no name for a cohort`, "use 1 to 64 letters, digits, _ or -");
  }
  return Array.from({ length: cohorts }, (_, index) =>
    index < ALPHABET ? String.fromCharCode(65 + index) : `C${index + 1}`,
  );
}
