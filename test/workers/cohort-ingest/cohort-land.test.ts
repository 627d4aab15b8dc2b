import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { currentBundles } from "../../../data/clinical/bronze/bronze-bundle.ts";
import { generateClinical } from "../../../data/clinical/generator/generate.ts";
import { openStorage } from "../../../data/storage/open-storage.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { cohortLand, Input } from "../../../workers/cohort-ingest/cohort-land/job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { startS3 } from "../../support/s3.ts";
import { test } from "../../support/test.ts";

test("bundles and studies come from s3:// as from a folder, and again only what changed is fetched", async ({
  dir,
  lake,
  services,
}) => {
  await generateClinical({ patients: 4, seed: 6, visits: 8, outDir: dir });
  const { endpoint, bucket } = await startS3();
  const s3 = { endpoint, region: "us-east-1", pathStyle: true, anonymous: false };
  await using there = openStorage(`s3://${bucket}/coherent`, {
    s3,
    cache: { dir: join(dir, "cache"), maxBytes: 0 },
  });
  for (const kind of ["fhir", "dicom"]) {
    for (const name of await readdir(join(dir, kind)))
      await there.put(`${kind}/${name}`, createReadStream(join(dir, kind, name)));
  }
  await using _pool = await startPool(services, { pools: ["cohort-ingest"], jobOf: jobOfKind });
  const land = async () => {
    const asked = Input.parse({
      source: `s3://${bucket}/coherent/fhir`,
      dicomSource: `s3://${bucket}/coherent/dicom`,
      labels: ["A", "B"],
      settleMs: 0,
      s3,
    });
    const { id } = await enqueue(services.queues, cohortLand, asked);
    const ended = await untilEnded(services.queues, id);
    expect(ended.error).toBeNull();
    return ended.output;
  };

  const names = (await readdir(join(dir, "fhir"))).sort();
  const studies = (await readdir(join(dir, "dicom"))).length;
  expect(await land()).toMatchObject({ landed: names.length, cohorts: 2, assets: { dicom: studies } });
  for (const { key, name } of await currentBundles(lake))
    expect((await lake.storage.get(key)).equals(await readFile(join(dir, "fhir", name)))).toBe(true);

  expect(await land()).toMatchObject({ landed: 0, changed: 0, skipped: names.length });
  await there.put(`fhir/${names[0]}`, `${await readFile(join(dir, "fhir", names[0] ?? ""), "utf8")}\n`);
  expect(await land()).toMatchObject({ landed: 0, changed: 1, skipped: names.length - 1 });
});
