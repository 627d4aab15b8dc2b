import type { Lake } from "../../lake.ts";
import { currentPointer, rollBack } from "../generations/pointers.ts";
import type { IndexDefinition } from "../index-definition.ts";
import { nearestInEngine } from "../search/in-engine.ts";
import type { FoundRow } from "../search/newer-rows.ts";

/** One search in so many is asked again exactly. */
const ONE_IN = 100;
/** Comparing takes no more of the time than this, however many searches come: others wait for the same cores. */
const SHARE = 0.02;
/** Before so many were compared nothing is concluded, and only the last so many count. */
const FEWEST = 20;
const WINDOW = 50;
/** So far below the target recall may fall by chance. */
const SLACK = 0.03;
const TIE = 1e-6;

interface Watched {
  generation: number;
  searches: number;
  recalls: number[];
  busy: boolean;
}

export interface LiveRecall {
  readonly generation: number;
  readonly compared: number;
  readonly recall: number | null;
}

/**
 * Compares a share of the live searches with the truth. Of a generation whose recall stays below the target the one
 * before is put back, and the pointer's entry says why.
 */
export class RecallWatch {
  readonly #lake: Lake;
  readonly #oneIn: number;
  readonly #share: number;
  readonly #watched = new Map<string, Watched>();

  #restsUntil = 0;

  constructor(lake: Lake, { oneIn = ONE_IN, share = SHARE } = {}) {
    this.#lake = lake;
    this.#oneIn = oneIn;
    this.#share = share;
  }

  /** Counts a search; every so often compares it, aside: the caller has his answer already. */
  saw(
    definition: IndexDefinition,
    generation: number,
    vector: ArrayLike<number>,
    rows: readonly FoundRow[],
  ): Promise<void> | undefined {
    const watched = this.#of(definition.name, generation);
    watched.searches += 1;
    if (watched.busy || rows.length === 0 || watched.searches % this.#oneIn !== 0) return undefined;
    const begunAt = performance.now();
    if (begunAt < this.#restsUntil) return undefined;
    watched.busy = true;
    return this.#compare(definition, watched, vector, rows)
      .catch(() => undefined)
      .finally(() => {
        watched.busy = false;
        const endedAt = performance.now();
        this.#restsUntil = endedAt + (endedAt - begunAt) * (1 / this.#share - 1);
      });
  }

  told(index: string): LiveRecall | undefined {
    const watched = this.#watched.get(index);
    if (!watched) return undefined;
    const { generation, recalls } = watched;
    return { generation, compared: recalls.length, recall: recalls.length > 0 ? mean(recalls) : null };
  }

  #of(index: string, generation: number): Watched {
    const known = this.#watched.get(index);
    if (known?.generation === generation) return known;
    const fresh = { generation, searches: 0, recalls: [], busy: false };
    this.#watched.set(index, fresh);
    return fresh;
  }

  async #compare(
    definition: IndexDefinition,
    watched: Watched,
    vector: ArrayLike<number>,
    rows: readonly FoundRow[],
  ): Promise<void> {
    const truth = await nearestInEngine(this.#lake, definition, vector, rows.length);
    const last = truth.at(-1)?.distance ?? 0;
    const hits = rows.filter(({ distance }) => distance <= last + TIE * Math.max(1, Math.abs(last))).length;
    watched.recalls.push(hits / Math.max(1, truth.length));
    if (watched.recalls.length > WINDOW) watched.recalls.shift();
    const recall = mean(watched.recalls);
    if (watched.recalls.length < FEWEST || recall >= definition.targetRecall - SLACK) return;
    await this.#putBack(definition.name, watched, recall);
  }

  async #putBack(index: string, watched: Watched, recall: number): Promise<void> {
    const { storage } = this.#lake;
    const current = await currentPointer(storage, index);
    if (current?.generation.number !== watched.generation || current.reason.startsWith("rolled back")) return;
    const compared = watched.recalls.length;
    watched.recalls = [];
    await rollBack(storage, index, {
      reason: `rolled back: live recall ${recall.toFixed(3)} over ${compared} searches`,
    });
  }
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}

const watches = new WeakMap<Lake, RecallWatch>();

/** The one watch of a process for a lake. */
export function recallWatchOf(lake: Lake): RecallWatch {
  const known = watches.get(lake);
  if (known) return known;
  const watch = new RecallWatch(lake);
  watches.set(lake, watch);
  return watch;
}
