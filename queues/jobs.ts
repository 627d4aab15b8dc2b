import { Job, type JobType } from "bullmq";
import { JobNotFoundError } from "./errors.ts";
import { workOf } from "./job-id.ts";
import { type JobState, type JobView, viewOf } from "./job-view.ts";
import { type PoolName, poolNames } from "./pools.ts";
import type { Queues } from "./queues.ts";
import { reach } from "./reach.ts";
import type { StoredJob } from "./stored-job.ts";

export interface JobPage {
  readonly jobs: JobView[];
  readonly total: number;
}

export interface JobSelection {
  readonly pool?: PoolName;
  readonly state?: JobState;
  readonly offset?: number;
  readonly limit?: number;
}

const typesOf: Record<JobState, JobType[]> = {
  waiting: ["waiting", "prioritized"],
  active: ["active"],
  delayed: ["delayed"],
  "waiting-children": ["waiting-children"],
  completed: ["completed"],
  failed: ["failed"],
};

export async function findJob(queues: Queues, id: string): Promise<JobView | undefined> {
  return reach(queues, async () => {
    let found = await locate(queues, id);
    if (!found) {
      const kept = await keptView(queues, id);
      if (kept) return kept;
      // Between the two looks what was kept may have become a job.
      found = await locate(queues, id);
    }
    if (!found) return undefined;
    const state = await queues.of[found.pool].getJobState(id);
    // The job may have ended between the two looks: what it left is read again.
    const isOld = (state === "completed" || state === "failed") && !found.job.finishedOn;
    const job = (isOld && (await Job.fromId<StoredJob>(queues.of[found.pool], id))) || found.job;
    return viewOf(job, found.pool, state);
  });
}

/** Newest first. */
export async function listJobs(
  queues: Queues,
  { pool, state, offset = 0, limit = 50 }: JobSelection = {},
): Promise<JobPage> {
  const pools = pool ? [pool] : poolNames;
  return reach(queues, async () => {
    const pages = await Promise.all(pools.map((name) => newest(queues, name, state, offset + limit)));
    const jobs = pages
      .flatMap((page) => page.jobs)
      .sort((a, b) => b.createdAt.localeCompare(a.createdAt))
      .slice(offset, offset + limit);
    return { jobs, total: pages.reduce((sum, page) => sum + page.total, 0) };
  });
}

/** The parts of a job that were made jobs of their own. Those that ended long ago are no longer kept. */
export async function listChildren(queues: Queues, id: string): Promise<JobView[]> {
  return reach(queues, async () => {
    const parent = await locate(queues, id);
    if (!parent) throw new JobNotFoundError(id);
    const ids = await childIds(queues, parent.pool, id);
    const views = await Promise.all(ids.map((childId) => findJob(queues, childId)));
    return views.filter((view) => view !== undefined);
  });
}

export async function readLog(queues: Queues, id: string): Promise<string[]> {
  return reach(queues, async () => {
    const found = await locate(queues, id);
    if (!found) throw new JobNotFoundError(id);
    return logOf(queues, found.pool, id);
  });
}

export async function logOf(queues: Queues, pool: PoolName, id: string): Promise<string[]> {
  return (await queues.of[pool].getJobLogs(id)).logs;
}

/** An id does not tell its pool to `queues`, so all are asked, in one round trip. */
export async function locate(
  queues: Queues,
  id: string,
): Promise<{ readonly pool: PoolName; readonly job: Job<StoredJob> } | undefined> {
  const pipeline = queues.redis.pipeline();
  for (const name of poolNames) pipeline.exists(queues.of[name].toKey(id));
  const answers = (await pipeline.exec()) ?? [];
  for (const [at, pool] of poolNames.entries()) {
    const [error, exists] = answers[at] ?? [];
    if (error) throw error;
    if (exists !== 1) continue;
    const job = await Job.fromId<StoredJob>(queues.of[pool], id);
    return job && { pool, job };
  }
  return undefined;
}

/** Ids of the children of all stages, finished or not, in the order of their stages and positions. */
export async function childIds(queues: Queues, pool: PoolName, id: string): Promise<string[]> {
  const key = queues.of[pool].toKey(id);
  const [pending, ended, failed] = await Promise.all([
    queues.redis.smembers(`${key}:dependencies`),
    queues.redis.hkeys(`${key}:processed`),
    queues.redis.hkeys(`${key}:failed`),
  ]);
  // One that ends between two answers is in both of them.
  const keys = new Set([...pending, ...ended, ...failed]);
  return [...keys]
    .map((childKey) => childKey.slice(childKey.lastIndexOf(":") + 1))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

async function newest(queues: Queues, pool: PoolName, state: JobState | undefined, count: number) {
  const queue = queues.of[pool];
  const states = state ? [state] : (Object.keys(typesOf) as JobState[]);
  const pages = await Promise.all(
    states.map(async (name) => {
      const jobs = await queue.getJobs(typesOf[name], 0, count - 1, false);
      // A job that moves while it is being read leaves a gap.
      return jobs.filter(Boolean).map((job) => viewOf(job, pool, name));
    }),
  );
  const total = await queue.getJobCountByTypes(...states.flatMap((name) => typesOf[name]));
  return { jobs: pages.flat(), total };
}

/** A request that came while the same work runs has no job yet: BullMQ keeps it aside until that run ends. */
export async function keptView(queues: Queues, id: string): Promise<JobView | undefined> {
  const work = workOf(id);
  if (!work) return undefined;
  const pipeline = queues.redis.pipeline();
  for (const name of poolNames)
    pipeline.hmget(queues.of[name].toKey(`dn:${work}`), "jid", "name", "data", "opts");
  const answers = (await pipeline.exec()) ?? [];
  for (const [at, pool] of poolNames.entries()) {
    const [jid, name, data, opts] = (answers[at]?.[1] ?? []) as string[];
    if (jid !== id || name === undefined) continue;
    const options = JSON.parse(opts ?? "{}");
    const kept = { name, data, opts: options, timestamp: options.timestamp ?? Date.now() } as never;
    const job = Job.fromJSON<StoredJob>(queues.of[pool], kept, id);
    return viewOf(job as Job<StoredJob>, pool, "waiting");
  }
  return undefined;
}
