import { listDeadLetters } from "../../../queues/dead-letters.ts";
import type { Queues } from "../../../queues/queues.ts";
import { UsageFailure } from "../../failure.ts";

/** Which dead letters a command means. */
export interface Choice {
  readonly ids: readonly string[];
  readonly all?: boolean;
  readonly kind?: string;
}

export async function chosenIds(queues: Queues, { ids, all, kind }: Choice): Promise<readonly string[]> {
  const given = [ids.length > 0, all === true, kind !== undefined].filter(Boolean).length;
  if (given !== 1)
    throw new UsageFailure("Name ids, or --all, or --kind: one of the three.", "millrace dead ls");
  if (ids.length > 0) return ids;
  return (await listDeadLetters(queues, { kind })).map(({ id }) => id);
}
