import { z } from "zod";
import type { EnqueuedJob } from "../../queues/contract.ts";
import { accept, enqueueAccepted } from "../../queues/enqueue.ts";
import type { IntakeRecord } from "../../queues/intake-line.ts";
import type { PoolName } from "../../queues/pools.ts";
import type { AnyJob } from "../../workers/define-job.ts";
import { defineRoute } from "../define-route.ts";
import type { WrongField } from "../problem.ts";
import { AcceptedJob, accepted } from "../schemas.ts";
import { invalid, wrongFields } from "../validate.ts";

const MOST = 1_000;

type Item = z.infer<typeof Item>;
const Item = z.strictObject({
  kind: z.string().describe("The kind of job"),
  input: z.unknown().describe("As that kind takes it"),
});

/** An item that was found to be right, and its place in the request. */
interface Placed {
  readonly at: number;
  readonly record: IntakeRecord;
}

export const enqueueJobs = defineRoute({
  summary: "Ask for up to 1,000 pieces of work at once",
  description:
    "Either every item is valid or nothing is queued: what is wrong is named by the item's index. The reply has the jobs in the order of the items.",
  method: "post",
  path: "/jobs",
  role: "operate",
  body: z
    .strictObject({ jobs: z.array(Item).min(1).max(MOST).describe("All of them are accepted, or none") })
    .meta({ id: "JobBatch" }),
  maxBodyBytes: 4 * 1024 * 1024,
  status: 202,
  reply: z.strictObject({ jobs: z.array(AcceptedJob) }).meta({ id: "AcceptedJobs" }),
  async handle({ body, queues, kinds }) {
    const placed = checkAll(body.jobs, kinds);
    const answers = new Array<EnqueuedJob>(placed.length);
    for (const [pool, items] of groupByPool(placed)) {
      const enqueued = await enqueueAccepted(
        queues,
        pool,
        items.map(({ record }) => record),
      );
      for (const [index, item] of items.entries()) {
        const answer = enqueued[index];
        if (answer) answers[item.at] = answer;
      }
    }
    return { jobs: answers.map(accepted) };
  },
});

function checkAll(items: readonly Item[], kinds: ReadonlyMap<string, AnyJob>): Placed[] {
  const errors: WrongField[] = [];
  const placed: Placed[] = [];
  for (const [at, { kind, input }] of items.entries()) {
    const job = kinds.get(kind);
    if (!job) {
      errors.push({ in: "body", path: `/jobs/${at}/kind`, message: "There is no such kind" });
      continue;
    }
    try {
      placed.push({ at, record: accept(job, input) });
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      errors.push(...wrongFields("body", error, ["jobs", at, "input"]));
    }
  }
  if (errors.length > 0) throw invalid(errors);
  return placed;
}

function groupByPool(placed: readonly Placed[]): Map<PoolName, Placed[]> {
  const groups = new Map<PoolName, Placed[]>();
  for (const item of placed) {
    const group = groups.get(item.record.pool);
    if (group) group.push(item);
    else groups.set(item.record.pool, [item]);
  }
  return groups;
}
