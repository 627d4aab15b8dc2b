import { z } from "zod";
import { recallWatchOf } from "../../../data/vectors/autotune/live-recall.ts";
import { loadedIndexesOf } from "../../../data/vectors/generations/loaded-indexes.ts";
import { type Hit, type SearchReply, SearchRequest } from "../../../data/vectors/search/request.ts";
import { search } from "../../../data/vectors/search/search.ts";
import type { CliContext } from "../../context.ts";
import { UsageFailure } from "../../failure.ts";
import type { Paint } from "../../paint.ts";

export interface SearchOptions {
  readonly vector?: string;
  readonly k: string;
  readonly filter?: string;
  readonly hybrid?: boolean;
  readonly exact?: boolean;
  readonly include?: string;
}

const TEXT_SHOWN = 160;

export async function find(
  context: CliContext,
  index: string,
  text: string | undefined,
  options: SearchOptions,
): Promise<void> {
  const request = requestOf(text, options);
  const { ollamaUrl } = context.config();
  await using lake = await context.openLake();
  const server = ollamaUrl === undefined ? undefined : { url: ollamaUrl };
  try {
    const reply = await search(lake, index, request, { server, watch: recallWatchOf(lake) });
    context.output.result(reply, (paint) => render(reply, request, paint));
  } finally {
    loadedIndexesOf(lake).close();
  }
}

function requestOf(text: string | undefined, options: SearchOptions): SearchRequest {
  const { filter, hybrid = false, exact = false, include } = options;
  const parsed = SearchRequest.safeParse({
    ...(text !== undefined && { text }),
    ...(options.vector !== undefined && { vector: vectorOf(options.vector) }),
    ...(filter !== undefined && { filter }),
    k: Number(options.k),
    hybrid,
    exact,
    include: include?.split(",").map((name) => name.trim()) ?? [],
    text_of_chunk: true,
  });
  if (parsed.success) return parsed.data;
  throw new UsageFailure(
    `The search is not valid:\n${z.prettifyError(parsed.error)}`,
    "millrace help search",
  );
}

function vectorOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new UsageFailure("--vector is not JSON.", "write numbers in brackets: --vector '[0.1, 0.2]'");
  }
}

function render(reply: SearchReply, { include }: SearchRequest, paint: Paint): string {
  const lines = reply.hits.map((hit, at) => renderHit(hit, at + 1, include, paint));
  const generation = reply.index_generation === null ? "" : `, generation ${reply.index_generation}`;
  const newer = reply.unindexed_rows ? `, ${reply.unindexed_rows} newer rows compared exactly` : "";
  const matches = reply.sql_matches === null ? "" : `, ${reply.sql_matches} rows meet the filter`;
  return [
    ...(lines.length > 0 ? lines : [paint("dim", "Nothing was found.")]),
    paint("dim", `${reply.method}: ${reply.why}${generation}${newer}${matches}`),
  ].join("\n");
}

function renderHit(
  { id, chunk, score, text, row }: Hit,
  place: number,
  include: readonly string[],
  paint: Paint,
) {
  const head = `${String(place).padStart(3)}  ${paint("green", score.toFixed(4))}  ${id}${chunk === 0 ? "" : ` chunk ${chunk}`}`;
  const columns = include.map((name) => `${name}=${JSON.stringify(row?.[name] ?? null)}`).join("  ");
  const said = text?.replaceAll(/\s+/g, " ").slice(0, TEXT_SHOWN);
  const rest = [columns, said].filter(Boolean).map((line) => `     ${paint("dim", line ?? "")}`);
  return [head, ...rest].join("\n");
}
