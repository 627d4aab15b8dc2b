import { stat } from "node:fs/promises";

/** A bundle to read. The name stands in every row made from it; the number is its place in the order of a refresh. */
export interface BundleFile {
  readonly path: string;
  readonly name: string;
  readonly number: number;
}

/** Why a bundle was put aside. */
export type QuarantineReason =
  | "too_large"
  | "bad_gzip"
  | "gzip_bytes"
  | "invalid_utf8"
  | "not_json"
  | "not_bundle";

export interface QuarantinedFile {
  readonly file: BundleFile;
  readonly reason: QuarantineReason;
}

/** `ndjson` is a bulk export: a resource a line, in place of a bundle a file. */
export function isLines(file: BundleFile): boolean {
  return /\.ndjson(\.gz)?$/i.test(file.name);
}

export function isGzip(file: BundleFile): boolean {
  return /\.gz$/i.test(file.name);
}

/** Files in the order in which their records count: by path, as bytes. */
export function inOrder(files: readonly { readonly path: string; readonly name: string }[]): BundleFile[] {
  return files
    .map((file) => ({ file, bytes: Buffer.from(file.path) }))
    .sort((a, b) => a.bytes.compare(b.bytes))
    .map(({ file }, index) => ({ path: file.path, name: file.name, number: index }));
}

/** DuckDB takes up to 2,048 files as one batch and holds all their text, so a batch is bounded by bytes. */
const BATCH_BYTES = 64 * 1024 ** 2;

/** The files in batches that are read one after the other. */
export async function inBatches(files: readonly BundleFile[]): Promise<BundleFile[][]> {
  const sized = await Promise.all(files.map(async (file) => ({ file, bytes: (await stat(file.path)).size })));
  return batchesOf(sized, ({ bytes }) => bytes).map((batch) => batch.map(({ file }) => file));
}

/** What is larger than a batch may be is one by itself. */
export function batchesOf<Item>(items: readonly Item[], bytesOf: (item: Item) => number): Item[][] {
  const batches: Item[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const item of items) {
    if (bytes + bytesOf(item) > BATCH_BYTES) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(item);
    bytes += bytesOf(item);
  }
  return batches;
}
