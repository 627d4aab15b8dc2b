import { expect, test } from "vitest";
import { readConfig } from "../config.ts";

test("An empty variable counts as unset, which is how compose files hand one on", () => {
  const unset = readConfig({});
  expect(
    readConfig({ REDIS_URL: "", LAKE_URL: "", API_KEYS_FILE: "", WORKER_CONCURRENCY: "", API_PORT: "" }),
  ).toEqual(unset);
});

test("A lake lies in a folder or a bucket, and nowhere else", () => {
  for (const place of ["data/lake", "/data/lake", "file:///data/lake", "s3://bucket", "s3://bucket/prefix"])
    expect(readConfig({ LAKE_URL: place }).lakeUrl).toBe(place);
  for (const place of ["ftp://host/lake", "https://host/lake", "s3://", "s3:bucket", "gs://bucket"])
    expect(() => readConfig({ LAKE_URL: place })).toThrow(/s3:\/\/bucket\/prefix[\s\S]*LAKE_URL/);
});

test("A setting that cannot be read is named", () => {
  expect(() => readConfig({ API_PORT: "seven" })).toThrow(/API_PORT/);
});
