import { expect, test } from "vitest";
import { CorruptLogError, UnsupportedFeatureError } from "../../../data/delta/errors.ts";
import { duckdbType, parseSchema, serializeSchema } from "../../../data/delta/schema.ts";

const schemaString = JSON.stringify({
  type: "struct",
  fields: [
    {
      name: "id",
      type: "long",
      nullable: false,
      metadata: { comment: "the key", "delta.identity.start": 1 },
    },
    { name: 'odd "name" `x`.🐎', type: "decimal(38,10)", nullable: true, metadata: {} },
    {
      name: "nested",
      type: {
        type: "struct",
        fields: [
          {
            name: "list",
            type: {
              type: "array",
              elementType: { type: "map", keyType: "string", valueType: "date", valueContainsNull: true },
              containsNull: false,
            },
            nullable: true,
            metadata: { "delta.columnMapping.id": 4, "delta.columnMapping.physicalName": "col-4" },
          },
        ],
      },
      nullable: true,
      metadata: {},
    },
  ],
});

test("a schema comes back from its columns with all its metadata", () => {
  const columns = parseSchema(schemaString);

  expect(serializeSchema(columns)).toBe(schemaString);
  expect(columns[0]).toMatchObject({
    comment: "the key",
    nullable: false,
    metadata: { "delta.identity.start": 1 },
  });
});

test("every type has DuckDB's", () => {
  const types = Object.fromEntries(
    parseSchema(schemaString).map(({ name, type }) => [name, duckdbType(type)]),
  );

  expect(types).toEqual({
    id: "BIGINT",
    'odd "name" `x`.🐎': "DECIMAL(38,10)",
    nested: 'STRUCT("list" MAP(VARCHAR, DATE)[])',
  });
  expect(
    ["byte", "short", "integer", "float", "binary", "timestamp", "timestamp_ntz"].map((name) =>
      duckdbType(
        parseSchema(`{"type":"struct","fields":[{"name":"c","type":"${name}"}]}`)[0]?.type ?? "string",
      ),
    ),
  ).toEqual(["TINYINT", "SMALLINT", "INTEGER", "FLOAT", "BLOB", "TIMESTAMPTZ", "TIMESTAMP"]);
});

test.each([
  ["not JSON", "{", CorruptLogError],
  ["no struct", '{"type":"array"}', CorruptLogError],
  [
    "of an unknown type",
    '{"type":"struct","fields":[{"name":"v","type":"variant"}]}',
    UnsupportedFeatureError,
  ],
  [
    "of an unknown nested type",
    '{"type":"struct","fields":[{"name":"v","type":{"type":"udt"}}]}',
    UnsupportedFeatureError,
  ],
])("a schema that is %s is refused", (_, text, error) => {
  expect(() => parseSchema(text)).toThrow(error);
});
