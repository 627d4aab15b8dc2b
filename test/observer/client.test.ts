import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { eventLimits } from "../../data/observer/event.ts";
import { ObserverClient } from "../../observer/client.ts";

const event = { source: "test", event_kind: "fill", success: true };

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

async function linesOf(request: Parameters<RequestListener>[0]): Promise<{ id: string }[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks)
    .toString()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("events that could not be sent are sent again under the same ids", async () => {
  const seen: { id: string }[][] = [];
  const url = await serve(async (request, response) => {
    seen.push(await linesOf(request));
    response.writeHead(seen.length === 1 ? 429 : 202).end("{}");
  });
  const client = new ObserverClient({ url });
  client.tell(event);
  client.tell(event);

  expect(await client.flush()).toBe(false);
  expect(await client.flush()).toBe(true);

  expect(seen).toHaveLength(2);
  expect(seen[1]).toEqual(seen[0]);
  expect(new Set(seen[0]?.map(({ id }) => id)).size).toBe(2);
});

test("large events go in bodies that the observer takes", async () => {
  const seen: { id: string }[][] = [];
  let largest = 0;
  const url = await serve(async (request, response) => {
    largest = Math.max(largest, Number(request.headers["content-length"]));
    seen.push(await linesOf(request));
    response.writeHead(202).end("{}");
  });
  const client = new ObserverClient({ url, limitMs: 60_000 });
  const ids = Array.from({ length: 600 }, (_, at) => `event-${at}`);
  for (const id of ids) client.tell({ ...event, id, output_summary: "語".repeat(30_000) });

  expect(await client.flush()).toBe(true);

  expect(largest).toBeLessThanOrEqual(eventLimits.bodyBytes);
  expect(seen.flat().map(({ id }) => id)).toEqual(ids);
  expect(client.dropped).toBe(0);
});

test("a server that never answers is given up at the limit, and one that is not there at once", async () => {
  const url = await serve(() => undefined);
  const hanging = new ObserverClient({ url, limitMs: 50 });
  hanging.tell(event);
  expect(await hanging.flush()).toBe(false);

  const nobody = new ObserverClient({ url: "http://127.0.0.1:1" });
  nobody.tell(event);
  expect(await nobody.flush()).toBe(false);
});

test("telling never throws, and only so much waits", () => {
  const client = new ObserverClient({ url: "http://127.0.0.1:1", most: 3 });
  const circle: Record<string, unknown> = {};
  circle.self = circle;

  client.tell({ ...event, attributes: circle });
  client.tell({ ...event, output_summary: "x".repeat(eventLimits.lineChars) });
  for (let at = 0; at < 5; at += 1) client.tell(event);

  expect(client.dropped).toBe(4);
});
