import type { IntakeRecord } from "../../queues/intake.ts";

export function recordOf(id: string): IntakeRecord {
  return { id, kind: "some", pool: "observer", input: {}, attempts: 1, backoffMs: 1, at: Date.now() };
}
