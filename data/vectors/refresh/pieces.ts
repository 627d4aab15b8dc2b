import { quote } from "../../sql/duckdb.ts";
import type { IndexDefinition } from "../index-definition.ts";
import type { ChunkOrder } from "./chunk.thread.ts";
import { chunkRows, createPieces } from "./chunk-rows.ts";
import { readTexts } from "./text-batches.ts";
import type { Workbench } from "./workbench.ts";

/** What the chunker takes for blank, so that a text of one chunk needs no chunker. */
const blanks = quote(
  "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff",
);

/** Less than this is cut on the spot; a thread would take longer to start. */
const SMALL_ROWS = 200;
const SMALL_LENGTH = 200_000;

/** Keeps the chunks of the rows of `touched` in `pieces`: id, chunk, text, vector and the hash of the content. */
export async function keepPieces(bench: Workbench, index: IndexDefinition): Promise<void> {
  if (index.content.kind === "text") return keepTexts(bench, index.content);
  await bench.keep(
    "pieces",
    `select id, cast(0 as integer) as chunk, cast(null as varchar) as text, content as vector,
      printf('%016x', hash(content)) as content_hash
    from touched where present and len(content) > 0`,
  );
}

async function keepTexts(
  bench: Workbench,
  { chunkSize, overlap, redact }: Extract<IndexDefinition["content"], { kind: "text" }>,
): Promise<void> {
  const isShort = redact ? "false" : `length(ltrim(content, ${blanks})) <= ${chunkSize}`;
  await bench.keep(
    "pieces",
    piecesOf(`
      select id, cast(0 as integer) as chunk, trim(content, ${blanks}) as text from touched
      where present and ${isShort} and trim(content, ${blanks}) <> ''`),
  );
  await cutLong(
    bench,
    `select id, content from touched where present and content <> '' and not (${isShort})`,
    { size: chunkSize, overlap, redact },
  );
}

function piecesOf(texts: string): string {
  return `select id, chunk, text, cast(null as float[]) as vector, sha256(text) as content_hash from (${texts})`;
}

/** Adds to `pieces` the chunks of texts that may be more than one. */
async function cutLong(bench: Workbench, sql: string, chunking: ChunkOrder["chunking"]): Promise<void> {
  const [rows = 0, length = 0] = await bench.numbers(
    `select count(*) as rows, coalesce(sum(length(content)), 0) as length from (${sql})`,
  );
  if (rows === 0) return;
  const isFew = rows <= SMALL_ROWS && length <= SMALL_LENGTH;
  const cut = isFew ? await cutHere(bench, sql, chunking) : await cutInThread(bench, sql, chunking);
  await bench.run(`insert into pieces ${piecesOf(cut)}`);
}

/** Answers a SELECT of id, chunk and text. */
async function cutHere(bench: Workbench, sql: string, chunking: ChunkOrder["chunking"]): Promise<string> {
  await createPieces(bench.connection, "texts");
  await chunkRows(bench.connection, "texts", await readTexts(bench.connection, sql), chunking);
  return "select * from texts";
}

async function cutInThread(bench: Workbench, sql: string, chunking: ChunkOrder["chunking"]): Promise<string> {
  const [from, to, tempDir] = await Promise.all(["long.parquet", "cut.parquet", "spill"].map(bench.file));
  if (!from || !to || !tempDir) throw new Error("The workbench named no files.");
  await bench.run(`copy (${sql}) to ${quote(from)} (format parquet)`);
  const order: ChunkOrder = { from, to, chunking, tempDir };
  await bench.inThread(new URL("./chunk.thread.ts", import.meta.url), order);
  return `select * from read_parquet(${quote(to)})`;
}
