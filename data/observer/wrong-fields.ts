import type { z } from "zod";

const KEY_CHARS = 40;
const MESSAGE_CHARS = 600;

/** Everything that keeps a value from being an event, in one sentence. */
export function wrongFields(error: z.ZodError, value: unknown): string {
  const given = new Set(typeof value === "object" && value !== null ? Object.keys(value) : []);
  const said = error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys")
      return `${issue.keys.map((key) => key.slice(0, KEY_CHARS)).join(", ")}: not known; attributes may hold whatever else`;
    const [field] = issue.path;
    if (field === undefined) return issue.message;
    return given.has(String(field))
      ? `${issue.path.join(".")}: ${issue.message}`
      : `${String(field)} is required`;
  });
  return said.join("; ").slice(0, MESSAGE_CHARS);
}
