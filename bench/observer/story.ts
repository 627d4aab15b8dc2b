import { randomUUID } from "node:crypto";

const roles = ["Welder", "Nurse", "Cook", "Forklift Operator"];

const RUN = 32;

/** A body of events as a staffing program would send them: runs of one signature each, of which a fifth fails, in a dozen ways. */
export function bodyOf(events: number, run: string): string {
  const lines = Array.from({ length: events }, (_, at) => {
    const failed = at % 5 === 0;
    const job = numberOf(`${run}-${Math.floor(at / RUN)}`);
    return JSON.stringify({
      id: randomUUID(),
      timestamp: Date.now() - (events - at),
      source: "scenario",
      event_kind: "fill",
      success: !failed,
      duration_ms: (at * 7919) % 3_000,
      role: roles[job % 4],
      city: `City ${job % 53}`,
      state: "TN",
      count: (job % 5) + 1,
      filled: failed ? 0 : (job % 5) + 1,
      turns: 3 + (at % 9),
      staffer_id: `staffer-${job % 7}`,
      run_id: `${run}-${Math.floor(at / RUN)}`,
      config: { model: `model-${job % 3}`, tool_level: "full" },
      ...(failed && { error: `Supply ${at % 12} is short: candidate ${at} of "${run}" left after ${at} ms` }),
    });
  });
  return lines.join("\n");
}

function numberOf(text: string): number {
  let hash = 7;
  for (const char of text) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0;
  return hash;
}
