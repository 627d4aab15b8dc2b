import { z } from "zod";
import { dropIndex } from "../../data/vectors/indexes.ts";
import { defineRoute } from "../define-route.ts";

export const dropVectorIndex = defineRoute({
  summary: "Remove a vector index, its vectors and its generations; the table it was made from stays",
  method: "delete",
  path: "/vectors/{index}",
  role: "operate",
  params: z.strictObject({ index: z.string().describe("The index's name") }),
  withoutRedis: true,
  status: 200,
  reply: z.strictObject({ dropped: z.string() }),
  async handle({ lake, params }) {
    await dropIndex(lake, params.index);
    return { dropped: params.index };
  },
});
