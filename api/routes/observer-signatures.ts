import { z } from "zod";
import { listRows } from "../../data/observer/list-rows.ts";
import { signatureColumns } from "../../data/observer/signatures.ts";
import { defineRoute } from "../define-route.ts";
import { Page } from "../schemas.ts";

const shown = signatureColumns.filter(({ name }) => name !== "embedding");

export const listObserverSignatures = defineRoute({
  summary: "The situations that events tell of",
  description: "Their embeddings are in the table observer.signatures.",
  method: "get",
  path: "/observer/signatures",
  role: "read",
  withoutRedis: true,
  query: z.strictObject({
    event_kind: z.string().optional().describe("Only signatures of this kind of event"),
    ...Page,
  }),
  status: 200,
  reply: z
    .strictObject({ signatures: z.array(z.record(z.string(), z.unknown())) })
    .meta({ id: "SignatureList" }),
  async handle({ query, lake }) {
    const { offset, limit, event_kind } = query;
    const listing = { table: "observer.signatures", columns: shown, orderBy: "sig_hash" } as const;
    return { signatures: await listRows(lake, { ...listing, where: { event_kind }, offset, limit }) };
  },
});
