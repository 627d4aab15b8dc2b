import { quote } from "../../sql/duckdb.ts";
import { addToCache } from "../cache.ts";
import { BUILT_IN } from "../embedders/built-in.ts";
import type { Embedder } from "../embedders/embedder.ts";
import type { IndexDefinition } from "../index-definition.ts";
import type { EmbedOrder } from "./embed.thread.ts";
import { createEmbedded, embeddedSql, embedTexts } from "./embed-texts.ts";
import { isCached } from "./missing.ts";
import { missingPath, type PartRange, partKey, type StagedRefresh, stagePart } from "./staged-refresh.ts";
import { readTexts } from "./text-batches.ts";
import type { Workbench } from "./workbench.ts";

/** What goes to a model server in one go, and is lost at most when a job is killed. */
const ASKED_AT_ONCE = 64;
/** So many texts the built-in embedder makes on the spot; a thread would take longer to start. */
const SMALL_TEXTS = 256;

/** How many contents one job takes; so many or fewer are embedded by the refresh itself. */
export function partSize({ content }: IndexDefinition): { readonly ofJob: number; readonly alone: number } {
  const isBuiltIn = content.kind === "text" && content.embedder === BUILT_IN;
  return isBuiltIn ? { ofJob: 16_384, alone: 16_384 } : { ofJob: 1_024, alone: ASKED_AT_ONCE };
}

/** Embeds what is `missing` on the workbench into `made`. */
export async function embedHere(
  bench: Workbench,
  index: IndexDefinition,
  embedder: Embedder,
  toEmbed: number,
): Promise<void> {
  const { connection, lake } = bench;
  if (isThreaded(index) && toEmbed > SMALL_TEXTS) {
    const from = await bench.file("missing.parquet");
    const to = await bench.file("made.parquet");
    await bench.run(`copy missing to ${quote(from)} (format parquet)`);
    await embedInThread(bench, { from, to, range: { first: 0, last: toEmbed } });
    await bench.run(`insert into made select * from read_parquet(${quote(to)})`);
    return;
  }
  await createEmbedded(connection, embedder.dimensions);
  await embedTexts(
    connection,
    embedder,
    await readTexts(connection, "select n, text from missing"),
    bench.signal,
  );
  await bench.run(`insert into made ${embeddedSql("select * from missing")}`);
  if (isCached(index)) await addToCache(lake, connection, index.model, "select * from made");
}

/** Embeds one range of a staged refresh and leaves its vectors there; what an earlier run left is not made again. */
export async function embedRange(
  bench: Workbench,
  index: IndexDefinition,
  refresh: StagedRefresh,
  range: PartRange,
  surroundings: {
    openEmbedder(): Promise<Embedder>;
    onEmbedded(count: number): void;
  },
): Promise<{ embedded: number }> {
  const slices = slicesOf(range, isThreaded(index) ? range.last - range.first : ASKED_AT_ONCE);
  const left: PartRange[] = [];
  for (const slice of slices) if (!(await bench.lake.storage.stat(partKey(refresh, slice)))) left.push(slice);
  surroundings.onEmbedded(countOf(slices) - countOf(left));
  if (left.length === 0) return { embedded: 0 };
  const from = await missingPath(bench.lake, refresh);
  if (isThreaded(index)) {
    const to = await bench.file("made.parquet");
    await embedInThread(bench, { from, to, range });
    await stagePart(bench, refresh, range, `select * from read_parquet(${quote(to)})`);
  } else {
    const embedder = await surroundings.openEmbedder();
    for (const slice of left) {
      await embedSlice(bench, embedder, refresh, slice, from);
      surroundings.onEmbedded(countOf([slice]));
    }
    await cacheParts(bench, index, refresh, slices);
  }
  return { embedded: countOf(left) };
}

async function embedSlice(
  bench: Workbench,
  embedder: Embedder,
  refresh: StagedRefresh,
  slice: PartRange,
  from: string,
): Promise<void> {
  const { connection, signal } = bench;
  const numbered = `select * from read_parquet(${quote(from)}) where n >= ${slice.first} and n < ${slice.last}`;
  await createEmbedded(connection, embedder.dimensions);
  const batch = await readTexts(connection, `select n, text from (${numbered}) order by n`);
  await embedTexts(connection, embedder, batch, signal);
  await stagePart(bench, refresh, slice, embeddedSql(numbered));
}

async function cacheParts(
  { lake, connection }: Workbench,
  { model }: IndexDefinition,
  refresh: StagedRefresh,
  slices: readonly PartRange[],
): Promise<void> {
  const paths = await Promise.all(slices.map((slice) => lake.storage.localPath(partKey(refresh, slice))));
  await addToCache(lake, connection, model, `select * from read_parquet([${paths.map(quote).join(", ")}])`);
}

async function embedInThread(bench: Workbench, order: Omit<EmbedOrder, "tempDir">): Promise<void> {
  const tempDir = await bench.file("spill");
  await bench.inThread(new URL("./embed.thread.ts", import.meta.url), { ...order, tempDir });
}

function isThreaded(index: IndexDefinition): boolean {
  return !isCached(index);
}

function slicesOf({ first, last }: PartRange, size: number): PartRange[] {
  const slices: PartRange[] = [];
  for (let from = first; from < last; from += size)
    slices.push({ first: from, last: Math.min(last, from + size) });
  return slices;
}

function countOf(ranges: readonly PartRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first, 0);
}
