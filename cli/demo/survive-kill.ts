import { z } from "zod";
import type { Lake } from "../../data/lake.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { findJob } from "../../queues/jobs.ts";
import type { Queues } from "../../queues/queues.ts";
import { untilEnded, watchJob } from "../../queues/watch.ts";
import { optimizeTables } from "../../workers/maintenance/optimize-tables/job.ts";
import { CliFailure } from "../failure.ts";
import { demoTables } from "./fill-tables.ts";
import type { DemoStep } from "./step.ts";

/** Kills every worker in the middle of its work and shows that each table was optimized, and only once. */
export const surviveKill: DemoStep = {
  title: "Kill the workers in the middle of their work",
  async run({ lake, queues, crew, say }) {
    const before = await contentOf(lake);
    await crew.hire();
    const jobs = await Promise.all(
      demoTables.map((name) => enqueue(queues, optimizeTables, { tables: [name] })),
    );
    await untilOneRuns(
      queues,
      jobs.map(({ id }) => id),
    );
    await crew.killAll();
    const states = await Promise.all(jobs.map(({ id }) => findJob(queues, id)));
    const held = states.filter((job) => job?.state === "active").length;
    const done = states.filter((job) => job?.state === "completed").length;
    say(`killed -9 with ${held} jobs running, ${done} done and ${jobs.length - held - done} waiting`);

    await crew.hire();
    say("a new worker takes over; what the dead one held comes back when its lock runs out");
    const ended = await Promise.all(jobs.map(({ id }) => untilEnded(queues, id)));
    const failed = ended.filter(({ state }) => state !== "completed");
    if (failed[0]) throw new CliFailure(`${failed[0].id} failed: ${failed[0].error}`);

    const after = await contentOf(lake);
    if (after !== before) throw new CliFailure("The tables' rows are not what they were before the kill.");
    const optimizes = await countOptimizes(lake);
    const odd = optimizes.find(({ times }) => times !== 1);
    if (odd) throw new CliFailure(`${odd.name} was optimized ${odd.times} times and not once.`);
    return { "jobs done": ended.length, "held by the dead": held, lost: 0, "done twice": 0 };
  },
};

async function untilOneRuns(queues: Queues, ids: readonly string[]): Promise<void> {
  const found = new AbortController();
  const watches = ids.map(async (id) => {
    for await (const job of watchJob(queues, id, found.signal)) if (job.state !== "waiting") return;
  });
  await Promise.race(watches);
  found.abort();
  await Promise.all(watches);
}

/** A digest of every row of every table, whatever files they lie in. */
async function contentOf(lake: Lake): Promise<string> {
  const duckdb = await lake.duckdb();
  const Row = z.object({ digest: z.string() });
  const digests: string[] = [];
  for (const name of demoTables) {
    const snapshot = await lake.table(name).snapshot();
    const sql = await snapshot.readSql();
    const rows = await duckdb.query(
      Row,
      `select concat(count(*), ' ', sum(hash(id, reading)::hugeint)) as digest from (${sql})`,
    );
    digests.push(rows[0]?.digest ?? "");
  }
  return digests.join("\n");
}

async function countOptimizes(lake: Lake): Promise<{ name: string; times: number }[]> {
  return Promise.all(
    demoTables.map(async (name) => {
      const history = await lake.table(name).history();
      return { name, times: history.filter(({ operation }) => operation === "OPTIMIZE").length };
    }),
  );
}
