import { z } from "zod";

/**
 * Whether what a stranger sent is of a schema. The checks of length compare whatever stands under `length`, and JSON may
 * put there what cannot be compared: that throws, and is answered here like any other wrong value.
 */
export function parseUntrusted<Schema extends z.ZodType>(schema: Schema, value: unknown) {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const message = "A field holds an object where none belongs";
    const wrong = new z.ZodError([{ code: "custom", path: [], message, input: undefined }]);
    return { success: false as const, data: undefined, error: wrong };
  }
}
