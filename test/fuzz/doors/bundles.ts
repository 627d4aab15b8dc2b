import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { inOrder } from "../../../data/clinical/bundle-file.ts";
import { makeDefects } from "../../../data/clinical/generator/defects.ts";
import { generateClinical } from "../../../data/clinical/generator/generate.ts";
import { parseChunk } from "../../../data/clinical/parse.ts";
import { openDuckDB } from "../../../data/sql/duckdb.ts";
import type { Random } from "../../chaos/random.ts";
import { BrokenPromise, type Door, sumOf } from "../door.ts";
import { mutate } from "../mutate.ts";

const BUNDLES_AT_ONCE = 50;

export const bundles = doorOf("bundles", ".json");
export const ndjson = doorOf("NDJSON", ".ndjson");

/** Every file lands or is put aside with a reason, and the good one among them always lands. */
function doorOf(name: string, extension: ".json" | ".ndjson"): Door {
  return {
    name,
    inputsAtOnce: BUNDLES_AT_ONCE,
    async open(dir) {
      await generateClinical({ patients: 2, seed: 5, outDir: join(dir, "good"), visits: 1 });
      const folder = join(dir, "good", "fhir");
      const good = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file))));
      const odd = makeDefects(5)
        .map(({ content }) => Buffer.from(content))
        .filter(({ length }) => length < 200_000);
      const seeds = [...good, ...odd].map((bytes) => (extension === ".json" ? bytes : linesOf(bytes)));
      const duckdb = await openDuckDB({ memoryBytes: 2 ** 29, threads: 2, tempDir: join(dir, "spill") });
      const connection = await duckdb.connect();
      return {
        async feed(random) {
          const at = await mkdtemp(join(dir, "chunk-"));
          const names = await writeMutants(at, seeds, extension, random);
          await writeFile(join(at, "good.json"), good[0] ?? "");
          const files = inOrder(
            [...names, "good.json"].map((file) => ({ path: join(at, file), name: file })),
          );
          const options = { runInstant: new Date(0), maxBundleBytes: 2 ** 20 };
          const { quarantined, rows } = await parseChunk(connection, files, join(at, "staged"), options);
          await rm(at, { recursive: true });
          if (rows.patient < 1) throw new BrokenPromise("The good bundle of the chunk did not land");
          if (quarantined.some(({ file }) => file.name === "good.json"))
            throw new BrokenPromise("The good bundle was put aside");
          const refused = quarantined.map(({ reason }) => ({ taken: 0, refused: { [reason]: 1 } }));
          return sumOf([{ taken: names.length - quarantined.length, refused: {} }, ...refused]);
        },
        async [Symbol.asyncDispose]() {
          connection.closeSync();
          duckdb[Symbol.dispose]();
        },
      };
    },
  };
}

async function writeMutants(at: string, seeds: readonly Buffer[], extension: string, random: Random) {
  const names = Array.from(
    { length: BUNDLES_AT_ONCE },
    (_, n) => `b${n}${extension}${n % 10 === 9 ? ".gz" : ""}`,
  );
  for (const name of names) {
    const bytes = mutate(random, random.pick(seeds) ?? Buffer.alloc(0));
    if (!name.endsWith(".gz")) await writeFile(join(at, name), bytes);
    else await writeFile(join(at, name), random.below(2) ? mutate(random, gzipSync(bytes)) : gzipSync(bytes));
  }
  return names;
}

function linesOf(bytes: Buffer): Buffer {
  try {
    const { entry } = JSON.parse(String(bytes)) as { entry: { resource: unknown }[] };
    return Buffer.from(entry.map(({ resource }) => `${JSON.stringify(resource)}\n`).join(""));
  } catch {
    return bytes;
  }
}
