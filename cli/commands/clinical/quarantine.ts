import { currentBundles } from "../../../data/clinical/bronze/bronze-bundle.ts";
import { forgetParsed } from "../../../data/clinical/bronze/parsed-bundle.ts";
import { type Quarantined, quarantinedBundles } from "../../../data/clinical/summary.ts";
import { ref } from "../../../data/redact.ts";
import type { CliContext } from "../../context.ts";
import { CliFailure, UsageFailure } from "../../failure.ts";
import { plural } from "../../quantities.ts";

const PEEK_BYTES = 400;

export async function list(context: CliContext): Promise<void> {
  await using lake = await context.openLake();
  const found = await quarantinedBundles(lake);
  context.output.table(
    found.map((bundle) => ({ ref: ref(bundle.name), cohort: bundle.cohort, reason: bundle.reason })),
    [{ title: "ref" }, { title: "cohort" }, { title: "reason" }],
    () => found.map(({ name, cohort, reason }) => [ref(name), cohort, reason]),
    "No bundle is in quarantine.",
  );
}

/** Prints the name: a person asked for this one bundle on a terminal, and needs it to find the file. */
export async function show(context: CliContext, wanted: string): Promise<void> {
  await using lake = await context.openLake();
  const bundle = named(await quarantinedBundles(lake), wanted);
  const stored = (await currentBundles(lake)).find(({ name }) => name === bundle.name);
  if (!stored) throw new CliFailure(`${wanted} is no longer in Bronze.`);
  const beginning = (
    await lake.storage.getRange(stored.key, 0, Math.min(PEEK_BYTES, stored.size_bytes))
  ).toString();
  const document = { ...bundle, ref: wanted, size_bytes: stored.size_bytes, key: stored.key, beginning };
  context.output.result(document, (paint) =>
    [
      ...Object.entries({
        name: bundle.name,
        cohort: bundle.cohort,
        reason: bundle.reason,
        bytes: stored.size_bytes,
      }).map(([field, value]) => `${paint("dim", field.padEnd(8))} ${value}`),
      "",
      beginning,
    ].join("\n"),
  );
}

export async function retry(context: CliContext, refs: readonly string[], all: boolean): Promise<void> {
  if (refs.length === 0 && !all)
    throw new UsageFailure("Name the bundles to retry", "give their refs, or --all");
  await using lake = await context.openLake();
  const found = await quarantinedBundles(lake);
  const chosen = all ? found : refs.map((wanted) => named(found, wanted));
  await forgetParsed(lake, chosen);
  context.output.result({ retried: chosen.length }, (paint) =>
    [
      `${plural(chosen.length, "bundle")} will be read again`,
      `${paint("dim", "next:")} millrace refresh --with-gold`,
    ].join("\n"),
  );
}

function named(found: readonly Quarantined[], wanted: string): Quarantined {
  const bundle = found.find(({ name }) => ref(name) === wanted || name === wanted);
  if (bundle) return bundle;
  throw new CliFailure(`No bundle ${wanted} is in quarantine.`, { next: "millrace quarantine ls" });
}
