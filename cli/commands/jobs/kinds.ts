import { z } from "zod";
import { kinds } from "../../../workers/registry.ts";
import type { CliContext } from "../../context.ts";
import { knownKind } from "./known-kind.ts";

interface Field {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default?: unknown;
  readonly description: string;
}

/** As much of JSON Schema as the inputs of jobs use. */
interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

export function listKinds(context: CliContext): void {
  const known = kinds.map(knownKind).map(({ kind, pool, summary }) => ({ kind, pool, summary }));
  context.output.table({ kinds: known }, [{ title: "kind" }, { title: "pool" }, { title: "" }], (paint) =>
    known.map(({ kind, pool, summary }) => [paint("bold", kind), pool, summary]),
  );
  context.output.say("The input of one: millrace jobs kinds <kind>");
}

export function showKind(context: CliContext, name: string): void {
  const { kind, pool, summary, input } = knownKind(name);
  const schema = z.toJSONSchema(input, { io: "input" }) as Schema;
  const fields = fieldsOf(schema, schema.$defs ?? {});
  const columns = [{ title: "field" }, { title: "type" }, { title: "default" }, { title: "" }];
  context.output.say(`${kind} (${pool}): ${summary}`);
  context.output.table(
    { kind, pool, summary, fields },
    columns,
    (paint) =>
      fields.map((field) => [
        paint("bold", field.name),
        field.type,
        field.required ? paint("yellow", "needed") : textOf(field.default),
        field.description,
      ]),
    "It takes no input.",
  );
}

type Definitions = NonNullable<Schema["$defs"]>;

/** A field of a field is named by its path, as in s3.endpoint. */
function fieldsOf({ properties = {}, required = [] }: Schema, definitions: Definitions): Field[] {
  return Object.entries(properties).flatMap(([name, property]) => {
    const schema = { ...definitions[property.$ref?.split("/").at(-1) ?? ""], ...property };
    const field = {
      name,
      type: typeOf(schema),
      required: required.includes(name),
      ...(schema.default !== undefined && { default: schema.default }),
      description: schema.description ?? "",
    };
    const inner = fieldsOf(schema, definitions).map((one) => ({ ...one, name: `${name}.${one.name}` }));
    return [field, ...inner];
  });
}

function typeOf({ type = "any", enum: choices, items, anyOf }: Schema): string {
  if (choices) return choices.join(" | ");
  if (anyOf) return anyOf.map(typeOf).join(" | ");
  return items ? `${typeOf(items)}[]` : type;
}

function textOf(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
