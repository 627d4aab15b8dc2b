import { z } from "zod";

/** The general equivalence maps from ICD-9 to ICD-10, as their publisher gives them: code, code, five flags. */
export const IcdMaps = z.strictObject({ diagnoses: z.string().min(1), procedures: z.string().min(1) });
export type IcdMaps = z.infer<typeof IcdMaps>;
