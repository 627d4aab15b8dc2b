import { describe, expect } from "vitest";
import { z } from "zod";
import { AcceptedJob, JobReply } from "../../api/schemas.ts";
import { OutcomeTally } from "../../queues/outcomes.ts";
import { test } from "./api.ts";

const Accepted = z.strictObject({ jobs: z.array(AcceptedJob) });

describe("POST /jobs/{kind}", () => {
  test("answers 202 with the job and where to follow it", async ({ serve, queues }) => {
    const api = await serve();
    const response = await api.post("/jobs/parcel", { to: "mill" });

    expect(response.status).toBe(202);
    const job = AcceptedJob.parse(await response.json());
    expect(job).toMatchObject({ kind: "parcel", pool: "maintenance", added: true });
    expect(response.headers.get("location")).toBe(job.links.self);
    expect(job.links.board).toBe(`/board/queue/maintenance/${job.id}`);
    const stored = await queues.of.maintenance.getJob(job.id);
    expect(stored?.data.input).toEqual({ to: "mill", grams: 100 });
  });

  test("queues the same work once while it waits", async ({ serve, queues }) => {
    const api = await serve();
    const first = AcceptedJob.parse(await (await api.post("/jobs/parcel", { to: "mill" })).json());
    const second = AcceptedJob.parse(await (await api.post("/jobs/parcel", { to: "mill" })).json());

    expect(second).toMatchObject({ id: first.id, added: false });
    expect(await queues.of.maintenance.getWaitingCount()).toBe(1);
  });

  test("makes one job of requests with one idempotency key, also after the first has run", async ({
    serve,
    queues,
  }) => {
    const api = await serve();
    const ask = async (key: string) => {
      const response = await api.post("/jobs/parcel", { to: "mill" }, { "idempotency-key": key });
      return AcceptedJob.parse(await response.json());
    };
    const first = await ask("order 17");
    const job = await queues.of.maintenance.getJob(first.id);
    // It ends without having waited for a worker, so nothing but the key can tell the requests to be one.
    await queues.redis.zadd(queues.of.maintenance.toKey("completed"), Date.now(), first.id);
    await queues.redis.lrem(queues.of.maintenance.toKey("wait"), 1, first.id);
    await job?.removeDeduplicationKey();

    expect((await ask("order 17")).id).toBe(first.id);
    expect((await ask("order 18")).id).not.toBe(first.id);
  });
});

describe("POST /jobs", () => {
  test("queues a batch and answers in the order of its items", async ({ serve, queues }) => {
    const api = await serve();
    const items = Array.from({ length: 1_000 }, (_, at) => ({ kind: "parcel", input: { to: `mill ${at}` } }));
    const response = await api.post("/jobs", { jobs: items });

    expect(response.status).toBe(202);
    const { jobs } = Accepted.parse(await response.json());
    expect(await queues.of.maintenance.getWaitingCount()).toBe(1_000);
    const seventh = await queues.of.maintenance.getJob(jobs[7]?.id ?? "");
    expect(seventh?.data.input.to).toBe("mill 7");
  });

  test("names each bad item by its index and queues nothing", async ({ serve, queues }) => {
    const api = await serve();
    const response = await api.post("/jobs", {
      jobs: [
        { kind: "parcel", input: { to: "mill" } },
        { kind: "parcel", input: { to: "", grams: 0.5 } },
        { kind: "letter", input: {} },
      ],
    });

    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: { path: string }[] };
    expect(errors.map((error) => error.path)).toEqual([
      "/jobs/1/input/to",
      "/jobs/1/input/grams",
      "/jobs/2/kind",
    ]);
    expect(await queues.of.maintenance.getWaitingCount()).toBe(0);
  });
});

