import { expect, test } from "vitest";
import { parseCommit, serializeActions } from "../../../data/delta/actions.ts";
import { CorruptLogError } from "../../../data/delta/errors.ts";

test("null and absent mean the same, and what is not known is passed over", () => {
  const text = [
    '{"add":{"path":"a","partitionValues":null,"size":1,"modificationTime":2,"dataChange":true,"stats":null,"tags":null,"deletionVector":null,"future":1}}',
    '{"someday":{"x":1}}',
    '{"remove":null,"txn":{"appId":"app","version":3,"lastUpdated":null}}',
    "",
  ].join("\n");

  expect(parseCommit(text)).toEqual([
    { add: { path: "a", partitionValues: {}, size: 1, modificationTime: 2, dataChange: true } },
    { txn: { appId: "app", version: 3 } },
  ]);
});

test("statistics keep every digit", () => {
  const stats =
    '{"numRecords":1,"minValues":{"long":9223372036854775807,"decimal":12345678901234567890.123456}}';
  const line = `${JSON.stringify({ add: { path: "a", partitionValues: {}, size: 1, modificationTime: 1, dataChange: true, stats } })}\n`;

  const [action] = parseCommit(line);

  expect(action).toMatchObject({ add: { stats } });
  expect(serializeActions(parseCommit(line))).toBe(line);
});

test("values of properties are texts, whatever their writer took them for", () => {
  const [action] = parseCommit(
    '{"metaData":{"id":"x","schemaString":"{}","configuration":{"delta.checkpointInterval":10,"delta.appendOnly":true,"gone":null}}}',
  );

  expect(action).toMatchObject({
    metaData: {
      partitionColumns: [],
      configuration: { "delta.checkpointInterval": "10", "delta.appendOnly": "true" },
    },
  });
});

test.each([
  ['{"add":{"path":"a"', /line 2 of 7\.json is not JSON/],
  ["[1]", /line 2 of 7\.json is not a JSON object/],
  ['{"add":{"path":5,"size":1}}', /line 2 of 7\.json has a wrong add\.path/],
  ['{"protocol":{"minReaderVersion":"one","minWriterVersion":2}}', /wrong protocol\.minReaderVersion/],
])("the line %s is refused with its place", (line, message) => {
  const parse = () => parseCommit(`{"commitInfo":{}}\n${line}`, "7.json");

  expect(parse).toThrow(CorruptLogError);
  expect(parse).toThrow(message);
});
