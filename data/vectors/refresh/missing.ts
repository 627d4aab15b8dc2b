import { cachedSql, heldSql } from "../cache.ts";
import type { IndexDefinition } from "../index-definition.ts";
import type { Workbench } from "./workbench.ts";

/** Whether the model's vectors go to the cache: the built-in embedder's lie in the tables of its indexes alone. */
export function isCached({ content }: IndexDefinition): boolean {
  return content.kind === "text" && content.embedder !== "built-in";
}

/**
 * Keeps in `known` the vectors of wanted contents that the cache has, and in `missing` the others, each content once
 * and numbered; `made`, which will hold what is made of these, begins empty.
 */
export async function keepMissing(
  bench: Workbench,
  index: IndexDefinition,
  wanted: number,
): Promise<{ toEmbed: number; cached: number }> {
  const empty = "select null::varchar as content_hash, null::float[] as vector where false";
  const cached = isCached(index)
    ? await cachedSql(bench.lake, index.model)
    : await worthReading(bench, index, wanted);
  const known =
    cached === undefined
      ? empty
      : `select content_hash, any_value(vector) as vector from (${cached})
         where content_hash in (select content_hash from wanted) group by content_hash`;
  const found = await bench.keep("known", known);
  const toEmbed = await bench.keep(
    "missing",
    `select row_number() over (order by content_hash) - 1 as n, content_hash, any_value(text) as text
     from wanted where text is not null ${found > 0 ? "and content_hash not in (select content_hash from known)" : ""}
     group by content_hash`,
  );
  await bench.run("create or replace temp table made (content_hash varchar, vector float[], reason varchar)");
  return { toEmbed, cached: found };
}

/** Fewer are made before any table is opened, and reading so many rows takes as long as making one vector. */
const FEW_TEXTS = 256;
const ROWS_A_VECTOR = 20;

/** The vectors that indexes of the same model hold, where reading them is quicker than making them again. */
async function worthReading(
  bench: Workbench,
  { content, model }: IndexDefinition,
  wanted: number,
): Promise<string | undefined> {
  if (content.kind === "vector" || wanted <= FEW_TEXTS) return undefined;
  const [texts = 0] = await bench.numbers("select count(distinct content_hash) as texts from wanted");
  const held = texts > FEW_TEXTS ? await heldSql(bench.lake, model) : undefined;
  if (held === undefined) return undefined;
  const [rows = 0, found = 0] = await bench.numbers(`
    select count(*) as rows,
      count(distinct content_hash) filter (where content_hash in (select content_hash from wanted)) as found
    from (${held})`);
  return found * ROWS_A_VECTOR > rows ? held : undefined;
}
