import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { test as base, inject } from "vitest";
import { z } from "zod";
import { routes } from "../../api/routes.ts";
import { type ApiOptions, type RunningApi, serveApi } from "../../api/serve.ts";
import type { Lake } from "../../data/lake.ts";
import type { QueryLimits } from "../../data/sql/run-query.ts";
import { openFolder } from "../../data/storage/folder.ts";
import type { ModelServer } from "../../data/vectors/embedders/ollama.ts";
import { openQueues, type QueueAddress, type Queues } from "../../queues/queues.ts";
import type { Schedule } from "../../scheduler/schedule.ts";
import { on } from "../../scheduler/schedule.ts";
import { type AnyJob, defineJob } from "../../workers/define-job.ts";

/** A kind that nobody works on, so that what is asked for can be looked at. */
export const parcel = defineJob({
  kind: "parcel",
  pool: "maintenance",
  summary: "Carry a parcel",
  input: z.strictObject({
    to: z.string().min(1),
    grams: z.number().int().positive().default(100),
    labels: z.array(z.strictObject({ text: z.string() })).optional(),
  }),
  checkpoint: z.strictObject({}),
  attempts: 2,
  backoffMs: 10,
  timeoutMs: 10_000,
  key: (input) => input.to,
  load: async () => ({ run: async () => ({ carried: true }) }),
});

const silent = pino({ level: "silent" });

export const parcels: ReadonlyMap<string, AnyJob> = new Map([[parcel.kind, parcel as AnyJob]]);

export interface Caller {
  readonly url: string;
  /** Ends the API as a signal does. */
  close(): Promise<void>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

type Serve = (
  options?: Partial<Omit<ApiOptions, "services">> & {
    redisUrl?: string;
    log?: Logger;
    kinds?: ReadonlyMap<string, AnyJob>;
    lake?: Lake;
    sql?: Partial<QueryLimits>;
    modelServer?: ModelServer;
  },
) => Promise<Caller>;

interface Fixtures {
  address: QueueAddress;
  dir: string;
  queues: Queues;
  schedules: readonly Schedule[];
  serve: Serve;
}

/** `test` with queues, a lake and an API of its own. */
export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads this pattern to learn what the fixture needs.
  address: async ({}, use) => use({ redisUrl: inject("redisUrl"), prefix: randomUUID() }),
  // biome-ignore lint/correctness/noEmptyPattern: as above.
  dir: async ({}, use) => {
    const dir = await mkdtemp(join(tmpdir(), "millrace-api-"));
    await use(dir);
    await rm(dir, { recursive: true, force: true });
  },
  queues: async ({ address, dir }, use) => {
    await using queues = openQueues(address, { store: openFolder(join(dir, "lake")) });
    await use(queues);
  },
  // biome-ignore lint/correctness/noEmptyPattern: as above.
  schedules: async ({}, use) =>
    use([
      on({ name: "nightly-parcel", cron: "0 3 * * *", catchUp: "last" }, parcel, { to: "mill", grams: 1 }),
    ]),
  serve: async ({ address, dir, schedules }, use) => {
    const opened: AsyncDisposable[] = [];
    await use(
      async ({
        redisUrl = address.redisUrl,
        log = silent,
        kinds = parcels,
        lake,
        sql,
        modelServer,
        ...options
      } = {}) => {
        const storage = openFolder(join(dir, "lake"));
        const queues = openQueues({ ...address, redisUrl }, { store: storage });
        const api: RunningApi = await serveApi({
          host: "127.0.0.1",
          port: 0,
          rateLimit: 100_000,
          routes,
          ...options,
          services: {
            lake: lake ?? ({ storage } as Lake),
            queues,
            log,
            kinds,
            schedules,
            modelServer,
            sql: {
              timeoutMs: 1_000,
              maxRows: 10,
              memoryBytes: 128 * 1024 ** 2,
              threads: 1,
              tempDir: dir,
              ...sql,
            },
          },
        });
        opened.push(queues, api);
        return callerOf(api);
      },
    );
    for (const each of opened.reverse()) await each[Symbol.asyncDispose]();
  },
});

function callerOf(api: RunningApi): Caller {
  const { url } = api;
  return {
    url,
    close: async () => api[Symbol.asyncDispose](),
    fetch: (path, init) => fetch(url + path, init),
    post: (path, body, headers) =>
      fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body ?? {}),
      }),
  };
}
