import { randomUUID } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { pino } from "pino";
import { openApiDocument } from "../../../api/openapi.ts";
import { ProblemDocument } from "../../../api/problem.ts";
import { routes } from "../../../api/routes.ts";
import { serveApi } from "../../../api/serve.ts";
import { openLake } from "../../../data/open-lake.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import { openQueues } from "../../../queues/queues.ts";
import { schedules } from "../../../scheduler/schedules.ts";
import type { AnyJob } from "../../../workers/define-job.ts";
import { jobs } from "../../../workers/registry.ts";
import type { Random } from "../../chaos/random.ts";
import { OwnRedis } from "../../support/own-redis.ts";
import { BrokenPromise, type Door } from "../door.ts";
import { mutateText } from "../mutate.ts";
import { type JsonSchema, sampleOf } from "../sample.ts";

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly responses: Readonly<Record<string, { content?: Record<string, unknown> }>>;
  readonly body: JsonSchema | undefined;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema?: JsonSchema;
  }[];
}

/** Held against its own document: what it answers is what the document says, and never a fault of its own. */
export const api: Door = {
  name: "API bodies and paths",
  inputsAtOnce: 1,
  async open(dir) {
    const redis = await OwnRedis.start(dir);
    const duckdb = { memoryBytes: 2 ** 28, threads: 1, tempDir: join(dir, "spill") };
    const lake = await openLake({ storage: openFolder(join(dir, "lake")), duckdb });
    const queues = openQueues({ redisUrl: redis.url, prefix: randomUUID() }, { store: lake.storage });
    const kinds: ReadonlyMap<string, AnyJob> = new Map(
      Object.values(jobs).map((job) => [job.kind, job as AnyJob]),
    );
    const log = pino({ level: "silent" });
    const sql = { ...duckdb, timeoutMs: 1_000, maxRows: 100 };
    const services = { lake, queues, log, kinds, schedules, sql };
    const running = await serveApi({ host: "127.0.0.1", port: 0, rateLimit: 10_000_000, routes, services });
    const document = openApiDocument(routes, kinds) as unknown as Document;
    const operations = operationsOf(document);
    return {
      async feed(random) {
        const operation = random.pick(operations);
        if (!operation) throw new Error("The document has no operation");
        const status = await ask(running.url, document, operation, random);
        return status < 400 ? { taken: 1, refused: {} } : { taken: 0, refused: { [status]: 1 } };
      },
      async [Symbol.asyncDispose]() {
        await running[Symbol.asyncDispose]();
        await queues[Symbol.asyncDispose]();
        await lake[Symbol.asyncDispose]();
        await redis[Symbol.asyncDispose]();
      },
    };
  },
};

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

interface RawOperation {
  readonly responses: Operation["responses"];
  readonly parameters?: Operation["parameters"];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema }>> };
}

function operationsOf({ paths }: Document): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses, parameters = [], requestBody }]) => ({
      method,
      path,
      responses,
      parameters,
      body: requestBody?.content?.["application/json"]?.schema,
    })),
  );
}

const oddPaths = [
  "..%2f..%2fetc",
  "%00",
  "%",
  "a b",
  "🦀",
  "x".repeat(3_000),
  "__proto__",
  "-1",
  "9007199254740993",
];

async function ask(url: string, document: Document, operation: Operation, random: Random): Promise<number> {
  const schemas = document.components.schemas;
  const isWild = random.next() < 0.6;
  const valueFor = (schema: JsonSchema | undefined) => sampleOf(schema ?? {}, schemas, random);
  const wordOf = (schema: JsonSchema | undefined) =>
    isWild && random.below(3) === 0
      ? (random.pick(oddPaths) ?? "")
      : encodeURIComponent(String(valueFor(schema)));
  const inPath = new Map(
    operation.parameters.filter((one) => one.in === "path").map(({ name, schema }) => [name, schema]),
  );
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => wordOf(inPath.get(name)));
  const query = operation.parameters
    .filter((one) => one.in === "query" && random.below(2) === 0)
    .map(({ name, schema }) => `${name}=${wordOf(schema)}`);
  const body = operation.body && bodyOf(JSON.stringify(valueFor(operation.body)), isWild, random);
  const signal = AbortSignal.timeout(10_000);
  const gone = new AbortController();
  const response = await fetch(`${url}${path}${query.length > 0 ? `?${query.join("&")}` : ""}`, {
    method: operation.method.toUpperCase(),
    signal: AbortSignal.any([signal, gone.signal]),
    ...(body === undefined ? {} : { body, headers: { "content-type": "application/json" } }),
  });
  const type = response.headers.get("content-type") ?? "";
  const where = `${operation.method} ${operation.path}`;
  if (type.includes("event-stream")) {
    gone.abort();
    return response.status;
  }
  const text = await response.text();
  if (response.status >= 500 && response.status !== 503)
    throw new BrokenPromise(`${where} answered ${response.status}: ${text.slice(0, 200)}`);
  if (response.status >= 400) checkProblem(where, response.status, type, text);
  // A path that was bent may have become another one.
  const isOwnPath = !isWild;
  if (isOwnPath && !operation.responses[response.status] && !operation.responses.default)
    throw new BrokenPromise(
      `${where} answered ${response.status}, which its document does not know: ${text.slice(0, 200)}`,
    );
  return response.status;
}

function checkProblem(where: string, status: number, type: string, text: string): void {
  if (!type.includes("problem+json")) throw new BrokenPromise(`${where} answered ${status} as ${type}`);
  const problem = ProblemDocument.safeParse(JSON.parse(text));
  if (!problem.success)
    throw new BrokenPromise(
      `${where} answered ${status} with a problem of another shape: ${text.slice(0, 200)}`,
    );
}

function bodyOf(valid: string, isWild: boolean, random: Random): string {
  if (!isWild) return valid;
  if (random.below(4) > 0) return mutateText(random, valid);
  return fc.sample(fc.json(), { seed: random.below(2 ** 31), numRuns: 1 })[0] ?? "";
}
