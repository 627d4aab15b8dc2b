import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { buildGold } from "../../../data/clinical/gold/build-gold.ts";
import { validateSilver } from "../../../data/clinical/validation/validate-silver.ts";
import { tablesOf } from "../../../data/sql/query-tables.ts";
import { runQuery } from "../../../data/sql/run-query.ts";
import { mergeAll, parseFiles, runInstant, test } from "./clinic.ts";
import { fixtureBundle } from "./fixture-patient.ts";

const notebook = new URL("../../../docs/notebook.sql", import.meta.url);

test("each of the twenty cells of the notebook runs and answers", async ({ lake, dir }) => {
  await mergeAll(lake, await parseFiles(lake, dir, { "one.json": fixtureBundle }));
  await buildGold(lake, { instant: runInstant });
  await validateSilver(lake, { runId: "1", instant: runInstant, codeVersion: "test" });
  const text = await readFile(notebook, "utf8");
  const cells = [...text.matchAll(/^-- (\d+)\. (.+)\n([\s\S]*?);$/gm)];
  expect(cells.map(([, number]) => Number(number))).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));

  const limits = {
    memoryBytes: 512 * 1024 ** 2,
    threads: 2,
    tempDir: join(dir, "query"),
    timeoutMs: 30_000,
    maxRows: 10_000,
  };
  for (const [, number, , sql] of cells) {
    await using result = await runQuery(tablesOf(lake), { sql: sql ?? "" }, limits);
    // One patient is too few for the candidates of cell 11.
    if (number !== "11") expect(result.rowCount, `cell ${number}`).toBeGreaterThan(0);
  }
});
