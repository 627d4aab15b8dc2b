import { z } from "zod";
import type { EnqueuedJob } from "../queues/contract.ts";
import { type JobView, jobStates } from "../queues/job-view.ts";
import { type PoolName, poolNames } from "../queues/pools.ts";
import { Progress } from "../queues/progress.ts";
import { boardLink } from "./board.ts";

export const PoolNameParam = z.enum(poolNames).describe("The pool of workers");

const JobLinks = z
  .strictObject({
    self: z.string(),
    children: z.string(),
    log: z.string(),
    events: z.string().describe("Server-sent events until the job ends"),
    board: z.string().describe("The job on the board"),
  })
  .meta({ id: "JobLinks" });

export type AcceptedJob = z.infer<typeof AcceptedJob>;
export const AcceptedJob = z
  .strictObject({
    id: z.string(),
    kind: z.string(),
    pool: z.enum(poolNames),
    added: z.boolean().describe("False when the same work was waiting or running already: that job is named"),
    links: JobLinks,
  })
  .meta({ id: "AcceptedJob" });

export type JobReply = z.infer<typeof JobReply>;
export const JobReply = z
  .strictObject({
    id: z.string(),
    kind: z.string(),
    pool: z.enum(poolNames),
    state: z.enum(jobStates),
    cancelled: z.boolean(),
    input: z.unknown(),
    progress: Progress.nullable(),
    attempts: z.strictObject({ made: z.int(), allowed: z.int() }),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    finishedAt: z.iso.datetime().nullable(),
    error: z.string().nullable().describe("Why it failed, or why its last attempt did"),
    output: z.unknown(),
    parentId: z.string().nullable(),
    links: JobLinks,
  })
  .meta({ id: "Job" });

export const JobId = z.string().min(1).max(300).describe("The id that asking for the job gave");

export const Page = {
  offset: z.coerce.number().int().min(0).max(10_000).default(0).describe("How many to pass over"),
  limit: z.coerce.number().int().min(1).max(500).default(50).describe("How many to give at most"),
};

export function accepted(job: EnqueuedJob): AcceptedJob {
  return { ...job, links: linksOf(job.pool, job.id) };
}

export function jobReply(view: JobView): JobReply {
  return { ...view, attempts: { ...view.attempts }, links: linksOf(view.pool, view.id) };
}

function linksOf(pool: PoolName, id: string) {
  const self = `/jobs/${encodeURIComponent(id)}`;
  return {
    self,
    children: `${self}/children`,
    log: `${self}/log`,
    events: `${self}/events`,
    board: boardLink(pool, id),
  };
}
