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

const functions = /^local function .*?^end$/gms;

/**
 * BullMQ's own script for one job, as a function that is called for many: one command then stands for all of them, what
 * BullMQ packs for each is handed over as it is, options are JSON already, and the functions of its script are made once
 * for all. What lies in Redis afterwards is what `queue.add` would have left.
 */
const script = `
local policies = cjson.decode(ARGV[2])
local json = cjson.encode
local cmsgpack = { unpack = function(value) return value end }
local cjson = { encode = function(options) return options.json end }
local rcall = redis.call
${addStandardJob.content.match(functions)?.join("\n")}
local function add(KEYS, ARGV)
${addStandardJob.content.replaceAll(functions, "")}
end
local prefix, known = ARGV[1], {}
for at = 3, #ARGV, 6 do
  local id, name, timestamp, data, policy, work = unpack(ARGV, at, at + 5)
  local options = { json = policies[policy] .. ',"jobId":' .. json(id) .. ',"timestamp":' .. timestamp }
  local dedupKey
  if work ~= "" then
    options.de = { id = work, keepLastIfActive = true }
    options.json = options.json .. ',"de":' .. json(options.de)
    dedupKey = prefix .. "de:" .. work
  end
  options.json = options.json .. "}"
  local queuedAs = add(KEYS, { { prefix, id, name, timestamp, nil, nil, nil, nil, dedupKey }, data, options })
  if queuedAs ~= id then known[#known + 1] = { (at - 3) / 6, queuedAs } end
end
return known`;
const sha = createHash("sha1").update(script).digest("hex");
/** In the order in which BullMQ's script takes them. */
const keys = ["wait", "paused", "meta", "id", "completed", "delayed", "active", "events", "marker"];

/** Where a record stands among those given, and the id of the job that waits or runs for the same work. */
export type Known = readonly [position: number, queuedAs: string];

/** Adds a job for each record, under the record's id; answers those that were known, in whose stead none was added. */
export async function bulkAdd(
  queue: Queue,
  redis: Redis,
  records: readonly IntakeRecord[],
): Promise<readonly Known[]> {
  await queue.waitUntilReady();
  const policies: Record<string, string> = {};
  const jobs: string[] = [];
  for (const { id, kind, at, inputJson, attempts, backoffMs } of records) {
    const policy = `${attempts} ${backoffMs}`;
    policies[policy] ??= storedOptions({ attempts, backoffMs });
    jobs.push(id, kind, String(at), dataOf(inputJson), policy, workOf(id) ?? "");
  }
  const queueKeys = keys.map((key) => queue.toKey(key));
  return runScript(redis, [...queueKeys, queue.toKey(""), JSON.stringify(policies), ...jobs]);
}

/** Redis forgets its scripts when it starts anew. */
async function runScript(redis: Redis, args: readonly string[]): Promise<Known[]> {
  try {
    return (await redis.evalsha(sha, keys.length, ...args)) as Known[];
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return (await redis.eval(script, keys.length, ...args)) as Known[];
  }
}

/** The text of a StoredJob. */
function dataOf(inputJson: string): string {
  return `{"input":${inputJson}}`;
}

/**
 * The options of a job as BullMQ stores them, as JSON that is left open for those of one job alone. Jobs of one kind have
 * the same, so they are sent once.
 */
function storedOptions(policy: RetryPolicy): string {
  const { keepLogs, ...options } = jobOptions(policy);
  return JSON.stringify({ ...options, kl: keepLogs }).slice(0, -1);
}
