import { request } from "node:http";
import { join } from "node:path";
import { appRoutes } from "@bull-board/api/dist/routes.js";
import { describe, expect } from "vitest";
import { isOffered, stepsOf } from "../../api/board-changes.ts";
import { createKey } from "../../api/keys.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { parcel, test } from "./api.ts";

/** The path goes out as it is written here; `fetch` would mend it. */
function send(url: string, method: string, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number | undefined; poweredBy: unknown; body: string }>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const asked = { "content-type": "application/json", ...headers };
    const sent = request({ hostname, port, method, path, headers: asked }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode, poweredBy: response.headers["x-powered-by"], body });
      });
    });
    sent.on("error", reject);
    const hasBody = method.startsWith("P");
    sent.end(hasBody ? JSON.stringify({ name: "parcel", data: {}, options: {} }) : undefined);
  });
}

/** One path as a router or a proxy may be given it. */
function spellingsOf(path: string): string[] {
  const last = path.slice(path.lastIndexOf("/") + 1);
  const upTo = path.slice(0, -last.length);
  return [
    path,
    `${path}/`,
    `${path}//`,
    `${path}?a=1`,
    `${path}/?a=1`,
    `${path}#a`,
    `${upTo}/${last}`,
    `${upTo}${last.toUpperCase()}`,
    `${upTo}${last.toUpperCase()}/`,
    `${upTo}${last.slice(0, 1).toUpperCase()}${last.slice(1)}`,
    `${upTo}%${last.charCodeAt(0).toString(16)}${last.slice(1)}`,
    path.replace("/board/api", "/BOARD/Api"),
    path.replace("/board/api", "/board//api"),
    path.replace("/board/api", "/board/%61pi"),
    `http://localhost${path}`,
  ];
}

/** A job in the place of each parameter, so that what is let past would find it. */
const filled = (pattern: string, id: string) =>
  `/board${pattern}`
    .replace(":queueName", "maintenance")
    .replace(":jobId", id)
    .replace(":queueStatus", "failed")
    .replace(":schedulerId", "retry");

const changes = appRoutes.api
  .flatMap(({ method, route }) =>
    [method].flat().flatMap((each) => [route].flat().map((pattern) => ({ method: each, pattern }))),
  )
  .filter(({ method }) => method !== "get");

const offered = changes.filter(({ method, pattern }) => isOffered(method, pattern));
const refused = changes.filter((change) => !offered.includes(change));

test.for(spellingsOf("/api/queues/maintenance/add").filter((path) => !/[?#]|^http/.test(path)))(
  "%s is one path to every check",
  (path) => {
    expect(stepsOf(path)).toEqual(["api", "queues", "maintenance", "add"]);
  },
);

test.for([
  ["/API/Queues/", ["api", "queues"]],
  ["/%61pi//queues", ["api", "queues"]],
  ["/api/queues/gold/a%2Fb/retry", ["api", "queues", "gold", "a/b", "retry"]],
  ["/", []],
] as const)("%s has the steps %j", ([path, steps]) => {
  expect(stepsOf(path)).toEqual(steps);
});

describe("the board", () => {
  test.for(refused)(
    "does not do $method $pattern, however it is spelled",
    async ({ method, pattern }, { serve, queues }) => {
      const api = await serve();
      const { id } = await enqueue(queues, parcel, { to: "mill", grams: 5 });
      const kept = await queues.of.maintenance.getJob(id);

      for (const path of spellingsOf(filled(pattern, id))) {
        const { status, poweredBy } = await send(api.url, method.toUpperCase(), path);
        // 404: a path that is none of the board's to the router.
        expect([403, 404], path).toContain(status);
        expect(poweredBy, path).toBeUndefined();
      }
      expect((await queues.of.maintenance.getJob(id))?.data).toEqual(kept?.data);
      expect(await queues.of.maintenance.getJobCounts("waiting", "prioritized", "delayed")).toEqual({
        waiting: 1,
        prioritized: 0,
        delayed: 0,
      });
    },
  );

  test("does not take work nor an input that nobody has checked", () => {
    expect(refused.map(({ method, pattern }) => `${method} ${pattern}`)).toEqual([
      "post /api/queues/:queueName/add",
      "put /api/queues/:queueName/job-schedulers/:schedulerId/remove",
      "patch /api/queues/:queueName/job-schedulers/:schedulerId",
      "put /api/queues/:queueName/job-schedulers/:schedulerId/run",
      "patch /api/queues/:queueName/:jobId/update-data",
    ]);
  });

  test("asks for the role of a change, however it is spelled", async ({ serve, dir, queues }) => {
    const keysFile = join(dir, "keys.json");
    const operator = await createKey(keysFile, "operator", "operate");
    const lesser = { operate: await createKey(keysFile, "reader", "read"), admin: operator };
    const enough = { operate: operator, admin: await createKey(keysFile, "boss", "admin") };
    const api = await serve({ keysFile });
    const { id } = await enqueue(queues, parcel, { to: "mill", grams: 5 });
    const status = async (method: string, path: string, key: string) =>
      (await send(api.url, method.toUpperCase(), path, { "x-api-key": key })).status;
    const needed: string[] = [];
    for (const { method, pattern } of offered) {
      const needs = /(retry|retry\/:queueStatus|promote)$/.test(pattern) ? "operate" : "admin";
      needed.push(needs);
      const path = filled(pattern, id);
      for (const each of spellingsOf(path)) {
        expect(await status(method, each, lesser[needs]), `${method} ${each}`).toBe(403);
      }
      expect(await status(method, path, enough[needs]), `${method} ${path}`).not.toBe(403);
    }
    expect(needed.filter((role) => role === "operate")).toHaveLength(4);
    expect(needed.filter((role) => role === "admin")).toHaveLength(14);
  });

  test.for([
    ["PUT", "/clean/retry"],
    ["PUT", "/clean/promote"],
    ["PUT", "/job-schedulers/retry/run"],
    ["PATCH", "/job-schedulers/retry"],
    ["PUT", "/some-job/retry/failed"],
    ["DELETE", "/some-job/retry"],
    ["PUT", "/some%2Fjob%2Fretry"],
    ["PUT", "/retry%2Ffailed"],
  ] as const)("takes %s %s from nobody who may only operate", async ([method, path], { serve, dir }) => {
    const keysFile = join(dir, "keys.json");
    const key = await createKey(keysFile, "operator", "operate");
    const api = await serve({ keysFile });
    const sent = await send(api.url, method, `/board/api/queues/maintenance${path}`, { "x-api-key": key });
    expect(sent.status).toBe(403);
  });

  test("says nothing of the server, whatever it is asked", async ({ serve }) => {
    const api = await serve();
    for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]) {
      for (const path of ["/board", "/board/", "/BOARD/API/queues", "/board/none/none"]) {
        expect((await send(api.url, method, path)).poweredBy, `${method} ${path}`).toBeUndefined();
      }
    }
  });

  test("with escapes that cannot be read is a bad request", async ({ serve }) => {
    const api = await serve();
    const { status, body } = await send(api.url, "PUT", "/board/api/queues/%ZZ/pause");
    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ type: "urn:millrace:problem:bad-request" });
  });
});
