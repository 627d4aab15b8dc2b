import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { test as base } from "vitest";
import { type BundleFile, inOrder } from "../../../data/clinical/bundle-file.ts";
import { type ParseResult, parseChunk, stagedPath } from "../../../data/clinical/parse.ts";
import { mergeSilver } from "../../../data/clinical/silver/merge-silver.ts";
import type { SilverName } from "../../../data/clinical/silver/silver-table.ts";
import { silverNames } from "../../../data/clinical/silver/tables.ts";
import type { Lake } from "../../../data/lake.ts";
import { openLake } from "../../../data/open-lake.ts";
import { quote } from "../../../data/sql/duckdb.ts";
import { openFolder } from "../../../data/storage/folder.ts";

export const runInstant = new Date("2026-01-02T03:04:05.000Z");

/** A lake of its own for each test, and a place for files. */
export const test = base.extend<{ dir: string; lake: Lake }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads what a fixture needs from this pattern.
  dir: async ({}, use) => {
    const dir = await mkdtemp(join(tmpdir(), "clinical-"));
    await use(dir);
    await rm(dir, { recursive: true, force: true });
  },
  lake: async ({ dir }, use) => {
    const storage = openFolder(join(dir, "lake"));
    const duckdb = { memoryBytes: 512 * 1024 ** 2, threads: 2, tempDir: join(dir, "duckdb") };
    await using lake = await openLake({ storage, duckdb });
    await use(lake);
  },
});

export type Row = Record<string, unknown>;

export interface Parsed extends ParseResult {
  readonly stagedDir: string;
  rowsOf(name: SilverName): Promise<Row[]>;
}

/** Parses files given by name and content, as one chunk. */
export async function parseFiles(
  lake: Lake,
  dir: string,
  contents: Readonly<Record<string, string | Buffer>>,
  options: { readonly maxBundleBytes?: number; readonly dicomHeaders?: string } = {},
): Promise<Parsed> {
  const sourceDir = await mkdtemp(join(dir, "bundles-"));
  for (const [name, content] of Object.entries(contents)) await writeFile(join(sourceDir, name), content);
  const files = inOrder(Object.keys(contents).map((name) => ({ path: join(sourceDir, name), name })));
  return await parseAll(lake, dir, files, options);
}

export async function parseAll(
  lake: Lake,
  dir: string,
  files: readonly BundleFile[],
  options: { readonly maxBundleBytes?: number; readonly dicomHeaders?: string } = {},
): Promise<Parsed> {
  const stagedDir = await mkdtemp(join(dir, "staged-"));
  const connection = await (await lake.duckdb()).connect();
  const result = await parseChunk(connection, files, stagedDir, {
    runInstant,
    maxBundleBytes: 1024 ** 2,
    ...options,
  });
  connection.closeSync();
  return {
    ...result,
    stagedDir,
    rowsOf: async (name) =>
      await select(
        lake,
        `select * from read_parquet(${quote(stagedPath(stagedDir, name))}) order by record_order`,
      ),
  };
}

export async function select(lake: Lake, sql: string): Promise<Row[]> {
  const connection = await (await lake.duckdb()).connect();
  try {
    return await rowsOf(connection, sql);
  } finally {
    connection.closeSync();
  }
}

export async function rowsOf(connection: DuckDBConnection, sql: string): Promise<Row[]> {
  return (await connection.runAndReadAll(sql)).getRowObjectsJson();
}

export async function mergeAll(lake: Lake, parsed: Parsed, replaces?: readonly string[]): Promise<void> {
  for (const name of silverNames) {
    await mergeSilver(
      lake,
      name,
      [{ paths: [stagedPath(parsed.stagedDir, name)] }],
      replaces ? { replaces } : {},
    );
  }
}

/** A bundle of resources, each an entry under its own id. */
export function bundle(...resources: readonly object[]): string {
  const entry = resources.map((resource) =>
    "id" in resource ? { fullUrl: `urn:uuid:${resource.id}`, resource } : { resource },
  );
  return JSON.stringify({ resourceType: "Bundle", type: "transaction", entry });
}

export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
