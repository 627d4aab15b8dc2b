import { z } from "zod";
import { describeIndex, IndexDescription } from "../../data/vectors/describe-index.ts";
import { readIndex } from "../../data/vectors/indexes.ts";
import { defineRoute } from "../define-route.ts";

export const showVectorIndex = defineRoute({
  summary: "One vector index: its model, size, generation and how far behind its table it is",
  method: "get",
  path: "/vectors/{index}",
  role: "read",
  params: z.strictObject({ index: z.string().describe("The index's name") }),
  withoutRedis: true,
  status: 200,
  reply: IndexDescription,
  handle: async ({ lake, params }) => describeIndex(lake, await readIndex(lake, params.index)),
});
