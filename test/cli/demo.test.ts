import { expect } from "vitest";
import { z } from "zod";
import { steps } from "../../cli/demo/steps.ts";
import { documentOf, test } from "./terminal.ts";

const Summary = z.object({
  ok: z.literal(true),
  kept: z.null(),
  steps: z.array(z.object({ step: z.string(), ms: z.number(), seen: z.record(z.string(), z.unknown()) })),
});

/** As on a machine without a compiler: the graph library is not there. With it `npm run demo` itself runs in the gate. */
const withoutGraph = `data:text/javascript,${encodeURIComponent(`
  import { register } from "node:module";
  register("data:text/javascript," + encodeURIComponent(\`
    export function resolve(name, context, next) {
      if (name === "hnswlib-node") throw new Error("It could not be compiled");
      return next(name, context);
    }\`));`)}`;

test("the demo passes every step and says what was seen, without a graph library too", async ({
  terminal,
}) => {
  const demo = await terminal
    .with({ REDIS_URL: undefined, NODE_OPTIONS: `--import ${withoutGraph}` })
    .run("demo", "--json");

  expect(demo).toMatchObject({ code: 0, stderr: "" });
  const { steps: shown } = Summary.parse(documentOf(demo));
  expect(shown.map(({ step }) => step)).toEqual(steps.map(({ title }) => title));
  const notes = shown.find(({ seen }) => "chunks embedded" in seen);
  expect(notes?.seen).toMatchObject({ hits: 3 });
  expect(notes?.seen).not.toHaveProperty("settings tried");
});
