import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect } from "vitest";
import { z } from "zod";
import { defineRoute } from "../../api/define-route.ts";
import { openApiDocument } from "../../api/openapi.ts";
import { routes } from "../../api/routes.ts";
import { jobs } from "../../workers/registry.ts";
import { undescribed } from "../support/undescribed.ts";
import { parcels, test } from "./api.ts";

const kinds = new Map(Object.values(jobs).map((job) => [job.kind, job]));

describe("the OpenAPI document", () => {
  test("is the one in docs/, and valid OpenAPI 3.1", async ({ serve }) => {
    const api = await serve({ kinds });
    const text = await (await api.fetch("/openapi.json")).text();
    await expect(text).toMatchFileSnapshot("../../docs/openapi.json");
    const document = JSON.parse(text) as Record<string, unknown>;

    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(document.openapi).toMatch(/^3\.1/);
  });

  test("gives every kind a path with its own fields", () => {
    const { paths } = openApiDocument(routes, parcels);
    expect(paths["/jobs/parcel"]?.post).toMatchObject({
      operationId: "enqueueJob.parcel",
      requestBody: { content: { "application/json": { schema: { required: ["to"] } } } },
    });
  });

  test("says of everything that can be sent what it is for", () => {
    expect(undescribed(openApiDocument(routes, kinds))).toEqual([]);

    const silent = defineRoute({
      summary: "Ask",
      method: "post",
      path: "/asked",
      role: "read",
      query: z.strictObject({ loud: z.string() }),
      body: z.strictObject({ outer: z.strictObject({ inner: z.string() }).describe("Both") }),
      status: 200,
      reply: z.string(),
      handle: async () => "",
    });
    expect(undescribed(openApiDocument({ silent }, kinds))).toEqual([
      "post /asked: loud",
      "post /asked: outer.inner",
    ]);
  });

  test("refuses two schemas of one name", () => {
    const replying = (reply: z.ZodType) =>
      defineRoute({
        summary: "Reply",
        method: "get",
        path: "/reply",
        role: "read",
        status: 200,
        reply,
        handle: async () => undefined,
      });
    const first = replying(
      z.strictObject({ inner: z.strictObject({ a: z.string() }).meta({ id: "Inner" }) }),
    );
    const document = openApiDocument({ first }, parcels);
    expect(document.components.schemas).toHaveProperty("Inner");

    const both = z.strictObject({ inner: z.string().default("x") }).meta({ id: "Both" });
    const second = { ...replying(both), method: "post" as const, body: both };
    expect(() => openApiDocument({ second }, parcels)).toThrow(/named Both/);
  });
});
