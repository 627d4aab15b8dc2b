import type { IntakeRecord } from "../../queues/intake-line.ts";

export function recordOf(id: string): IntakeRecord {
  return { id, kind: "some", pool: "observer", inputJson: "{}", attempts: 1, backoffMs: 1, at: Date.now() };
}
