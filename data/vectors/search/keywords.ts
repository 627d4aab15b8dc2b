import { z } from "zod";
import type { Lake } from "../../lake.ts";
import { quote } from "../../sql/duckdb.ts";
import type { IndexDefinition } from "../index-definition.ts";
import { comparableSql } from "./in-engine.ts";

/** The usual constants of BM25. */
const SATURATION = 1.2;
const LENGTH_WEIGHT = 0.75;
const MOST_WORDS = 32;

const Found = z.object({ id: z.string(), chunk: z.coerce.number(), score: z.number() });

/**
 * The chunks that hold the words, the best first, by BM25. It counts in the engine over the text as it is now, so there
 * is nothing to keep in step: only chunks that hold a word's letters are cut into words.
 */
export async function keywordSearch(
  lake: Lake,
  definition: IndexDefinition,
  text: string,
  k: number,
  among?: string,
): Promise<{ id: string; chunk: number; score: number }[]> {
  const words = wordsOf(text);
  if (words.length === 0) return [];
  const rows = await comparableSql(lake, definition);
  const list = words.map(quote).join(", ");
  const holds = words.map((word) => `contains(lower(text), ${quote(word)})`).join(" or ");
  return (await lake.duckdb()).query(
    Found,
    `with chunks as (
       select id, chunk, text from (${rows}) where text is not null
     ), corpus as (
       select count(*) as n, avg(length(text)) as mean from chunks
     ), held as (
       select id, chunk, length(text) as size, word, count(*) as times
       from (
         select id, chunk, text, unnest(regexp_extract_all(lower(text), '[\\p{L}\\p{N}]+')) as word
         from chunks where ${holds}
       )
       where word in (${list})
       group by all
     ), weights as (
       select word, ln(1 + (any_value(n) - count(*) + 0.5) / (count(*) + 0.5)) as weight
       from held, corpus group by word
     )
     select id, chunk::int as chunk, sum(
       weight * times * ${SATURATION + 1}
         / (times + ${SATURATION} * (1 - ${LENGTH_WEIGHT} + ${LENGTH_WEIGHT} * size / mean))
     )::double as score
     from held join weights using (word), corpus
     ${among === undefined ? "" : `where id in (${among})`}
     group by id, chunk
     order by score desc, id, chunk limit ${k}`,
  );
}

export function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(words)].slice(0, MOST_WORDS);
}
