import { z } from "zod";

/** The build that a part belongs to. */
export const Build = z.strictObject({
  id: z.string().describe("The job that builds"),
  number: z.int().describe("The build's place among all of this lake"),
});

export const Range = z.strictObject({
  from: z.int().describe("The first subject"),
  to: z.int().describe("The last subject"),
  rows: z.int().describe("How many laboratory rows they have"),
});
