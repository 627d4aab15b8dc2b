import { describe, expect, test } from "vitest";
import { TableNotFoundError } from "../../../data/delta/errors.ts";
import type { Table } from "../../../data/delta/table.ts";
import { DataError } from "../../../data/errors.ts";
import type { Lake } from "../../../data/lake.ts";
import type { JobContext } from "../../../workers/define-job.ts";
import { overTables } from "../../../workers/maintenance/over-tables.ts";

interface Place {
  after: string;
  failed: string[];
}

/** A job over a lake of named tables; what it saved last is kept for the next run. */
function jobOver(names: string[], saved: { checkpoint?: Place }) {
  const notes: string[] = [];
  const context = {
    input: {},
    checkpoint: saved.checkpoint,
    signal: new AbortController().signal,
    log: { error: () => undefined },
    lake: { tableNames: async () => names, table: (name) => ({ name }) as Table } as Partial<Lake>,
    note: async (line: string) => void notes.push(line),
    reportProgress: async () => undefined,
    saveCheckpoint: async (place: Place) => {
      saved.checkpoint = place;
    },
  } as unknown as JobContext<object, Place>;
  return { context, notes };
}

describe("a job over all tables", () => {
  test("goes on past a table that fails, and fails at the end with its name", async () => {
    const saved = {};
    const seen: string[] = [];
    const { context, notes } = jobOver(["gold.a", "silver.b", "silver.c"], saved);
    const work = async ({ name }: Table) => {
      seen.push(name);
      if (name === "silver.b") throw new Error("disk trouble");
      return 1;
    };

    await expect(overTables(context, "optimize", work)).rejects.toThrow("optimize failed for silver.b");
    expect(seen).toEqual(["gold.a", "silver.b", "silver.c"]);
    expect(notes).toEqual(["silver.b failed: disk trouble"]);
    expect(saved).toEqual({ checkpoint: { after: "", failed: [] } });
  });

  test("is beyond retry only when every failure is", async () => {
    const { context } = jobOver(["silver.b"], {});
    const hopeless = overTables(context, "vacuum", async () => {
      throw new DataError("a feature that we lack");
    });
    await expect(hopeless).rejects.toBeInstanceOf(DataError);
  });

  test("says which table was probably meant", async () => {
    const { context } = jobOver(["silver.patient"], {});
    const asked = { ...context, input: { tables: ["silver.patiens"] } };
    const failing = overTables(asked, "optimize", async () => {
      throw new TableNotFoundError("no log there");
    });
    await expect(failing).rejects.toThrow(
      "optimize failed for silver.patiens: There is no table silver.patiens: did you mean silver.patient?",
    );
  });

  test("goes on after the last table that was done", async () => {
    const seen: string[] = [];
    const { context } = jobOver(["gold.a", "silver.b"], { checkpoint: { after: "gold.a", failed: [] } });
    const output = await overTables(context, "optimize", async ({ name }) => seen.push(name));

    expect(seen).toEqual(["silver.b"]);
    expect(output).toEqual({ tables: 2, changes: 1 });
  });
});
