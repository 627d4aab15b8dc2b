import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { Intake } from "./intake.ts";
import { type PoolName, poolNames } from "./pools.ts";
import type { RecordStore } from "./record-store.ts";
import { retention } from "./retention.ts";

/** Where a set of queues lives. Tests give each test its own `prefix`, so they never meet. */
export interface QueueAddress {
  readonly redisUrl: string;
  readonly prefix: string;
}

/** A producer answers somebody who waits, so it fails within two seconds; a worker waits for Redis to come back. */
export type QueueRole = "producer" | "worker";

export interface Queues extends AsyncDisposable {
  readonly address: QueueAddress;
  readonly role: QueueRole;
  readonly of: Readonly<Record<PoolName, Queue>>;
  /** The connection that the queues share, for what BullMQ has no word for. */
  readonly redis: Redis;
  /** Where accepted work is recorded before it is queued, and failed work after; undefined: nowhere. */
  readonly store: RecordStore | undefined;
  readonly intake: Intake | undefined;
}

export interface QueuesOptions {
  readonly role?: QueueRole;
  readonly store?: RecordStore;
  /** How long a producer waits for one answer of Redis; longer where nobody waits for a reply by HTTP. */
  readonly answerWithinMs?: number;
}

const ANSWER_WITHIN_MS = 1_300;

export function openQueues(
  address: QueueAddress,
  { role = "producer", store, answerWithinMs }: QueuesOptions = {},
): Queues {
  const redis = connect(address, role, answerWithinMs);
  const opened = new Map<PoolName, Queue>();
  const intake = store && new Intake(store);

  return {
    address,
    role,
    redis,
    store,
    intake,
    of: lazily(opened, redis, address.prefix),
    async [Symbol.asyncDispose]() {
      // Only marks are left to write by now, and those may be lost.
      await intake?.close().catch(() => undefined);
      await Promise.all([...opened.values()].map((queue) => queue.close()));
      redis.disconnect();
    },
  };
}

/** A connection whose failures are seen where a command is awaited, and nowhere else. */
export function connect(
  address: QueueAddress,
  role: QueueRole,
  answerWithinMs: number = ANSWER_WITHIN_MS,
): Redis {
  const longestPauseMs = role === "producer" ? 300 : 2_000;
  const patience =
    role === "worker"
      ? { maxRetriesPerRequest: null }
      : {
          maxRetriesPerRequest: 1,
          enableOfflineQueue: false,
          connectTimeout: 1_500,
          commandTimeout: answerWithinMs,
        };
  const redis = new Redis(address.redisUrl, {
    ...patience,
    retryStrategy: (times: number) => Math.min(50 * times, longestPauseMs),
  });
  // Without a listener the event would end the process.
  redis.on("error", () => undefined);
  return redis;
}

/** A queue costs a few commands when it opens, and most processes use one or two. */
function lazily(opened: Map<PoolName, Queue>, redis: Redis, prefix: string): Queues["of"] {
  const of = {} as Record<PoolName, Queue>;
  for (const pool of poolNames) {
    Object.defineProperty(of, pool, {
      enumerable: true,
      get() {
        const known = opened.get(pool);
        if (known) return known;
        const queue = new Queue(pool, {
          connection: redis,
          prefix,
          streams: { events: { maxLen: retention.events } },
        });
        queue.on("error", () => undefined);
        opened.set(pool, queue);
        // A queue that could not say hello would reject every call for good, also when Redis is long back.
        queue.waitUntilReady().catch(() => {
          if (opened.get(pool) === queue) opened.delete(pool);
        });
        return queue;
      },
    });
  }
  return of;
}
