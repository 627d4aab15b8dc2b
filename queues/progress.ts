import { z } from "zod";

/** How far a job has come, in units of its own stage. */
export const Progress = z
  .strictObject({
    stage: z.string(),
    done: z.number(),
    /** Null while nobody knows. */
    total: z.number().nullable(),
    unit: z.string(),
  })
  .meta({ id: "Progress" });
export type Progress = z.infer<typeof Progress>;
