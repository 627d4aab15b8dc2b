import { z } from "zod";
import { Pointer } from "../../data/vectors/generation.ts";
import { pointerLog } from "../../data/vectors/generations/pointers.ts";
import { IndexName } from "../../data/vectors/index-definition.ts";
import { readIndex } from "../../data/vectors/indexes.ts";
import { defineRoute } from "../define-route.ts";

export const listGenerations = defineRoute({
  summary: "What has served an index and why, the oldest first",
  method: "get",
  path: "/vectors/{index}/generations",
  role: "read",
  params: z.strictObject({ index: IndexName }),
  withoutRedis: true,
  status: 200,
  reply: z.strictObject({ pointers: z.array(Pointer) }).meta({ id: "VectorPointers" }),
  async handle({ params, lake }) {
    const { name } = await readIndex(lake, params.index);
    return { pointers: await pointerLog(lake.storage, name) };
  },
});
