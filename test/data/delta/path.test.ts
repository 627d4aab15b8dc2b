import fc from "fast-check";
import { expect, test } from "vitest";
import { decodePath, encodePath, fileKey, isAbsolute, partitionFolder } from "../../../data/delta/path.ts";

test.each([
  ["part 0.parquet", "part%200.parquet"],
  ["x=A%2FA/part.parquet", "x=A%252FA/part.parquet"],
  ["a+b.parquet", "a%2Bb.parquet"],
  ["time=12:30/part.parquet", "time=12%3A30/part.parquet"],
  ["🐎 'quoted' \"twice\" `tick`.parquet", "%F0%9F%90%8E%20'quoted'%20%22twice%22%20%60tick%60.parquet"],
])("the path %s is the URI %s", (path, uri) => {
  expect(encodePath(path)).toBe(uri);
  expect(decodePath(uri)).toBe(path);
});

test("every path comes back from its URI, which never looks like an address", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (path) => {
      expect(decodePath(encodePath(path))).toBe(path);
      if (!path.startsWith("/")) expect(isAbsolute(encodePath(path))).toBe(false);
    }),
  );
});

test.each(["/x/a%20b", "file:/x/a%20b", "file:///x/a%20b", "file://localhost/x/a%20b"])(
  "%s is one file",
  (uri) => {
    expect(decodePath(uri)).toBe("/x/a b");
  },
);

test("a plus is a plus, and a percent sign that escapes nothing stays", () => {
  expect(decodePath("a+b%2Bc")).toBe("a+b+c");
  expect(decodePath("100%/x%20y")).toBe("100%/x y");
  expect(decodePath("50%ff")).toBe("50%ff");
});

test("a file is known by its decoded path and its vector", () => {
  const deletionVector = {
    storageType: "u" as const,
    pathOrInlineDv: "abc",
    offset: 1,
    sizeInBytes: 2,
    cardinality: 1,
  };

  expect(fileKey({ path: "a%20b" })).toBe(fileKey({ path: "a b" }));
  expect(fileKey({ path: "a", deletionVector })).not.toBe(fileKey({ path: "a" }));
  expect(fileKey({ path: "a", deletionVector })).not.toBe(
    fileKey({ path: "a", deletionVector: { ...deletionVector, offset: 2 } }),
  );
});

test("folders of partitions are escaped as Hive does", () => {
  expect(partitionFolder("x", "A/A")).toBe("x=A%2FA");
  expect(partitionFolder("a=b", "50%: #1")).toBe("a%3Db=50%25%3A %231");
  expect(partitionFolder("x", null)).toBe("x=__HIVE_DEFAULT_PARTITION__");
  expect(partitionFolder("x", "")).toBe("x=__HIVE_DEFAULT_PARTITION__");
});
