import { z } from "zod";
import { Pointer } from "../../data/vectors/generation.ts";
import { loadedIndexesOf } from "../../data/vectors/generations/loaded-indexes.ts";
import { rollBack } from "../../data/vectors/generations/pointers.ts";
import { IndexName } from "../../data/vectors/index-definition.ts";
import { readIndex } from "../../data/vectors/indexes.ts";
import { defineRoute } from "../define-route.ts";

export const rollBackIndex = defineRoute({
  summary: "Let an earlier generation of an index serve again",
  method: "post",
  path: "/vectors/{index}/rollback",
  role: "operate",
  params: z.strictObject({ index: IndexName }),
  body: z.strictObject({
    to: z.int().positive().optional().describe("The generation's number; unset: the one that served before"),
  }),
  withoutRedis: true,
  status: 200,
  reply: Pointer,
  async handle({ params, body, lake, caller }) {
    const { name } = await readIndex(lake, params.index);
    const pointer = await rollBack(lake.storage, name, {
      to: body.to,
      reason: `rolled back by ${caller.name}`,
    });
    await loadedIndexesOf(lake).look(name);
    return pointer;
  },
});
