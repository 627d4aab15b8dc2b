import { openGraph } from "../../data/vectors/hnsw/binding.ts";
import { type VectorSource, vectorBatches } from "../../data/vectors/hnsw/vector-rows.ts";

export interface BareOrder {
  readonly source: VectorSource;
  readonly rows: number;
  readonly setting: { readonly m: number; readonly efConstruction: number; readonly seed: number };
}

/** The library alone: its own calls over vectors that are in memory, one batch after another. */
export async function work({ source, rows, setting }: BareOrder): Promise<number> {
  const graph = await openGraph("cosine", source.dimensions);
  const { m, efConstruction, seed } = setting;
  graph.initIndex({ maxElements: rows, m, efConstruction, randomSeed: seed });
  let label = 0;
  let ms = 0;
  for await (const { ids, vector } of vectorBatches(source)) {
    const points = ids.map((_id, row) => vector(row) as number[]);
    const begun = performance.now();
    for (const point of points) graph.addPoint(point, label++);
    ms += performance.now() - begun;
  }
  return ms / 1_000;
}
