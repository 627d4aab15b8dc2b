import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { expect, inject, test } from "vitest";
import type { Lake } from "../../data/lake.ts";
import { openQueues, type QueueAddress } from "../../queues/queues.ts";
import type { AnyJob } from "../../workers/define-job.ts";
import { startPool } from "../../workers/pool.ts";
import { stray, tick } from "./tick.ts";

const SLOTS = 4;

test("three scheduler processes, one killed and replaced, make one job a slot and none twice", async () => {
  const { slotsOfJobs, begunAt, fires } = await runReplicas("guarded", tick);

  expect(new Set(slotsOfJobs).size).toBe(slotsOfJobs.length);
  expect(gaps(fires.map(({ slot }) => slot))).toEqual([]);
  // A job that still waited when the next slot came is the job of both.
  const unanswered = fires.filter(({ slot, jobId }) => (begunAt.get(jobId) ?? 0) < Date.parse(slot));
  expect(unanswered).toEqual([]);
  expect(fires.length, "several schedulers fired the same slots").toBeGreaterThan(slotsOfJobs.length);
});

test("without the slot in the job's id each scheduler makes a job of its own", async () => {
  const { slotsOfJobs } = await runReplicas("stray", stray);
  expect(new Set(slotsOfJobs).size).toBeLessThan(slotsOfJobs.length);
});

async function runReplicas(which: string, job: AnyJob) {
  const dir = await mkdtemp(join(tmpdir(), "millrace-clock-"));
  const address = { redisUrl: inject("redisUrl"), prefix: randomUUID() };
  await using queues = openQueues(address, { role: "worker" });
  const services = { lake: {} as Lake, queues, log: pino({ level: "silent" }) };
  await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: () => job });

  const replicas = [1, 2, 3].map(() => startReplica(address, dir, which));
  const [first, second, third] = replicas;
  if (!first || !second || !third) throw new Error("three replicas were started");
  await Promise.all(replicas.map((replica) => replica.fired(2)));
  first.process.kill("SIGKILL");
  const fourth = startReplica(address, dir, which);
  await Promise.all([second.fired(SLOTS), third.fired(SLOTS), fourth.fired(1)]);
  for (const { process } of [second, third, fourth]) {
    process.kill("SIGTERM");
    await once(process, "exit");
  }

  const jobs = await queues.of.maintenance.getJobs();
  await rm(dir, { recursive: true });
  return {
    slotsOfJobs: jobs.map(({ id = "" }) => id.slice(id.lastIndexOf(".") + 1)).sort(),
    begunAt: new Map(jobs.map(({ id = "", processedOn = Date.now() }) => [id, processedOn])),
    fires: [first, second, third, fourth].flatMap(({ fires }) => fires),
  };
}

function startReplica({ redisUrl, prefix }: QueueAddress, dir: string, which: string) {
  const script = fileURLToPath(new URL("replica.ts", import.meta.url));
  const args = ["--import", "tsx", script, redisUrl, prefix, dir, which];
  const process: ChildProcess = spawn("node", args, { stdio: ["ignore", "pipe", "inherit"] });
  const fires: { slot: string; jobId: string }[] = [];
  const waiting = new Set<() => void>();
  if (!process.stdout) throw new Error("a replica has no stdout");
  createInterface(process.stdout).on("line", (line) => {
    const { slot, jobId } = JSON.parse(line) as { slot?: string; jobId?: string };
    if (slot && jobId) fires.push({ slot, jobId });
    for (const look of waiting) look();
  });
  const fired = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => void (fires.length >= count && resolve());
      waiting.add(look);
      look();
    });
  return { process, fires, fired };
}

/** The seconds between the first and the last slot that nobody fired. */
function gaps(slots: readonly string[]): number[] {
  const times = slots.map((slot) => Date.parse(slot) / 1_000);
  const there = new Set(times);
  const first = Math.min(...times);
  const expected = Array.from({ length: Math.max(...times) - first }, (_, at) => first + at);
  return expected.filter((time) => !there.has(time));
}
