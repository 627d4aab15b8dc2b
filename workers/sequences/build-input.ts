import { z } from "zod";

/** The build that a part belongs to. */
export const Build = z.strictObject({ id: z.string(), number: z.int() });

export const Range = z.strictObject({ from: z.int(), to: z.int(), rows: z.int() });
