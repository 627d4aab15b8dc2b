import { DataError } from "../../data/errors.ts";
import type { Random } from "../chaos/random.ts";

/** A place where what others made comes in. */
export interface Door {
  readonly name: string;
  /** Inputs that one feeding holds; a chunk of bundles is read as one. */
  readonly inputsAtOnce: number;
  open(dir: string): Promise<OpenDoor>;
}

export interface OpenDoor extends AsyncDisposable {
  /** Resolves to what became of the inputs; rejects when a promise was broken, and says which. */
  feed(random: Random): Promise<Tally>;
}

export interface Tally {
  readonly taken: number;
  /** By the reason that was given. */
  readonly refused: Readonly<Record<string, number>>;
}

export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

/** A refusal must be of the data's kind, so that nobody tries again, and must say something. */
export function refusalOf(error: unknown): Tally {
  if (error instanceof DataError && error.message.length > 10)
    return { taken: 0, refused: { [error.name]: 1 } };
  const shown = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  throw new BrokenPromise(`It was refused without a reason of its own: ${shown.slice(0, 300)}`);
}

export const oneTaken: Tally = { taken: 1, refused: {} };

export function sumOf(tallies: readonly Tally[]): Tally {
  const refused: Record<string, number> = {};
  let taken = 0;
  for (const tally of tallies) {
    taken += tally.taken;
    for (const [reason, count] of Object.entries(tally.refused))
      refused[reason] = (refused[reason] ?? 0) + count;
  }
  return { taken, refused };
}
