import { expect } from "vitest";
import { z } from "zod";
import { steps } from "../../cli/demo/steps.ts";
import { documentOf, test } from "./terminal.ts";

const Summary = z.object({
  ok: z.literal(true),
  kept: z.null(),
  steps: z.array(z.object({ step: z.string(), ms: z.number(), seen: z.record(z.string(), z.unknown()) })),
});

test("the demo passes every step and says what was seen", { timeout: 120_000 }, async ({ terminal }) => {
  const demo = await terminal.with({ REDIS_URL: undefined }).run("demo", "--json");

  expect(demo).toMatchObject({ code: 0, stderr: "" });
  const { steps: shown } = Summary.parse(documentOf(demo));
  expect(shown.map(({ step }) => step)).toEqual(steps.map(({ title }) => title));
});
