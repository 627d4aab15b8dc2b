import { DataError } from "../data/errors.ts";

/** A kind that this version does not have: an older worker meets it during a deploy, or it was taken out for good. */
export class UnknownKindError extends DataError {
  override readonly name = "UnknownKindError";

  constructor(kind: string, known: readonly string[]) {
    super(`There is no kind ${kind} in this version; it has ${known.join(", ")}`);
  }
}

/** A newer worker has the job after one of these pauses; no deploy takes as long as all of them together. */
export const unknownKindRules = { pauseMs: 15_000, mostPauses: 40 } as const;