describe("one job", () => {
  test("is shown, cancelled, and then refuses to be cancelled again", async ({ serve }) => {
    const api = await serve();
    const { links } = AcceptedJob.parse(await (await api.post("/jobs/parcel", { to: "mill" })).json());

    const shown = JobReply.parse(await (await api.fetch(links.self)).json());
    expect(shown).toMatchObject({ state: "waiting", cancelled: false, attempts: { made: 0, allowed: 2 } });

    const cancelled = await api.fetch(links.self, { method: "DELETE" });
    expect(cancelled.status).toBe(202);
    expect(JobReply.parse(await cancelled.json())).toMatchObject({ state: "failed", cancelled: true });
  });

  test("that has not failed is not retried", async ({ serve }) => {
    const api = await serve();
    const { links } = AcceptedJob.parse(await (await api.post("/jobs/parcel", { to: "mill" })).json());
    const response = await api.post(`${links.self}/retry`);

    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ type: "urn:millrace:problem:conflict" });
  });

  test("has a log and children", async ({ serve, queues }) => {
    const api = await serve();
    const { id, links } = AcceptedJob.parse(await (await api.post("/jobs/parcel", { to: "mill" })).json());
    await (await queues.of.maintenance.getJob(id))?.log("picked up");

    expect(await (await api.fetch(links.log)).json()).toEqual({ lines: ["picked up"] });
    expect(await (await api.fetch(links.children)).json()).toEqual({ jobs: [] });
  });
});

describe("GET /jobs", () => {
  test("pages through the jobs of a pool and state", async ({ serve }) => {
    const api = await serve();
    await api.post("/jobs", { jobs: ["a", "b", "c"].map((to) => ({ kind: "parcel", input: { to } })) });

    const seen: string[] = [];
    let path: string | null = "/jobs?pool=maintenance&state=waiting&limit=2";
    while (path) {
      const page = (await (await api.fetch(path)).json()) as {
        jobs: JobReply[];
        total: number;
        next: string | null;
      };
      expect(page.total).toBe(3);
      seen.push(...page.jobs.map((job) => (job.input as { to: string }).to));
      path = page.next;
    }
    expect(seen.sort()).toEqual(["a", "b", "c"]);
  });
});

describe("GET /pools", () => {
  test("shows what waits, and a pool paused until it is resumed", async ({ serve }) => {
    const api = await serve();
    await api.post("/jobs/parcel", { to: "mill" });

    const paused = (await (await api.post("/pools/maintenance/pause")).json()) as Record<string, unknown>;
    expect(paused).toMatchObject({ pool: "maintenance", paused: true, workers: 0 });
    const { pools } = (await (await api.fetch("/pools")).json()) as { pools: { pool: string }[] };
    expect(pools.find((each) => each.pool === "maintenance")).toMatchObject({
      paused: true,
      counts: { waiting: 1 },
      oldestWaitingMs: expect.any(Number),
    });
    expect(await (await api.post("/pools/maintenance/resume")).json()).toMatchObject({ paused: false });
  });
});

describe("GET /metrics", () => {
  test("has queue depth by pool and job outcomes counted by every worker process", async ({
    serve,
    queues,
  }) => {
    const api = await serve();
    await api.post("/jobs/parcel", { to: "mill" });
    await using first = new OutcomeTally(queues);
    await using second = new OutcomeTally(queues);
    first.count({ kind: "parcel", outcome: "completed", seconds: 0.3 });
    second.count({ kind: "parcel", outcome: "completed", seconds: 3 });
    await Promise.all([first.tell(), second.tell()]);

    const text = await (await api.fetch("/metrics")).text();

    expect(text).toContain('millrace_queue_jobs{pool="maintenance",state="waiting"} 1');
    expect(text).toContain("millrace_redis_up 1");
    expect(text).toContain('millrace_job_seconds_bucket{kind="parcel",outcome="completed",le="0.5"} 1');
    expect(text).toContain('millrace_job_seconds_count{kind="parcel",outcome="completed"} 2');
    expect(text).toMatch(/nodejs_eventloop_lag_seconds \d/);
  });
});
