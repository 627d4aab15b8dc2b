import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { generateClinical } from "../../../data/clinical/generator/generate.ts";
import { lineOf, ObserverEvent } from "../../../data/observer/event.ts";
import { inboxOf } from "../../../data/observer/inbox.ts";
import { generateMimic } from "../../../data/sequences/generator/generate.ts";
import { defineIndex, NewIndex } from "../../../data/vectors/define-index.ts";
import { openEmbedder } from "../../../data/vectors/embedders/open-embedder.ts";
import { createIndex } from "../../../data/vectors/indexes.ts";
import type { JobContract } from "../../../queues/contract.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { poolNames } from "../../../queues/pools.ts";
import type { Queues } from "../../../queues/queues.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { cohortLand, Input as Landing } from "../../../workers/cohort-ingest/cohort-land/job.ts";
import { cohortRefresh, Input as Refresh } from "../../../workers/cohort-ingest/cohort-refresh/job.ts";
import { embeddingRefresh } from "../../../workers/embedding/embedding-refresh/job.ts";
import { Input as Build, vectorsBuild } from "../../../workers/embedding/vectors-build/job.ts";
import { observerAppend } from "../../../workers/observer/observer-append/job.ts";
import { Input as Building, sequencesBuild } from "../../../workers/sequences/sequences-build/job.ts";
import type { ChaosTest, Setting } from "../chaos-test.ts";
import { Cluster } from "../cluster.ts";
import { contentsOf } from "../oracle.ts";

const EVENTS = 500;
/** Diaries: they tell of every run, and of a disturbed one there is more to tell. */
const diaries = ["silver.ingest_log", "sequences.steps"];

export const realKinds: ChaosTest = {
  number: 21,
  title: "The product's own work while its workers are killed",
  short: false,
  async run(setting) {
    const dir = await mkdtemp(join(tmpdir(), "millrace-sources-"));
    try {
      await makeSources(dir, setting.size === "full" ? 60 : 8);
      const calm = await work(dir, setting, 0);
      const wild = await work(dir, setting, setting.size === "full" ? 30 : 5);
      const unlike = [...calm.contents].flatMap(([name, digest]) =>
        wild.contents.get(name) === digest ? [] : [name],
      );
      return {
        fault: `a cohort landed, refreshed and built into Gold, its notes embedded and indexed, event sequences, ${EVENTS} observed events: ${calm.contents.size} tables, ${wild.deaths} workers killed`,
        verdict: { ...wild.verdict, different: unlike.length },
        checks: [
          { says: `every job completed (${wild.states})`, holds: /^(completed ?)+$/.test(wild.states) },
          { says: `tables unlike: ${unlike.join(", ") || "none"}`, holds: unlike.length === 0 },
          {
            says: `the logs of all tables: ${wild.torn.join("; ") || "whole"}`,
            holds: wild.torn.length === 0,
          },
        ],
      };
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
  async control(setting) {
    const dir = await mkdtemp(join(tmpdir(), "millrace-sources-"));
    try {
      await makeSources(dir, 4);
      const one = await work(dir, setting, 0);
      await makeSources(join(dir, "other"), 5);
      const other = await work(join(dir, "other"), setting, 0);
      const unlike = [...one.contents].filter(([name, digest]) => other.contents.get(name) !== digest);
      return {
        says: `Other sources make ${unlike.length} of ${one.contents.size} tables unlike`,
        holds: unlike.length > 10,
      };
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};

async function makeSources(dir: string, patients: number): Promise<void> {
  await generateClinical({ patients, seed: patients, outDir: join(dir, "clinical"), visits: 6 });
  await using cluster = await Cluster.start();
  const connection = await (await cluster.lake.duckdb()).connect();
  const size = { patients: patients * 3, labs: patients * 200, seed: patients, gzip: false, badRows: false };
  await generateMimic(connection, join(dir, "mimic"), size);
  connection.closeSync();
}

async function work(dir: string, { random }: Setting, kills: number) {
  await using cluster = await Cluster.start({ pools: poolNames, lockMs: 2_000, stalledCheckMs: 500 });
  await using crew = await cluster.crew(2, { concurrency: 2 });
  const { queues, lake } = cluster;
  const over = new AbortController();
  const killing = (async () => {
    for (let kill = 0; kill < kills && !over.signal.aborted; kill += 1) {
      await pause(1_500, undefined, { signal: over.signal }).catch(() => undefined);
      if (!over.signal.aborted) random.pick(crew.serving)?.signal("SIGKILL");
    }
  })();

  await inboxOf(lake.storage).store(eventLines());
  const ended = (
    await Promise.all([
      fromBundlesToVectors(cluster, join(dir, "clinical", "fhir")),
      done(queues, sequencesBuild, Building.parse({ source: join(dir, "mimic"), rowsPerRange: 2_000 })),
      done(queues, observerAppend, {}),
    ])
  ).flat();
  over.abort();
  await killing;
  const stuck = await cluster.quiet();
  return {
    verdict: await cluster.judge(stuck),
    torn: await cluster.torn(),
    contents: await contentsOf(lake, diaries),
    states: ended.map(({ state, error }) => (state === "completed" ? state : `${state}: ${error}`)).join(" "),
    deaths: crew.deaths,
  };
}

/** The chain of the night: each begins when the one before has ended. */
async function fromBundlesToVectors({ queues, lake }: Cluster, source: string) {
  const landed = await done(queues, cohortLand, Landing.parse({ source, settleMs: 0 }));
  const refreshed = await done(queues, cohortRefresh, Refresh.parse({ withGold: true }));
  const index = NewIndex.parse({
    name: "notes",
    table: "gold.encounter_summary",
    idColumn: "encounter_id",
    content: { kind: "text", column: "soap_note_text" },
  });
  await createIndex(lake, await defineIndex(lake, index, openEmbedder));
  const embedded = await done(queues, embeddingRefresh, { index: index.name });
  return [landed, refreshed, embedded, await done(queues, vectorsBuild, Build.parse({ index: index.name }))];
}

async function done<Input>(queues: Queues, contract: JobContract<Input>, input: Input) {
  return untilEnded(queues, (await enqueue(queues, contract, input)).id);
}

function eventLines() {
  return Array.from({ length: EVENTS }, (_, n) => {
    const event = ObserverEvent.parse({
      id: `event-${n}`,
      timestamp: Date.UTC(2026, 0, 1) + n * 1_000,
      source: "chaos",
      event_kind: "fill",
      success: n % 3 > 0,
      role: `role-${n % 5}`,
    });
    const line = lineOf(event, `event-${n}`);
    if (typeof line === "string") throw new Error(line);
    return line;
  });
}
