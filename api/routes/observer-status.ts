import { z } from "zod";
import { backlogOf } from "../../data/observer/inbox.ts";
import { repetitionsOf } from "../../data/observer/repetitions.ts";
import { defineRoute } from "../define-route.ts";

export const observerStatus = defineRoute({
  summary: "What waits to be taken into the table of events, and what came twice",
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
      repeated: z
        .strictObject({
          duplicates: z.int().describe("With the same content"),
          conflicting: z.int().describe("With another: the first was kept, observer.conflicts lists them"),
        })
        .describe("All that ever came again under a known id in another request"),
    })
    .meta({ id: "ObserverStatus" }),
  async handle({ lake }) {
    const { files, bytes, oldestAt } = await backlogOf(lake.storage);
    const waiting = { batches: files, bytes, oldestAt: oldestAt?.toISOString() ?? null };
    return { waiting, repeated: { ...(await repetitionsOf(lake)) } };
  },
});
