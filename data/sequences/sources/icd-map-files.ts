import { z } from "zod";

/** The general equivalence maps from ICD-9 to ICD-10, as their publisher gives them: code, code, five flags. */
export const IcdMaps = z.strictObject({
  diagnoses: z.string().min(1).describe("The file of diagnoses, as the workers see it"),
  procedures: z.string().min(1).describe("The file of procedures"),
});
export type IcdMaps = z.infer<typeof IcdMaps>;
