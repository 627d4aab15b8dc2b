import { expect, test } from "vitest";
import { readConfig } from "../config.ts";

test("An empty variable counts as unset, which is how compose files hand one on", () => {
  const unset = readConfig({});
  expect(
    readConfig({ REDIS_URL: "", LAKE_URL: "", API_KEYS_FILE: "", WORKER_CONCURRENCY: "", API_PORT: "" }),
  ).toEqual(unset);
});

test("A setting that cannot be read is named", () => {
  expect(() => readConfig({ API_PORT: "seven" })).toThrow(/API_PORT/);
});
