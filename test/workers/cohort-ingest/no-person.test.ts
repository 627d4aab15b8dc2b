import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import pino from "pino";
import { expect } from "vitest";
import { generateClinical } from "../../../data/clinical/generator/generate.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { listChildren, listJobs, readLog } from "../../../queues/jobs.ts";
import { poolNames } from "../../../queues/pools.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { cohortLand, Input as LandInput } from "../../../workers/cohort-ingest/cohort-land/job.ts";
import { cohortRefresh, Input as RefreshInput } from "../../../workers/cohort-ingest/cohort-refresh/job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { test } from "../../support/test.ts";

const planted = "Wendelgard";

test("no log line, job, error or dead letter of a refresh names a person, a patient or a bundle file", async ({
  dir,
  services,
}) => {
  await generateClinical({ patients: 4, seed: 5, visits: 2, outDir: dir, defects: true });
  const source = join(dir, "fhir");
  const bundle = {
    resourceType: "Patient",
    id: "planted-patient-0001",
    name: [{ given: [planted], family: planted }],
  };
  await writeFile(
    join(source, `${planted}_${planted}.json`),
    JSON.stringify({
      resourceType: "Bundle",
      entry: [{ resource: bundle }, { resource: { ...bundle, birthDate: planted } }],
    }),
  );
  await writeFile(
    join(source, `${planted}_broken.json`),
    `{"resourceType":"Bundle","entry":[{"name":"${planted}"`,
  );
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const log = pino({ level: "trace" }, sink);
  await using _pool = await startPool(
    { ...services, log },
    { pools: poolNames, jobOf: jobOfKind, concurrency: 2 },
  );
  const { queues } = services;

  for (const [job, input] of [
    [cohortLand, LandInput.parse({ source, settleMs: 0 })],
    [cohortLand, LandInput.parse({ source: join(dir, "nowhere"), settleMs: 0 })],
    [cohortRefresh, RefreshInput.parse({ withGold: true })],
    [cohortRefresh, RefreshInput.parse({ withGold: true, strict: true, full: true })],
  ] as const) {
    // biome-ignore lint/suspicious/noExplicitAny: each contract stands beside an input of its own.
    const { id } = await enqueue(queues, job as any, input);
    await untilEnded(queues, id);
  }

  const jobs = (await listJobs(queues, { limit: 500 })).jobs;
  const children = (await Promise.all(jobs.map(({ id }) => listChildren(queues, id)))).flat();
  const logs = await Promise.all([...jobs, ...children].map(({ id }) => readLog(queues, id)));
  const letters: string[] = [];
  for await (const { key } of services.lake.storage.list("_dead/")) {
    letters.push((await services.lake.storage.get(key)).toString());
  }
  const told = [
    lines.join(""),
    JSON.stringify(jobs),
    JSON.stringify(children),
    JSON.stringify(logs),
    ...letters,
  ].join("\n");
  const files = await readdir(source);
  const ids = await idsIn(source, files);
  expect(ids.length).toBeGreaterThan(4);
  expect(lines.length).toBeGreaterThan(15);

  const leaked = [planted, ...files, ...ids].filter((name) => told.includes(name));
  expect(leaked).toEqual([]);
});

async function idsIn(source: string, files: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(
    files.filter((name) => name.endsWith(".json")).map((name) => readFile(join(source, name), "utf8")),
  );
  const found = texts.flatMap((text) =>
    Array.from(
      text.matchAll(/"resourceType":"(?:Patient|Encounter)","id":"([\w-]{8,})"/g),
      ([, id = ""]) => id,
    ),
  );
  return [...new Set(found)];
}
