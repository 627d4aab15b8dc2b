import { z } from "zod";
import { KindHistory, kindHistory } from "../../data/observer/kind-history.ts";
import { defineRoute } from "../define-route.ts";

export const observerKind = defineRoute({
  summary: "How a kind of work has failed before, and what mended it",
  method: "get",
  path: "/observer/kinds/{kind}",
  role: "read",
  withoutRedis: true,
  params: z.strictObject({ kind: z.string().min(1).max(128).describe("The kind of job") }),
  status: 200,
  reply: KindHistory,
  async handle({ params, lake }) {
    return kindHistory(lake, params.kind);
  },
});
