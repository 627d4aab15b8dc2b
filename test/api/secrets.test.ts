import { once } from "node:events";
import { join } from "node:path";
import { Writable } from "node:stream";
import { pino } from "pino";
import { describe, expect, vi } from "vitest";
import { z } from "zod";
import { createKey } from "../../api/keys.ts";
import { openS3 } from "../../data/storage/s3.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { openQueues } from "../../queues/queues.ts";
import { jobs } from "../../workers/registry.ts";
import { OwnRedis } from "../support/own-redis.ts";
import { parcel, test } from "./api.ts";

const PASSWORD = "a-password-of-redis";
const AWS_SECRET = "a-secret-of-the-object-store";

describe("what the outside can see", () => {
  test("holds no key, no password and no secret of the environment, whatever goes wrong", async ({
    serve,
    dir,
  }) => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "an-id-of-the-object-store");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", AWS_SECRET);
    await using redis = await OwnRedis.start(dir, ["--requirepass", PASSWORD]);
    const redisUrl = redis.url.replace("redis://", `redis://:${PASSWORD}@`);
    const keysFile = join(dir, "keys.json");
    const key = await createKey(keysFile, "deploy", "admin");
    const seen: string[] = [];
    const write = (line: unknown, _: unknown, done: () => void) => {
      seen.push(String(line));
      done();
    };
    const log = pino(new Writable({ write }));
    const api = await serve({ redisUrl, keysFile, log });
    const ask = async (path: string, init: RequestInit = {}) => {
      const response = await api.fetch(path, { headers: { authorization: `Bearer ${key}` }, ...init });
      seen.push(JSON.stringify([...response.headers]), await response.text());
    };

    await ask("/jobs/parcel", {
      method: "POST",
      headers: { "x-api-key": key, "content-type": "application/json" },
      body: JSON.stringify({ to: "mill", token: 1 }),
    });
    const paths = [
      "/pools",
      "/jobs?pool=maintenance",
      "/metrics",
      "/ready",
      "/health",
      "/openapi.json",
      "/board",
    ];
    for (const path of [...paths, "/board/api/queues", "/jobs/none"]) await ask(path);
    await ask("/pools", { headers: { authorization: "Bearer mill_wrong" } });
    // The caller hears his own words again; the log does not repeat them.
    await api.fetch(`/jobs/${key}`, { headers: { authorization: `Bearer ${key}` } });
    await redis.kill();
    for (const path of paths) await ask(path);
    seen.push(await messageOf(s3Fault(dir)));

    const everything = seen.join("\n");
    expect(everything).toContain("maintenance");
    for (const secret of [key, PASSWORD, AWS_SECRET]) expect(everything.includes(secret)).toBe(false);
  });

  test("holds of a job just the references of its input", async ({ serve, address, dir }) => {
    await using queues = openQueues(address);
    await enqueue(queues, parcel, { to: "mill", grams: 5 });
    const api = await serve();
    const board = await (
      await api.fetch("/board/api/queues?activeQueue=maintenance&status=latest&page=1")
    ).text();

    expect(board).toContain("mill");
    expect(board).not.toContain(dir);
  });
});

describe("the input of a kind", () => {
  const secretive = /password|secret|^token$|auth|credential|api_?key|access_?key/i;
  const personal = /patient|^mrn$|given|family|birth|note_?text|address$/i;

  function fieldsOf(schema: unknown): string[] {
    if (Array.isArray(schema)) return schema.flatMap(fieldsOf);
    if (schema === null || typeof schema !== "object") return [];
    return Object.entries(schema).flatMap(([name, inner]) =>
      name === "properties"
        ? [...Object.keys(inner as object), ...fieldsOf(Object.values(inner as object))]
        : fieldsOf(inner),
    );
  }

  test.each(Object.values(jobs).map((job) => [job.kind, job.input] as const))(
    "%s has no place for a secret nor for a person",
    (_, input) => {
      const fields = fieldsOf(z.toJSONSchema(input as z.ZodType, { io: "input", unrepresentable: "any" }));

      expect(fields.filter((field) => secretive.test(field) || personal.test(field))).toEqual([]);
    },
  );

  test("with such a place is found", () => {
    const schema = z.toJSONSchema(
      z.object({ s3: z.object({ secretAccessKey: z.string(), patientId: z.string() }) }),
    );

    expect(fieldsOf(schema).filter((field) => secretive.test(field) || personal.test(field))).toHaveLength(2);
  });
});

async function s3Fault(dir: string): Promise<unknown> {
  const server = (await import("node:http")).createServer((_, response) => response.writeHead(403).end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  try {
    await using storage = openS3("s3://lake", s3(`http://127.0.0.1:${port}`), { dir, maxBytes: 1024 });
    return await storage.get("a/b");
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function s3(endpoint: string) {
  return { endpoint, region: "us-east-1", pathStyle: true, anonymous: false };
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "",
    (error: unknown) =>
      error instanceof Error ? `${error.message} ${error.stack} ${JSON.stringify(error)}` : String(error),
  );
}
