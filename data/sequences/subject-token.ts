import { z } from "zod";

/** One token in the sequence of a subject. */
export type SubjectToken = z.infer<typeof SubjectToken>;
export const SubjectToken = z
  .strictObject({
    visit_seq: z.number(),
    hadm_id: z.number(),
    final_seq: z.number(),
    code: z.string(),
    code_type: z.string(),
    time_offset_hours: z.number().nullable().describe("Hours since admission"),
    days_since_prior: z.number().nullable(),
  })
  .meta({ id: "SubjectToken" });
