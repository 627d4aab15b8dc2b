import { z } from "zod";
import { backlogOf } from "../../data/observer/inbox.ts";
import { defineRoute } from "../define-route.ts";

export const observerStatus = defineRoute({
  summary: "What waits to be taken into the table of events",
  method: "get",
  path: "/observer/status",
  role: "read",
  withoutRedis: true,
  status: 200,
  reply: z
    .strictObject({
      waiting: z.strictObject({
        batches: z.int(),
        bytes: z.int(),
        oldestAt: z.iso.datetime().nullable(),
      }),
    })
    .meta({ id: "ObserverStatus" }),
  async handle({ lake }) {
    const { files, bytes, oldestAt } = await backlogOf(lake.storage);
    return { waiting: { batches: files, bytes, oldestAt: oldestAt?.toISOString() ?? null } };
  },
});
