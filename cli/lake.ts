import type { Lake } from "../data/lake.ts";
import { openStorage } from "../data/storage/open-storage.ts";
import type { Storage } from "../data/storage/storage.ts";
import type { CliSettings } from "./settings.ts";

export function openLakeStorage({ lakeUrl, s3, cache }: CliSettings): Storage {
  return openStorage(lakeUrl, { s3, cache });
}

/** Loads DuckDB, so only what reads tables asks for it. */
export async function openLakeTables(settings: CliSettings): Promise<Lake> {
  const { openLake } = await import("../data/open-lake.ts");
  return openLake({ storage: openLakeStorage(settings), duckdb: settings.duckdb });
}
