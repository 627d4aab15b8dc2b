import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { identifier, queryRows } from "../sql/duckdb.ts";
import { entriesOf } from "./bundle-entries.ts";
import { type BundleFile, inBatches, isGzip, isLines } from "./bundle-file.ts";
import { resourceStructure } from "./silver/resource-fields.ts";

/** By the number of its file, what stands for all that was taken out of it. */
export type Fingerprints = ReadonlyMap<number, string>;

const Fingerprint = z.object({ bundle: z.int(), fingerprint: z.string() });
const taken = Object.keys(resourceStructure).map(identifier).join(", ");

const NOTHING = "0/0";

/** The fingerprints of the files in `resources`; equal ones give equal rows by the same rules. */
export async function fingerprintsOf(
  connection: DuckDBConnection,
  files: readonly BundleFile[],
): Promise<Fingerprints> {
  const rows = `select bundle, record_order % 1000000000 as position, * exclude (bundle, record_order) from resources`;
  return await fingerprints(connection, files, rows);
}

/** The same without keeping what was read, for files that were read before; of others nothing is said. */
export async function readFingerprints(
  connection: DuckDBConnection,
  files: readonly BundleFile[],
): Promise<Fingerprints> {
  const found: [number, string][] = [];
  for (const batch of await inBatches(files.filter((file) => !isGzip(file) && !isLines(file)))) {
    const rows = `select bundle, position, full_url, resource.* from (${entriesOf(batch, "hopeful")})`;
    try {
      found.push(...(await fingerprints(connection, batch, rows)));
    } catch {
      // Whatever stood in the way of one file, parsing meets it again and tells of it.
    }
  }
  return new Map(found);
}

async function fingerprints(
  connection: DuckDBConnection,
  files: readonly BundleFile[],
  rows: string,
): Promise<Fingerprints> {
  const found = await queryRows(
    connection,
    Fingerprint,
    `select bundle, count(*) || '/' || sum(hash(position, full_url, ${taken})) as fingerprint from (${rows}) group by bundle`,
  );
  const known = new Map(found.map(({ bundle, fingerprint }) => [bundle, fingerprint]));
  return new Map(files.map(({ number }) => [number, known.get(number) ?? NOTHING]));
}
