import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseHeader } from "../../../data/clinical/dicom.ts";
import { makeDicom } from "../../../data/clinical/generator/dicom-file.ts";
import { randomOf } from "../../../data/clinical/generator/random.ts";
import { importCsv } from "../../../data/sequences/sources/import.ts";
import { findSource } from "../../../data/sequences/sources/source-file.ts";
import { sourceTables } from "../../../data/sequences/sources/tables.ts";
import { openDuckDB } from "../../../data/sql/duckdb.ts";
import { sealGraphFile, splitGraphFile } from "../../../data/vectors/hnsw/graph-file.ts";
import { BrokenPromise, type Door, oneTaken, refusalOf } from "../door.ts";
import { mutate } from "../mutate.ts";

export const csv: Door = {
  name: "CSV",
  inputsAtOnce: 1,
  async open(dir) {
    const table = sourceTables.find(({ name }) => name === "patients");
    if (!table) throw new Error("There is no table patients");
    const header = Object.keys(table.columns).join(",");
    const rows = Array.from(
      { length: 20 },
      (_, n) => `${n + 10_000},${n % 2 ? "F" : "M"},${20 + n},21${10 + n},2014 - 2016,`,
    );
    const seed = Buffer.from(`${header}\n${rows.join("\n")}\n`);
    const duckdb = await openDuckDB({ memoryBytes: 2 ** 30, threads: 1, tempDir: join(dir, "spill") });
    const connection = await duckdb.connect();
    return {
      async feed(random) {
        await writeFile(join(dir, "patients.csv"), mutate(random, seed));
        try {
          const file = await findSource(dir, table);
          if (!file) throw new BrokenPromise("The file is there and was not found");
          await importCsv(connection, file, random.below(2) ? "skip" : "fail", async (sql) => {
            await connection.run(`create or replace temp table landed as ${sql}`);
          });
          return oneTaken;
        } catch (error) {
          return refusalOf(error);
        }
      },
      async [Symbol.asyncDispose]() {
        connection.closeSync();
        duckdb[Symbol.dispose]();
      },
    };
  },
};

export const dicom: Door = {
  name: "DICOM",
  inputsAtOnce: 1,
  async open() {
    const seed = makeDicom(randomOf(3, 1), "1.2.840.99.1", "20240203");
    return {
      async feed(random) {
        const header = parseHeader(mutate(random, seed), "1.2.840.99.1", { whole: random.below(2) === 0 });
        if (!header) return { taken: 0, refused: { "not DICOM": 1 } };
        for (const value of [header.rows, header.columns, header.sliceThickness])
          if (value !== null && !Number.isFinite(value))
            throw new BrokenPromise(`A header's number is ${value}`);
        return oneTaken;
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};

/** The library that reads a graph dies of a bad one, so none may reach it. */
export const indexFiles: Door = {
  name: "index files",
  inputsAtOnce: 1,
  async open(dir) {
    const path = join(dir, "index");
    const graph = Buffer.from(Array.from({ length: 4_000 }, (_, n) => (n * 31) % 256));
    await writeFile(path, graph);
    const keys = { ids: Array.from({ length: 100 }, (_, n) => `row-${n}`), chunks: new Int32Array(100) };
    const sha256 = await sealGraphFile(path, keys, 8);
    const { readFile } = await import("node:fs/promises");
    const seed = await readFile(path);
    return {
      async feed(random) {
        const bytes = mutate(random, seed);
        await writeFile(path, bytes);
        try {
          const read = await splitGraphFile(path, join(dir, "graph"), { sha256, dimensions: 8 });
          if (!bytes.equals(seed) || read.ids.length !== 100)
            throw new BrokenPromise("A changed index file was read");
          return oneTaken;
        } catch (error) {
          if (error instanceof BrokenPromise) throw error;
          return refusalOf(error);
        }
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};
