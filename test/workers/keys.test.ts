import { describe, expect, test } from "vitest";
import { z } from "zod";
import { jobs } from "../../workers/registry.ts";
import { wholeInput } from "../../workers/whole-input.ts";

type Schema = z.core.JSONSchema.JSONSchema;
type Defs = Readonly<Record<string, Schema>>;

/** Inputs of a schema, each with the field in which it differs from the first, which has every field. */
function variantsOf(schema: Schema, defs: Defs): { readonly field: string; readonly value: unknown }[] {
  const { $ref } = schema;
  if ($ref) return variantsOf(defs[$ref.slice("#/$defs/".length)] as Schema, defs);
  const { type, properties, items, additionalProperties, anyOf } = schema;
  const choices = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (choices) return choices.slice(0, 2).map((value) => ({ field: "", value }));
  if (anyOf) return variantsOf(anyOf[0] as Schema, defs);
  if (type === "object" && properties) return ofFields(properties as Defs, defs);
  if (type === "object")
    return variantsOf(additionalProperties as Schema, defs).map(({ field, value }) => ({
      field,
      value: { a: value },
    }));
  if (type === "array")
    return variantsOf(items as Schema, defs).map(({ field, value }) => ({ field, value: [value] }));
  const values = { string: ["a", "b"], boolean: [false, true], integer: [1, 2], number: [0.1, 0.2] }[
    type as "string" | "boolean" | "integer" | "number"
  ];
  return values.map((value) => ({ field: "", value }));
}

function ofFields(properties: Defs, defs: Defs) {
  const fields = Object.entries(properties).map(
    ([name, schema]) => [name, variantsOf(schema, defs)] as const,
  );
  const first = Object.fromEntries(fields.map(([name, [variant]]) => [name, variant?.value]));
  const others = fields.flatMap(([name, [, ...variants]]) => [
    ...variants.map(({ field, value }) => ({
      field: field ? `${name}.${field}` : name,
      value: { ...first, [name]: value },
    })),
    { field: `${name}?`, value: { ...first, [name]: undefined } },
  ]);
  return [{ field: "", value: first }, ...others];
}

describe("two inputs are one piece of work only where they are one input", () => {
  test.each(Object.values(jobs).map((job) => [job.kind, job] as const))("%s", (kind, job) => {
    const schema: Schema = z.toJSONSchema(job.input);
    const variants = variantsOf(schema, (schema.$defs ?? {}) as Defs);
    const keys = new Map<string, string>();
    for (const { field, value } of variants) {
      const key = job.key(value as never);
      expect(keys.get(key), `${kind}: the key knows nothing of ${field}`).toBeUndefined();
      keys.set(key, field);
    }
    const fields = Object.keys((job.input as unknown as z.ZodObject).shape);
    expect(new Set(variants.map(({ field }) => field.split(/[.?]/)[0]))).toEqual(new Set(["", ...fields]));
  });

  test("in whatever order its fields, and those of what lies in them, were written", () => {
    const one = { a: 1, b: { c: [{ d: 1, e: 2 }], f: undefined } };
    const other = { b: { f: undefined, c: [{ e: 2, d: 1 }] }, a: 1 };

    expect(wholeInput(one)).toBe(wholeInput(other));
    expect(wholeInput({ a: ["x", "y"] })).not.toBe(wholeInput({ a: ["y", "x"] }));
    expect(wholeInput({ a: "1" })).not.toBe(wholeInput({ a: 1 }));
  });

  test("and names that stand for a set may be given in any order", () => {
    const { cohortRefresh, optimizeTables, vacuumTables } = jobs;
    const refresh = (cohorts: string[]) => cohortRefresh.key(cohortRefresh.input.parse({ cohorts }));
    const tables = [
      ["a.b", "c.d"],
      ["c.d", "a.b"],
    ] as const;

    expect(refresh(["A", "B"])).toBe(refresh(["B", "A"]));
    for (const kind of [optimizeTables, vacuumTables])
      expect(new Set(tables.map((names) => kind.key({ tables: [...names] }))).size).toBe(1);
  });
});
