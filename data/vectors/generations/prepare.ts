import { z } from "zod";
import type { Lake } from "../../lake.ts";
import { quote } from "../../sql/duckdb.ts";
import type { HnswSetting } from "../generation.ts";
import type { BuildOrder } from "../hnsw/build.thread.ts";
import { type IndexDefinition, vectorsTable } from "../index-definition.ts";
import { evaluationSet, knownTruth, rememberTruth } from "../trials/evaluation.ts";
import type { Truth } from "../trials/measure.ts";
import { sweptWidths } from "./default-setting.ts";

/** The rows that a build takes: a version of the table, whole or a seeded share of it. */
export interface PreparedRows {
  readonly tableVersion: number;
  readonly rows: number;
  /** Names them, so that what was found out about them once is found again. */
  readonly name: string;
  order(options: OrderOptions): Promise<BuildOrder>;
  remember(truth: Truth): Promise<void>;
}

interface OrderOptions {
  readonly setting: Pick<HnswSetting, "m" | "efConstruction" | "seed">;
  readonly path?: string;
  readonly sweep?: readonly number[];
  readonly rounds?: number;
  readonly tempDir: string;
}

const SAMPLE_STEPS = 1_000_000;

/** Pins the rows of an index at its table's newest version. A sample is told from the rows' own keys, so it stays the same. */
export async function prepareRows(
  lake: Lake,
  definition: IndexDefinition,
  { share = 1, seed = 1 }: { share?: number; seed?: number } = {},
): Promise<PreparedRows> {
  const snapshot = await lake.table(vectorsTable(definition)).snapshot();
  const chosen =
    share >= 1 ? "" : ` and hash(id || ' ${seed}') % ${SAMPLE_STEPS} < ${Math.round(share * SAMPLE_STEPS)}`;
  const comparable = `model = ${quote(definition.model)} and len(vector) = ${definition.dimensions}`;
  const [count] = await (await lake.duckdb()).query(
    z.object({ all: z.coerce.number(), n: z.coerce.number() }),
    `select count(*) as all, count(*) filter (where true${chosen}) as n
     from (${await snapshot.readSql({ columns: ["id", "model", "vector"], where: comparable })})`,
  );
  const set = await evaluationSet(lake, definition, { rows: count?.all ?? 0 });
  const sql = await snapshot.readSql({
    columns: ["id", "chunk", "vector"],
    where: `${comparable}${chosen}`,
  });
  const name = `v${snapshot.version}-${Math.min(1, share)}-${seed}`;
  return {
    tableVersion: snapshot.version,
    rows: count?.n ?? 0,
    name,
    async order({ setting, path, sweep = sweptWidths, rounds = 1, tempDir }) {
      const truth = await knownTruth(lake, definition.name, set.name, name);
      return {
        source: { sql, except: set.isHeld, dimensions: definition.dimensions, tempDir },
        metric: definition.metric,
        rows: count?.n ?? 0,
        setting,
        ...(path !== undefined && { path }),
        queries: set.queries,
        ...(truth?.length === set.queries.length && { truth }),
        sweep,
        rounds,
      };
    },
    remember: (truth) => rememberTruth(lake, definition.name, set.name, name, truth),
  };
}
