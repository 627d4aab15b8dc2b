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
 * for all. What lies in Redis afterwards is what `queue.add` would have left, but for work that has begun: what is asked
 * for then is kept to follow it, which BullMQ does only while it is active and not while it waits for its parts or its
 * next attempt; and of requests for the same input the first is kept.
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
local prefix, met = ARGV[1], {}
local function follows(current, nextKey, id, name, data, options)
  if rcall("HGET", nextKey, "jid") == id then return true end
  if rcall("HEXISTS", prefix .. current, "processedOn") == 0 then return false end
  rcall("DEL", nextKey)
  rcall("HSET", nextKey, "name", name, "data", data, "opts", options.json, "jid", id)
  return true
end
for at = 3, #ARGV, 6 do
  local id, name, timestamp, data, policy, work = unpack(ARGV, at, at + 5)
  local options = { json = policies[policy] .. ',"jobId":' .. json(id) .. ',"timestamp":' .. timestamp }
  local dedupKey, nextKey, kept = nil, prefix .. "dn:" .. work, {}
  if work ~= "" then
    options.de = { id = work, keepLastIfActive = true }
    options.json = options.json .. ',"de":' .. json(options.de)
    dedupKey = prefix .. "de:" .. work
    if rcall("EXISTS", dedupKey) == 1 then kept = rcall("HMGET", nextKey, "jid", "data") end
  end
  options.json = options.json .. "}"
  local position, displaced = (at - 3) / 6, kept[1] and kept[1] ~= id and kept[1]
  if displaced and kept[2] == data then
    met[#met + 1] = { position, displaced, "" }
  else
    local queuedAs = add(KEYS, { { prefix, id, name, timestamp, nil, nil, nil, nil, dedupKey }, data, options })
    if queuedAs ~= id and not follows(queuedAs, nextKey, id, name, data, options) then
      met[#met + 1] = { position, queuedAs, "" }
    elseif displaced then
      met[#met + 1] = { position, "", displaced }
    end
  end
end
return met`;
const sha = createHash("sha1").update(script).digest("hex");
/** In the order in which BullMQ's script takes them. */
const keys = ["wait", "paused", "meta", "id", "completed", "delayed", "active", "events", "marker"];

/**
 * A record that met its own work: the job that stands in for it, so that none was added, or else the request in whose
 * place it is kept. Of the two one is empty.
 */
export type Met = readonly [position: number, standIn: string, displaced: string];

/** Adds a job for each record, under the record's id. */
export async function bulkAdd(
  queue: Queue,
  redis: Redis,
  records: readonly IntakeRecord[],
): Promise<readonly Met[]> {
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
async function runScript(redis: Redis, args: readonly string[]): Promise<Met[]> {
  try {
    return (await redis.evalsha(sha, keys.length, ...args)) as Met[];
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return (await redis.eval(script, keys.length, ...args)) as Met[];
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
