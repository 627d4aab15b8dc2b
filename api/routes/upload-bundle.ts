import { createHash } from "node:crypto";
import { z } from "zod";
import { landBundles } from "../../data/clinical/landing.ts";
import { defineRoute } from "../define-route.ts";
import { BodyText } from "../read-body.ts";
import { Cohort } from "./refresh-cohort.ts";

const MIB = 1024 ** 2;
const NDJSON = "application/x-ndjson";

/** Bytes first, then the inventory: an upload that is cut off between the two is landed by the next one of its cohort. */
export const uploadBundle = defineRoute({
  summary: "Land one bundle",
  description:
    "A FHIR Bundle as JSON, or a bulk export with a resource a line. It is durable when the reply comes; a refresh brings it into Silver. The same content under the same name changes nothing, other content is a new version.",
  method: "post",
  path: "/cohorts/{cohort}/bundles",
  role: "operate",
  params: z.strictObject({ cohort: Cohort }),
  query: z.strictObject({
    name: z
      .string()
      .regex(/^[\p{L}\p{N}._ -]{1,200}\.(json|ndjson)$/u)
      .optional()
      .describe("Its file name; by default one made of its content"),
  }),
  body: BodyText,
  takesText: {
    types: ["application/json", "application/fhir+json", NDJSON],
    schema: z
      .looseObject({
        resourceType: z.string().describe("`Bundle`, or in a bulk export the type of the line"),
      })
      .meta({ id: "FhirBundle" }),
  },
  maxBodyBytes: 128 * MIB,
  withoutRedis: true,
  status: 202,
  reply: z.strictObject({ landed: z.int(), changed: z.int(), skipped: z.int() }).meta({ id: "LandedBundle" }),
  async handle({ params, query, body, lake, signal }) {
    const digest = createHash("sha256").update(body.text).digest("hex").slice(0, 16);
    const name = query.name ?? `bundle-${digest}.${body.mediaType === NDJSON ? "ndjson" : "json"}`;
    const folder = `_uploads/${params.cohort}`;
    await lake.storage.put(`${folder}/${name}`, body.text);
    const { landed, changed, skipped } = await landBundles(lake, lake.storage, {
      prefix: folder,
      labels: [params.cohort],
      now: new Date(),
      signal,
    });
    await lake.storage.delete(`${folder}/${name}`);
    return { landed, changed, skipped };
  },
});
