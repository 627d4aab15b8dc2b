import { z } from "zod";
import { ModelMatrix, Tier } from "../../data/llm/model-matrix.ts";
import { defineRoute } from "../define-route.ts";

const matrix = new ModelMatrix();

export const modelsMatrix = defineRoute({
  summary: "Which model serves which tier, and what it takes",
  description: "What config/models.json says, read again when it has changed.",
  method: "get",
  path: "/models/matrix",
  role: "read",
  withoutRedis: true,
  status: 200,
  reply: z
    .strictObject({
      tiers: z.array(Tier),
      fault: z.string().nullable().describe("Why the file as it is now is not in use"),
    })
    .meta({ id: "ModelMatrix" }),
  async handle() {
    const tiers = await matrix.tiers();
    return { tiers: [...tiers.values()], fault: matrix.fault ?? null };
  },
});
