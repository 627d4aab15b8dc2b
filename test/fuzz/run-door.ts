import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../chaos/random.ts";
import { type Door, sumOf, type Tally } from "./door.ts";

export interface Fed extends Tally {
  readonly inputs: number;
  /** What was wrong, with the seed that makes it again. */
  readonly broken: readonly { readonly seed: number; readonly what: string }[];
}

/** Each feeding has a seed of its own, so that one that breaks something can be done again by itself. */
export async function runDoor(
  door: Door,
  seed: number,
  inputs: number,
  onFeeding: (seed: number) => void = () => undefined,
): Promise<Fed> {
  const dir = await mkdtemp(join(tmpdir(), "millrace-fuzz-"));
  const tallies: Tally[] = [];
  const broken: { seed: number; what: string }[] = [];
  const feedings = Math.ceil(inputs / door.inputsAtOnce);
  try {
    await using open = await door.open(dir);
    for (let feeding = 0; feeding < feedings && broken.length < 20; feeding += 1) {
      const own = seed + feeding;
      onFeeding(own);
      try {
        tallies.push(await open.feed(new Random(own)));
      } catch (error) {
        broken.push({
          seed: own,
          what: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
        });
      }
    }
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }
  return { ...sumOf(tallies), inputs: feedings * door.inputsAtOnce, broken };
}
