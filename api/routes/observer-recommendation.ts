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
    event_kind: z.string().min(1).max(128),
    role: text,
    count: z.coerce.number().int().min(0).optional(),
    city: text,
    state: text,
  }),
  status: 200,
  reply: Recommendation,
  async handle({ query, lake }) {
    const { event_kind, role = null, count = null, city = null, state = null } = query;
    return recommendNow(lake, { event_kind, role, count, city, state });
  },
});
