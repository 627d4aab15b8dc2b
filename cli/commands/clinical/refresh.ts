import type { Lake } from "../../../data/lake.ts";
import { cohortRefresh, Input } from "../../../workers/cohort-ingest/cohort-refresh/job.ts";
import { Input as GoldInput, goldBuild } from "../../../workers/gold-build/gold-build/job.ts";
import type { CliContext } from "../../context.ts";
import { runJob } from "../../follow-job.ts";
import type { Paint } from "../../paint.ts";
import { plural } from "../../quantities.ts";

export interface RefreshOptions {
  readonly cohort?: readonly string[];
  readonly withGold?: boolean;
  readonly goldOnly?: boolean;
  readonly full?: boolean;
  readonly strict?: boolean;
}

export async function refresh(context: CliContext, options: RefreshOptions): Promise<void> {
  const { full = false, strict = false } = options;
  if (options.goldOnly) return buildGold(context, { full, strict });
  const done = await runJob(
    context,
    cohortRefresh,
    Input.parse({
      full,
      strict,
      withGold: options.withGold ?? false,
      ...(options.cohort && { cohorts: options.cohort }),
    }),
  );
  await using lake = await context.openLake();
  const { silverCounts, cohortNames, quarantinedBundles } = await import("../../../data/clinical/summary.ts");
  const quarantined = (await quarantinedBundles(lake)).length;
  const document = {
    ...(await silverCounts(lake)),
    _cohorts: options.cohort ?? (await cohortNames(lake)),
    _failed: done.failed,
    _quarantined: quarantined,
    ...(options.withGold && { gold: await goldStats(lake) }),
  };
  context.output.result(document, (paint) => {
    const { inserted, updated, deleted, bundles } = done;
    return [
      renderCounts(document, paint),
      "",
      bundles === 0
        ? "Nothing in Bronze has changed."
        : `${plural(bundles, "bundle")} read; rows: ${inserted} new, ${updated} changed, ${deleted} gone`,
      ...(quarantined > 0
        ? [`${paint("yellow", `${plural(quarantined, "bundle")} cannot be read:`)} millrace quarantine ls`]
        : []),
      ...(done.failed > 0
        ? [
            `${paint("yellow", `${plural(done.failed, "table fails a rule", "tables fail a rule")}:`)} millrace validate`,
          ]
        : []),
    ].join("\n");
  });
}

/** Builds Gold alone and prints what it holds. */
export async function buildGold(
  context: CliContext,
  options: { readonly full: boolean; readonly strict: boolean },
): Promise<void> {
  await runJob(context, goldBuild, GoldInput.parse(options));
  await using lake = await context.openLake();
  const stats = await goldStats(lake);
  context.output.result(stats, (paint) => renderCounts(stats, paint));
}

async function goldStats(lake: Lake): Promise<Record<string, number>> {
  const { readManifest } = await import("../../../data/clinical/summary.ts");
  const manifest = await readManifest(lake);
  return { encounter_summary: manifest.row_count, ...manifest.corpus_stats };
}

function renderCounts(document: Readonly<Record<string, unknown>>, paint: Paint): string {
  const rows = Object.entries(document).flatMap(([name, value]): [string, string][] => {
    if (typeof value === "number" && !name.startsWith("_")) return [[name, value.toLocaleString("en")]];
    if (name === "gold" && typeof value === "object" && value !== null) {
      return Object.entries(value).map(([field, n]) => [`gold ${field}`, Number(n).toLocaleString("en")]);
    }
    return [];
  });
  const width = Math.max(...rows.map(([name]) => name.length));
  const digits = Math.max(...rows.map(([, value]) => value.length));
  return rows
    .map(([name, value]) => `${paint("dim", name.padEnd(width))}  ${value.padStart(digits)}`)
    .join("\n");
}
