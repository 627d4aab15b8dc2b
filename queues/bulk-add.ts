import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { IntakeRecord } from "./intake-line.ts";
import { workOf } from "./job-id.ts";
import { jobOptions, type RetryPolicy } from "./retention.ts";

/** BullMQ has no types for its scripts. */
const { addStandardJob } = createRequire(import.meta.url)("bullmq/dist/cjs/scripts") as {
  readonly addStandardJob: { readonly content: string };
};

/**
 * BullMQ's own script for one job, as a function that is called for many: one command then stands for all of them, and
 * what BullMQ packs for each is handed over as it is. What lies in Redis afterwards is what `queue.add` would have left.
 */
const script = `
local cmsgpack = { unpack = function(value) return value end }
local function add(KEYS, ARGV)
${addStandardJob.content}
end
local prefix, policies = ARGV[1], cjson.decode(ARGV[2])
local others = {}
for at = 3, #ARGV, 6 do
  local id, name, timestamp, data, policy, work = unpack(ARGV, at, at + 5)
  local options, dedupKey = policies[policy], nil
  options.jobId, options.timestamp, options.de = id, tonumber(timestamp), nil
  if work ~= "" then
    options.de = { id = work, keepLastIfActive = true }
    dedupKey = prefix .. "de:" .. work
  end
  local queuedAs = add(KEYS, { { prefix, id, name, timestamp, nil, nil, nil, nil, dedupKey }, data, options })
  if queuedAs ~= id then others[#others + 1] = { (at - 3) / 6, queuedAs } end
end
return others`;
const sha = createHash("sha1").update(script).digest("hex");
/** In the order in which BullMQ's script takes them. */
const keys = ["wait", "paused", "meta", "id", "completed", "delayed", "active", "events", "marker"];

/**
 * Adds a job for each record, under the record's id; answers the ids under which they are queued, which are others where
 * the same work waits or runs.
 */
export async function bulkAdd(
  queue: Queue,
  redis: Redis,
  records: readonly IntakeRecord[],
): Promise<string[]> {
  await queue.waitUntilReady();
  const policies: Record<string, object> = {};
  const jobs: string[] = [];
  for (const { id, kind, at, inputJson, attempts, backoffMs } of records) {
    const policy = `${attempts} ${backoffMs}`;
    policies[policy] ??= storedOptions({ attempts, backoffMs });
    jobs.push(id, kind, String(at), dataOf(inputJson), policy, workOf(id) ?? "");
  }
  const queueKeys = keys.map((key) => queue.toKey(key));
  const args = [...queueKeys, queue.toKey(""), JSON.stringify(policies), ...jobs];
  const queuedAs = records.map(({ id }) => id);
  for (const [position, other] of await runScript(redis, args)) queuedAs[position] = other;
  return queuedAs;
}

/** Answers the positions that are queued under another id, and that id. Redis forgets its scripts when it starts anew. */
async function runScript(redis: Redis, args: readonly string[]): Promise<[position: number, id: string][]> {
  try {
    return (await redis.evalsha(sha, keys.length, ...args)) as [number, string][];
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return (await redis.eval(script, keys.length, ...args)) as [number, string][];
  }
}

/** The text of a StoredJob. */
function dataOf(inputJson: string): string {
  return `{"input":${inputJson}}`;
}

/** The options of a job as BullMQ stores them; those of one kind have the same, so they are sent once. */
function storedOptions(policy: RetryPolicy): object {
  const { keepLogs, ...options } = jobOptions(policy);
  return { ...options, kl: keepLogs };
}
