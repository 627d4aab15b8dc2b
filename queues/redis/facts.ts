import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { isRecent, oldestVersion } from "./program.ts";

/** What the cluster must know of a server before it trusts its queues to it. */
export interface RedisFacts {
  readonly product: "redis" | "valkey";
  /** The Redis version whose commands it speaks; a Valkey server tells this beside its own. */
  readonly version: string;
  /** What it does when its memory is full; undefined when the server does not say. */
  readonly evictionPolicy: string | undefined;
  readonly appendOnly: boolean;
  readonly processId: number | undefined;
}

const LOADING_LIMIT_MS = 120_000;

/**
 * Asks the server at `url`, or says in one sentence why no answer came. One that is still reading its file
 * is waited for. Never names the password.
 */
export async function askRedis(url: string, timeoutMs = 5_000): Promise<RedisFacts> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    // The ready check would wait without an end for a server that accepts and never answers.
    enableReadyCheck: false,
    connectionName: "millrace-check",
  });
  let reason: Error | undefined;
  client.on("error", (error: Error) => {
    reason ??= error;
  });
  try {
    await client.connect();
    await untilLoaded(client);
    return readFacts(await client.info());
  } catch (error) {
    throw new Error(`Redis at ${placeOf(url)} does not answer: ${sentenceOf(reason ?? error)}`);
  } finally {
    client.disconnect();
  }
}

async function untilLoaded(client: Redis): Promise<void> {
  for (const startedAt = Date.now(); ; ) {
    try {
      await client.ping();
      return;
    } catch (error) {
      const loading = error instanceof Error && error.message.startsWith("LOADING");
      if (!loading || Date.now() - startedAt > LOADING_LIMIT_MS) throw error;
      await pause(200);
    }
  }
}

/** Why this server must not hold the queues; undefined when it may. */
export function refusalOf(facts: RedisFacts): string | undefined {
  if (!isRecent(facts.version)) {
    return `it is version ${facts.version}, and the queues need ${oldestVersion} or newer: upgrade it, or unset REDIS_URL`;
  }
  if (facts.evictionPolicy !== undefined && facts.evictionPolicy !== "noeviction") {
    return `its maxmemory-policy is ${facts.evictionPolicy}, which drops waiting jobs when memory is full: set it to noeviction`;
  }
  return undefined;
}

export function readFacts(info: string): RedisFacts {
  const fields = new Map(
    info.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(":");
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
    }),
  );
  const processId = Number(fields.get("process_id"));
  return {
    product: fields.has("valkey_version") ? "valkey" : "redis",
    version: fields.get("redis_version") ?? "0.0.0",
    evictionPolicy: fields.get("maxmemory_policy"),
    appendOnly: fields.get("aof_enabled") === "1",
    processId: processId > 0 ? processId : undefined,
  };
}

/** Host and port, for messages. */
export function placeOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "an address that is not a URL";
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return "no reason given";
  // A host name with two addresses fails with an AggregateError, whose own message is empty.
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  return inner instanceof Error ? inner.message : error.message;
}
