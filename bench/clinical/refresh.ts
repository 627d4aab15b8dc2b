import { join } from "node:path";
import { recordParsed } from "../../data/clinical/bronze/parsed-bundle.ts";
import { generateClinical } from "../../data/clinical/generator/generate.ts";
import { buildGold } from "../../data/clinical/gold/build-gold.ts";
import { landBundles } from "../../data/clinical/landing.ts";
import { parseChunk, stagedPath } from "../../data/clinical/parse.ts";
import { parserRules } from "../../data/clinical/parser-rules.ts";
import { planRefresh } from "../../data/clinical/refresh-plan.ts";
import { mergeSilver } from "../../data/clinical/silver/merge-silver.ts";
import { silverNames } from "../../data/clinical/silver/tables.ts";
import { validateSilver } from "../../data/clinical/validation/validate-silver.ts";
import type { Lake } from "../../data/lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { openBenchLake, secondsOf } from "../lake/bench-lake.ts";
import { measureFloor, pathsOf, sideBySide, versions } from "./floor.ts";

const instant = new Date();

/** Lands generated bundles and refreshes from them twice, beside the least that DuckDB must do with the same files. */
export async function measureRefresh({ patients }: { readonly patients: number }) {
  await using bench = await openBenchLake();
  const { lake, dir } = bench;
  await generateClinical({ patients, seed: 1, outDir: join(dir, "source") });
  await landBundles(lake, openFolder(join(dir, "source", "fhir")), { labels: ["A", "B", "C"], now: instant });
  const { chunks } = await planRefresh(lake);

  const floor = await measureFloor(lake, chunks);
  let goldSeconds = 0;
  let parseSeconds = 0;
  const first = await secondsOf(async () => {
    parseSeconds = await secondsOf(() => refresh(lake, dir));
    await validateSilver(lake, { runId: "1", instant, codeVersion: "bench" });
    goldSeconds = await secondsOf(() => buildGold(lake, { instant }));
  });
  const before = await versions(lake);
  const second = await secondsOf(async () => {
    await refresh(lake, dir);
    await buildGold(lake, { instant });
  });
  const after = await versions(lake);
  return {
    parseToFloor: parseSeconds / floor,
    firstToFloor: first / floor,
    secondToFloor: second / floor,
    secondCommits: after - before,
    firstSeconds: first,
    goldSeconds,
  };
}

async function refresh(lake: Lake, dir: string): Promise<void> {
  const { chunks } = await planRefresh(lake);
  if (chunks.length === 0) return;
  const staged = chunks.map((_, index) => join(dir, "staged", String(index)));
  await sideBySide(chunks, async (chunk, index) => {
    const paths = await pathsOf(lake, chunk);
    const files = chunk.map((bundle, position) => ({
      path: paths[position] ?? "",
      name: bundle.name,
      number: index * 10_000 + position,
    }));
    const connection = await (await lake.duckdb()).connect();
    await parseChunk(connection, files, staged[index] ?? "", {
      runInstant: instant,
      maxBundleBytes: 2 ** 28,
    });
    connection.closeSync();
  });
  await sideBySide(silverNames, async (name) => {
    await mergeSilver(
      lake,
      name,
      staged.map((folder) => ({ paths: [stagedPath(folder, name)] })),
    );
  });
  const done = chunks.flat().map(({ cohort, name, sha256 }) => ({
    cohort,
    name,
    sha256,
    rules: parserRules,
    reason: null,
    fingerprint: null,
  }));
  await recordParsed(lake, done, instant);
}
