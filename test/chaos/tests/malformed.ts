import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDefects } from "../../../data/clinical/generator/defects.ts";
import { generateClinical } from "../../../data/clinical/generator/generate.ts";
import { quarantinedBundles } from "../../../data/clinical/summary.ts";
import { generateMimic } from "../../../data/sequences/generator/generate.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { poolNames } from "../../../queues/pools.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { cohortLand, Input as Landing } from "../../../workers/cohort-ingest/cohort-land/job.ts";
import { cohortRefresh, Input as Refresh } from "../../../workers/cohort-ingest/cohort-refresh/job.ts";
import { Input as Building, sequencesBuild } from "../../../workers/sequences/sequences-build/job.ts";
import type { ChaosTest } from "../chaos-test.ts";
import { Cluster } from "../cluster.ts";
import { batchesOf } from "./batches.ts";

const SEED = 14;

export const malformed: ChaosTest = {
  number: 14,
  title: "Bundles and tables that are broken in every known way",
  short: false,
  async run({ size }) {
    const dir = await mkdtemp(join(tmpdir(), "millrace-malformed-"));
    try {
      return await read(dir, size === "full" ? 30 : 6);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
  async control() {
    await using cluster = await Cluster.start({ lockMs: 600, stalledCheckMs: 150 });
    await using crew = await cluster.crew(1, { concurrency: 1 });
    await cluster.ask(batchesOf(1).map((batch) => ({ ...batch, poison: "exits" as const })));
    await cluster.quiet();
    return { says: `An input that ends its process is seen (${crew.deaths} deaths)`, holds: crew.deaths > 0 };
  },
};

async function read(dir: string, patients: number) {
  await using cluster = await Cluster.start({ pools: poolNames, lockMs: 10_000 });
  const { queues, lake } = cluster;
  const clinical = { patients, seed: SEED, outDir: join(dir, "clinical"), visits: 4, defects: true };
  await generateClinical(clinical);
  const connection = await (await lake.duckdb()).connect();
  const size = { patients: patients * 3, labs: patients * 200, seed: SEED, gzip: false, badRows: true };
  await generateMimic(connection, join(dir, "mimic"), size);
  connection.closeSync();

  await using crew = await cluster.crew(2, { concurrency: 2 });
  const source = join(dir, "clinical", "fhir");
  const landed = await enqueue(queues, cohortLand, Landing.parse({ source, settleMs: 0 }));
  const building = await enqueue(queues, sequencesBuild, Building.parse({ source: join(dir, "mimic") }));
  const first = await untilEnded(queues, landed.id);
  const refreshed = await enqueue(queues, cohortRefresh, Refresh.parse({ withGold: true }));
  const ended = [first, await untilEnded(queues, refreshed.id), await untilEnded(queues, building.id)];
  const stuck = await cluster.quiet();

  const wanted = makeDefects(SEED).flatMap(({ name, reason }) => (reason ? [`${name} ${reason}`] : []));
  const found = (await quarantinedBundles(lake)).map(({ name, reason }) => `${name} ${reason}`);
  const unlike = wanted.filter((defect) => !found.includes(defect));
  const states = ended.map(({ state, error }) => (state === "completed" ? state : `${state}: ${error}`));
  const torn = await cluster.torn();
  return {
    fault: `${wanted.length} broken files among ${patients} patients, and tables of events with bad rows`,
    verdict: { ...(await cluster.judge(stuck)), torn: torn.length },
    checks: [
      {
        says: `each is put aside for its own reason (${unlike.join(", ") || `${found.length} of ${wanted.length}`})`,
        holds: unlike.length === 0 && found.length === wanted.length,
      },
      {
        says: `every job completed (${states.join(" ")})`,
        holds: states.every((state) => state === "completed"),
      },
      { says: `no process ended (${crew.deaths})`, holds: crew.deaths === 0 },
    ],
  };
}
