import { createHash } from "node:crypto";

/** What stands in a log for an id or a file name that could lead to a person. */
export function ref(value: string | null | undefined): string {
  if (!value) return "ref:none";
  return `ref:${createHash("sha256").update(value).digest("hex").slice(0, 10)}`;
}
