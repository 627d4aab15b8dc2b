import { z } from "zod";
import { Recommendation, recommendNow } from "../../data/observer/recommend.ts";
import { defineRoute } from "../define-route.ts";

const text = z.string().min(1).max(128).optional();

export const observerRecommendation = defineRoute({
  summary: "What is known for the next run of a signature",
  description:
    "The nearest signatures by their embedding, each weighted with the best competence among those who acted in it; the best playbook among them, and what failed there and what mended it.",
  method: "get",
  path: "/observer/recommendation",
  role: "read",
  withoutRedis: true,
  query: z.strictObject({
    event_kind: z.string().min(1).max(128).describe("The kind of event that is to come"),
    role: text.describe("The role it is about, if any"),
    count: z.coerce.number().int().min(0).optional().describe("How many are wanted"),
    city: text.describe("Where"),
    state: text.describe("In which state"),
  }),
  status: 200,
  reply: Recommendation,
  async handle({ query, lake }) {
    const { event_kind, role = null, count = null, city = null, state = null } = query;
    return recommendNow(lake, { event_kind, role, count, city, state });
  },
});
