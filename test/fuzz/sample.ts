import type { Random } from "../chaos/random.ts";

export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly additionalProperties?: boolean | JsonSchema;
}

const words = ["a", "A1", "silver.patient", "b2c3", "2026-01-02T03:04:05Z", "x", "0", "select 1", "mill"];

/** A value of about the shape that a schema asks for; patterns are only tried, so some are refused, and that is as well. */
export function sampleOf(
  schema: JsonSchema,
  named: Readonly<Record<string, JsonSchema>>,
  random: Random,
  depth = 0,
): unknown {
  if (schema.$ref) return sampleOf(named[schema.$ref.split("/").at(-1) ?? ""] ?? {}, named, random, depth);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return random.pick(schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return sampleOf(random.pick(choices) ?? {}, named, random, depth);
  return typedOf(schema, named, random, depth);
}

function typedOf(
  schema: JsonSchema,
  named: Readonly<Record<string, JsonSchema>>,
  random: Random,
  depth: number,
): unknown {
  const type = typeof schema.type === "string" ? schema.type : random.pick(schema.type ?? ["string"]);
  if (type === "object") return objectOf(schema, named, random, depth);
  if (type === "array") {
    const length = Math.max(schema.minItems ?? 0, depth > 3 ? 0 : random.below(3));
    return Array.from({ length }, () => sampleOf(schema.items ?? {}, named, random, depth + 1));
  }
  if (type === "integer" || type === "number") return numberOf(schema, random);
  if (type === "boolean") return random.below(2) === 0;
  return type === "null" ? null : wordOf(schema, random);
}

function objectOf(
  schema: JsonSchema,
  named: Readonly<Record<string, JsonSchema>>,
  random: Random,
  depth: number,
): object {
  const required = new Set(schema.required);
  return Object.fromEntries(
    Object.entries(schema.properties ?? {})
      .filter(([name]) => required.has(name) || (depth < 3 && random.below(2) === 0))
      .map(([name, inner]) => [name, sampleOf(inner, named, random, depth + 1)]),
  );
}

function numberOf({ minimum, maximum, exclusiveMinimum }: JsonSchema, random: Random): number {
  const least = Math.max(minimum ?? 0, exclusiveMinimum === undefined ? 0 : exclusiveMinimum + 1);
  const most = Math.min(maximum ?? 50, least + 50);
  return Math.min(most, least + random.below(50));
}

function wordOf({ pattern, format, minLength = 0 }: JsonSchema, random: Random): string {
  if (format === "date-time") return "2026-01-02T03:04:05Z";
  if (format === "uri") return "http://127.0.0.1:9/x";
  const fitting = pattern === undefined ? words : words.filter((word) => new RegExp(pattern, "u").test(word));
  return (random.pick(fitting) ?? random.pick(words) ?? "").padEnd(minLength, "x");
}
