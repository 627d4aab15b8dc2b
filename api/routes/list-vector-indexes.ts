import { z } from "zod";
import { describeIndex, IndexDescription } from "../../data/vectors/describe-index.ts";
import { listIndexes } from "../../data/vectors/indexes.ts";
import { defineRoute } from "../define-route.ts";

export const listVectorIndexes = defineRoute({
  summary: "The vector indexes: their model, size, generation and how far behind their tables they are",
  method: "get",
  path: "/vectors",
  role: "read",
  query: z.strictObject({
    table: z.string().optional().describe("Only those over this table"),
    model: z.string().optional().describe("Only those of this model"),
  }),
  withoutRedis: true,
  status: 200,
  reply: z.strictObject({ indexes: z.array(IndexDescription) }),
  async handle({ lake, query }) {
    const indexes = (await listIndexes(lake)).filter(
      ({ table, model }) => (query.table ?? table) === table && (query.model ?? model) === model,
    );
    return { indexes: await Promise.all(indexes.map((index) => describeIndex(lake, index))) };
  },
});
