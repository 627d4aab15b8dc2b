import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect } from "vitest";
import { gatherEnqueue } from "../../api/gather-enqueue.ts";
import { InputTooLargeError } from "../../queues/errors.ts";
import type { AnyJob } from "../../workers/define-job.ts";
import { parcel, test } from "./api.ts";

describe("a body", () => {
  test("in another encoding or character set is refused as it is", async ({ serve }) => {
    const api = await serve();
    const send = async (headers: Record<string, string>, body: NonNullable<RequestInit["body"]>) =>
      (await api.fetch("/jobs/parcel", { method: "POST", headers, body })).status;
    const json = "application/json";

    expect(await send({ "content-type": json, "content-encoding": "gzip" }, gzipSync('{"to":"mill"}'))).toBe(
      415,
    );
    expect(await send({ "content-type": `${json}; charset=latin1` }, '{"to":"mill"}')).toBe(415);
    expect(await send({ "content-type": json }, Buffer.from('{"to":"m\u00fchle"}', "latin1"))).toBe(400);
    expect(await send({ "content-type": `${json}; charset="UTF-8"` }, '{"to":"mühle \uFFFD"}')).toBe(202);
  });

  test.for(["Muhle", "Mühle", "水車 🌾"])("comes back as it was sent: %s", async (to, { serve }) => {
    const api = await serve();
    const { links } = (await (await api.post("/jobs/parcel", { to })).json()) as { links: { self: string } };

    expect(await (await api.fetch(links.self)).json()).toMatchObject({ input: { to } });
  });

  test("with an object that cannot be compared is refused like any other wrong one", async ({ serve }) => {
    const api = await serve();
    const { status } = await api.fetch("/jobs/parcel", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"to":{"length":{"toString":1,"valueOf":1}}}',
    });

    expect(status).toBe(422);
  });

  test("of unsaid length is cut off at the limit", async ({ serve }) => {
    const api = await serve();
    const status = await new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
      const sent = request(`${api.url}/jobs/parcel`, { method: "POST", headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.once("error", reject);
      for (let at = 0; at < 8; at += 1) sent.write("x".repeat(64 * 1024));
    });
    expect(status).toBe(413);
  });
});

describe("requests of one turn of the loop", () => {
  test("each get their own job", async ({ serve, queues }) => {
    const api = await serve();
    const towns = Array.from({ length: 40 }, (_, at) => `town ${at}`);
    const replies = await Promise.all(
      towns.map(async (to) => (await (await api.post("/jobs/parcel", { to })).json()) as { id: string }),
    );

    const asked = await Promise.all(replies.map(({ id }) => queues.of.maintenance.getJob(id)));
    expect(asked.map((job) => job?.data.input.to)).toEqual(towns);
  });

  test("are not refused for one among them that is too large", async ({ queues }) => {
    const ask = (to: string) => gatherEnqueue(queues, parcel as AnyJob, { to });
    const [small, large, other] = await Promise.allSettled([ask("a"), ask("x".repeat(70_000)), ask("b")]);

    expect(small).toMatchObject({ status: "fulfilled", value: { added: true } });
    expect(other).toMatchObject({ status: "fulfilled", value: { added: true } });
    expect(large).toMatchObject({ status: "rejected", reason: expect.any(InputTooLargeError) });
  });
});
