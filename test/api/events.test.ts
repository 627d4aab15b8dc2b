import { pino } from "pino";
import { describe, expect } from "vitest";
import { z } from "zod";
import type { Lake } from "../../data/lake.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { openQueues } from "../../queues/queues.ts";
import { type AnyJob, defineJob } from "../../workers/define-job.ts";
import { startPool } from "../../workers/pool.ts";
import { type Caller, test } from "./api.ts";

/** Works in two steps, each when it is let. */
function steppedJob(steps: readonly Promise<unknown>[]) {
  return defineJob({
    kind: "stepped",
    pool: "maintenance",
    summary: "Take steps",
    input: z.strictObject({}),
    checkpoint: z.strictObject({}),
    attempts: 1,
    backoffMs: 10,
    timeoutMs: 20_000,
    key: () => "only",
    load: async () => ({
      async run({ reportProgress }) {
        for (const [done, step] of steps.entries()) {
          await reportProgress({ stage: "step", done, total: steps.length, unit: "steps" });
          await step;
        }
        return { steps: steps.length };
      },
    }),
  });
}

describe("GET /jobs/{id}/events", () => {
  test("tells the state and progress of a real job until it ends", async ({ serve, address, queues }) => {
    let letGo = () => {};
    const job = steppedJob([new Promise<void>((resolve) => (letGo = resolve))]);
    const api = await serve();
    const { id } = await enqueue(queues, job, {});

    const events = readEvents(api, id);
    const first = await events.next();
    expect(first.value).toMatchObject({ event: "job", data: { id, state: "waiting" } });

    await using working = openQueues(address, { role: "worker" });
    const services = { lake: {} as Lake, queues: working, log: pino({ level: "silent" }) };
    await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: () => job as AnyJob });
    const seen: string[] = [];
    for await (const { event, data } of events) {
      seen.push(event === "job" ? data.state : event);
      if (data.progress?.stage === "step") letGo();
    }
    expect(seen[0]).toBe("active");
    expect(seen.slice(-2)).toEqual(["completed", "end"]);
  });

  test("outlives a reader that goes away, and a new one sees how the job stands", async ({
    serve,
    queues,
  }) => {
    const job = steppedJob([]);
    const api = await serve();
    const { id } = await enqueue(queues, job, {});

    const gone = new AbortController();
    const events = readEvents(api, id, gone.signal);
    await events.next();
    gone.abort();
    await expect(events.next()).rejects.toThrow(/abort/i);

    expect((await api.fetch("/health")).status).toBe(200);
    const again = readEvents(api, id);
    expect((await again.next()).value).toMatchObject({ data: { state: "waiting" } });
    await again.return(undefined);
  });

  test("ends at once for a job that has ended", async ({ serve, queues }) => {
    const api = await serve();
    const { id } = await enqueue(queues, steppedJob([]), {});
    await api.fetch(`/jobs/${id}`, { method: "DELETE" });

    const seen: string[] = [];
    for await (const { event } of readEvents(api, id)) seen.push(event);
    expect(seen).toEqual(["job", "end"]);
  });
});

interface Told {
  readonly event: string;
  readonly data: { id: string; state: string; progress: { stage: string } | null };
}

async function* readEvents(api: Caller, id: string, signal?: AbortSignal): AsyncGenerator<Told> {
  const response = await api.fetch(`/jobs/${id}/events`, signal ? { signal } : {});
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
      if (event && data) yield { event, data: JSON.parse(data) };
    }
  }
}
