import { distanceOf, normalise } from "../distance.ts";
import type { Graph } from "../hnsw/binding.ts";
import type { Metric } from "../index-definition.ts";
import { Nearest } from "../nearest.ts";

/** Recall is counted over so many neighbours. */
export const RECALL_AT = 10;
const WARM_UPS = 20;
const TIE = 1e-6;

/** How one width of search does in one graph. */
export interface Measured {
  readonly efSearch: number;
  readonly recall: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** Of each query how far its true tenth neighbour is: what is no farther is a hit, ties included. */
export type Truth = readonly number[];

/** Finds the truth in one pass over the rows. */
export class TruthSearch {
  readonly #queries: readonly Float32Array[];
  readonly #nearest: readonly Nearest<null>[];
  readonly #metric: Metric;

  constructor(queries: readonly Float32Array[], metric: Metric) {
    this.#metric = metric;
    this.#queries = metric === "cosine" ? queries.map(normalise) : queries;
    this.#nearest = queries.map(() => new Nearest<null>(RECALL_AT));
  }

  see(vector: readonly number[]): void {
    const row = this.#metric === "cosine" ? normalise(Float32Array.from(vector)) : Float32Array.from(vector);
    // Both are of length 1 where the metric is the cosine, so its distance is that of the product.
    const distance = distanceOf(this.#metric === "cosine" ? "ip" : this.#metric);
    for (let q = 0; q < this.#queries.length; q++)
      this.#nearest[q]?.offer(null, distance(this.#queries[q] as Float32Array, row));
  }

  truth(): Truth {
    return this.#nearest.map((nearest) => nearest.items().at(-1)?.distance ?? 0);
  }
}

/** How many of these are no farther than the last true neighbour. */
export function hitsWithin(distances: readonly number[], last: number): number {
  const limit = last + TIE * Math.max(1, Math.abs(last));
  return distances.filter((distance) => distance <= limit).length;
}

/** Asks every query at one width, one after another on this thread, after some that do not count. */
export function measureSearch(
  graph: Graph,
  queries: readonly Float32Array[],
  truth: Truth,
  efSearch: number,
): Measured {
  const k = Math.min(RECALL_AT, graph.getCurrentCount());
  graph.setEf(Math.max(efSearch, k));
  const asked = queries.map((query) => [...query]);
  for (const query of asked.slice(0, WARM_UPS)) graph.searchKnn(query, k);
  let hits = 0;
  const times = asked.map((query, at) => {
    const begun = performance.now();
    const found = graph.searchKnn(query, k);
    const took = performance.now() - begun;
    hits += hitsWithin(found.distances, truth[at] ?? 0);
    return took;
  });
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { efSearch, recall: hits / (k * queries.length || 1), p50Ms: at(0.5), p95Ms: at(0.95) };
}
