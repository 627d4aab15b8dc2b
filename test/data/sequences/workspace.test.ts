import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { Settings } from "../../../data/sequences/settings.ts";
import { prepare } from "../../../data/sequences/workspace.ts";
import { openDuckDB } from "../../../data/sql/duckdb.ts";

const options = { memoryBytes: 2 ** 28, threads: 2, tempDir: tmpdir() };
const tokens = "select time_tokens(30, 2, 86400000000, 3) as tokens";

describe("connections of one engine", () => {
  test("are made ready at the same time", async () => {
    using duckdb = await openDuckDB(options);
    const connections = await Promise.all(Array.from({ length: 8 }, () => duckdb.connect()));

    await expect(
      Promise.all(connections.map((connection) => prepare(connection, Settings.parse({})))),
    ).resolves.toHaveLength(8);
  });

  test("keep each its own scheme of time tokens", async () => {
    using duckdb = await openDuckDB(options);
    const [one, other] = [await duckdb.connect(), await duckdb.connect()];
    await prepare(one, Settings.parse({ scheme: "cehr" }));
    const before = (await one.runAndReadAll(tokens)).getRowObjectsJson();

    await prepare(other, Settings.parse({ scheme: "none" }));

    expect((await one.runAndReadAll(tokens)).getRowObjectsJson()).toEqual(before);
    expect((await other.runAndReadAll(tokens)).getRowObjectsJson()).not.toEqual(before);
  });
});
