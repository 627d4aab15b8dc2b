import { describe, expect } from "vitest";
import { z } from "zod";
import { defineRoute } from "../../api/define-route.ts";
import { ProblemDocument, type ProblemName, problems } from "../../api/problem.ts";
import { routes } from "../../api/routes.ts";
import { DataError, NotFoundError } from "../../data/errors.ts";
import { test } from "./api.ts";

/** Answers with whatever error its name asks for. */
const breaking = defineRoute({
  summary: "Fail",
  method: "get",
  path: "/breaking/{how}",
  role: "anyone",
  params: z.strictObject({ how: z.string() }),
  status: 200,
  reply: z.strictObject({}),
  handle: async ({ params }) => {
    if (params.how === "data") throw new DataError("The column is not there.");
    if (params.how === "missing") throw new NotFoundError("The table is not there.");
    if (params.how === "full") throw new Error("OOM command not allowed when used memory > 'maxmemory'.");
    throw new TypeError("secret of the house");
  },
});

async function problemOf(response: Response, name: ProblemName) {
  expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  const problem = ProblemDocument.parse(await response.json());
  expect(problem).toMatchObject({ type: `urn:millrace:problem:${name}`, ...problems[name] });
  expect(response.status).toBe(problem.status);
  return problem;
}

describe("a request that cannot be answered", () => {
  test("with a body that is not JSON is told so", async ({ serve }) => {
    const api = await serve();
    await problemOf(await api.post("/jobs/parcel", "{"), "malformed-json");
  });

  test("for a kind, job or path that does not exist is 404", async ({ serve }) => {
    const api = await serve();
    const kind = await problemOf(await api.post("/jobs/letter", {}), "unknown-kind");
    expect(kind.detail).toContain("parcel");
    await problemOf(await api.fetch("/jobs/parcel.0.1"), "unknown-job");
    await problemOf(await api.fetch("/jobs/parcel.0.1/events"), "unknown-job");
    await problemOf(await api.fetch("/letters"), "unknown-path");
    await problemOf(await api.post("/pools/kitchen/pause"), "not-found");
    await problemOf(await api.post("/schedules/tea/run"), "not-found");
    await problemOf(await api.fetch("/dead-letters/none"), "not-found");
  });

  test("with a method that the path does not take learns which it takes", async ({ serve }) => {
    const api = await serve();
    const response = await api.fetch("/jobs/parcel", { method: "PUT" });
    await problemOf(response, "wrong-method");
    expect(response.headers.get("allow")).toBe("POST, GET, HEAD, DELETE");
  });

  test("with wrong fields has every one of them named", async ({ serve }) => {
    const api = await serve();
    const response = await api.post("/jobs/parcel", {
      grams: "many",
      labels: [{ text: 1 }],
      form: 1,
      fom: 2,
    });

    const { errors = [] } = await problemOf(response, "invalid");
    expect(errors.map(({ in: part, path }) => `${part} ${path}`).sort()).toEqual([
      "body /fom",
      "body /form",
      "body /grams",
      "body /labels/0/text",
      "body /to",
    ]);
  });

  test("with wrong query parameters has every one of them named", async ({ serve }) => {
    const api = await serve();
    const { errors = [] } = await problemOf(await api.fetch("/jobs?pool=kitchen&limit=0&sort=up"), "invalid");
    expect(errors.map(({ path }) => path).sort()).toEqual(["/limit", "/pool", "/sort"]);
  });

  test("with a body that is too large is refused by its size", async ({ serve }) => {
    const api = await serve();
    await problemOf(await api.post("/jobs/parcel", { to: "x".repeat(300_000) }), "too-large");
    await problemOf(await api.post("/jobs/parcel", { to: "x".repeat(70_000) }), "too-large");
  });

  test("with another media type than JSON is refused", async ({ serve }) => {
    const api = await serve();
    await problemOf(
      await api.post("/jobs/parcel", "to=mill", { "content-type": "text/plain" }),
      "wrong-media-type",
    );
  });

  test("with an overlong idempotency key is refused", async ({ serve }) => {
    const api = await serve();
    const response = await api.post("/jobs/parcel", { to: "mill" }, { "idempotency-key": "k".repeat(201) });
    expect((await problemOf(response, "invalid")).errors?.[0]).toMatchObject({ in: "header" });
  });

  test("with a path that cannot be decoded is refused", async ({ serve }) => {
    const api = await serve();
    await problemOf(await api.fetch("/jobs/%ZZ"), "bad-request");
  });
});

describe("an error inside", () => {
  test("of the data is 422, and 404 when something is missing", async ({ serve }) => {
    const api = await serve({ routes: { ...routes, breaking } });
    expect((await problemOf(await api.fetch("/breaking/data"), "invalid")).detail).toBe(
      "The column is not there.",
    );
    await problemOf(await api.fetch("/breaking/missing"), "not-found");
  });

  test("of a Redis that is full is 503", async ({ serve }) => {
    const api = await serve({ routes: { ...routes, breaking } });
    const response = await api.fetch("/breaking/full");
    await problemOf(response, "unavailable");
    expect(response.headers.get("retry-after")).toBe("2");
  });

  test("that nobody foresaw is 500 and tells nothing of the house", async ({ serve }) => {
    const api = await serve({ routes: { ...routes, breaking } });
    const response = await api.fetch("/breaking/unforeseen", { headers: { "x-request-id": "r-1" } });
    const text = await response.clone().text();
    const problem = await problemOf(response, "failed");

    expect(problem.requestId).toBe("r-1");
    expect(text).not.toMatch(/secret|TypeError|\.ts|at /);
  });
});

describe("every answer", () => {
  test("carries the security headers and a request id, and says nothing of the server", async ({ serve }) => {
    const api = await serve();
    for (const path of ["/health", "/jobs/none", "/letters"]) {
      const { headers } = await api.fetch(path);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
      expect(headers.get("x-request-id")).toMatch(/.+/);
      expect(headers.get("x-powered-by")).toBeNull();
    }
  });
});
