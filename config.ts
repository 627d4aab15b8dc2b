import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ownTempDir } from "./data/own-temp-dir.ts";
import { poolNames } from "./queues/pools.ts";

const GIB = 1024 ** 3;

/** What a container may use, which the machine's own memory does not tell. */
function memoryBytes(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}

const flag = z.enum(["true", "false"]).transform((value) => value === "true");

/** Another scheme would be taken for a folder's name by all who only look for s3. */
function isLakePlace(url: string): boolean {
  return !/^[a-z][a-z0-9+.-]+:/i.test(url) || /^(s3:\/\/[^/]+|file:\/\/\/)/i.test(url);
}

/**
 * Every setting, its meaning and its default. Only the `main.ts` files import this module; everything
 * below them is handed the values it needs.
 */
const Environment = z.object({
  /** The Redis or Valkey that holds the queues. Unset: one is found or fetched and started here. */
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  /** Prefix of every key in Redis; two clusters may share one Redis under two prefixes. */
  QUEUE_PREFIX: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .default("millrace"),
  /** Where the lake lies: a folder, or s3://bucket/prefix. */
  LAKE_URL: z
    .string()
    .min(1)
    .refine(isLakePlace, "Give a folder, file:///folder or s3://bucket/prefix")
    .default("data/lake"),
  /** An S3-compatible server other than AWS. */
  S3_ENDPOINT: z.url().optional(),
  S3_REGION: z.string().default("us-east-1"),
  /** Address buckets as a path instead of a host name; most servers other than AWS need it. */
  S3_PATH_STYLE: flag.default(false),
  /** Read S3 without credentials. Otherwise the AWS chain applies (AWS_ACCESS_KEY_ID, profile, …). */
  S3_ANONYMOUS: flag.default(false),
  /** Where objects of an S3 lake are kept for DuckDB to read. */
  CACHE_DIR: z.string().default(join(ownTempDir, "cache")),
  CACHE_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(20 * GIB),
  /** What DuckDB of one process may hold in memory before it spills to TEMP_DIR. */
  DUCKDB_MEMORY_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(Math.min(2 * GIB, Math.floor(memoryBytes() / 4))),
  DUCKDB_THREADS: z.coerce.number().int().positive().default(availableParallelism()),
  TEMP_DIR: z.string().default(join(ownTempDir, "duckdb")),
  API_HOST: z.string().default("127.0.0.1"),
  API_PORT: z.coerce.number().int().min(0).max(65_535).default(3100),
  /** JSON file of hashed API keys (`millrace keys`). Needed on any address but loopback. */
  API_KEYS_FILE: z.string().optional(),
  /** Requests a minute for one key or, without keys, for one address. */
  API_RATE_LIMIT: z.coerce.number().int().positive().default(60_000),
  /** The longest a query of `POST /sql` may run. */
  SQL_TIMEOUT_MS: z.coerce.number().int().positive().default(60_000),
  SQL_MAX_ROWS: z.coerce.number().int().positive().default(1_000_000),
  /** The pools this worker process serves, comma-separated. */
  WORKER_POOLS: z
    .string()
    .default(poolNames.join(","))
    .transform((names) => names.split(",").map((name) => name.trim()))
    .pipe(z.array(z.enum(poolNames)).min(1)),
  /** Jobs of one pool that one process runs at a time; unset: the pool's own number. */
  WORKER_CONCURRENCY: z.coerce.number().int().positive().optional(),
  /** A model server; unset: the built-in embedder serves. */
  OLLAMA_URL: z.url().optional(),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
});

export type Config = ReturnType<typeof readConfig>;

/** The names of all settings, for the tests that hold documents and compose files against this file. */
export const settingNames = Object.keys(Environment.shape);

export function readConfig(env: NodeJS.ProcessEnv) {
  // Compose files and shells hand on an unset variable as an empty one.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) throw new Error(`Bad environment:\n${z.prettifyError(parsed.error)}`);

  const e = parsed.data;
  return {
    redisUrl: e.REDIS_URL,
    queuePrefix: e.QUEUE_PREFIX,
    lakeUrl: e.LAKE_URL,
    s3: {
      endpoint: e.S3_ENDPOINT,
      region: e.S3_REGION,
      pathStyle: e.S3_PATH_STYLE,
      anonymous: e.S3_ANONYMOUS,
    },
    cache: { dir: e.CACHE_DIR, maxBytes: e.CACHE_BYTES },
    duckdb: { memoryBytes: e.DUCKDB_MEMORY_BYTES, threads: e.DUCKDB_THREADS, tempDir: e.TEMP_DIR },
    api: {
      host: e.API_HOST,
      port: e.API_PORT,
      keysFile: e.API_KEYS_FILE,
      rateLimit: e.API_RATE_LIMIT,
    },
    sql: { timeoutMs: e.SQL_TIMEOUT_MS, maxRows: e.SQL_MAX_ROWS },
    worker: { pools: e.WORKER_POOLS, concurrency: e.WORKER_CONCURRENCY },
    ollamaUrl: e.OLLAMA_URL,
    logLevel: e.LOG_LEVEL,
  };
}
