import { createHash } from "node:crypto";
import { type Model, macros, models, schemeSql } from "./model.ts";
import type { Settings } from "./settings.ts";
import type { SourceFile } from "./sources/source-file.ts";

/**
 * What a table is made of, as a short text: its SQL, the settings that the SQL reads, and the recipes of its inputs. Two
 * tables with one recipe have one content, so a step whose table has its recipe already has nothing to do.
 */
export type Recipes = ReadonlyMap<string, string>;

/** The recipe of a table whose source the release does not have. */
export const ABSENT = "absent";

export function recipesOf(raw: Recipes, settings: Settings): Recipes {
  const recipes = new Map(raw);
  for (const model of models) recipes.set(model.name, recipeOf(model, settings, recipes));
  return recipes;
}

function recipeOf(model: Model, settings: Settings, recipes: Recipes): string {
  const text = withMacros(model.sql, settings.scheme);
  const read = Object.entries(settings).filter(([name]) => text.includes(`getvariable('${name}')`));
  const inputs = model.from.map((name) => [name, recipes.get(name) ?? ABSENT]);
  return digest([text, model.orderBy, read, inputs]);
}

/** A source is told by its size and time; reading a hundred gigabytes to learn that nothing changed helps nobody. */
export function sourceRecipe(file: SourceFile, onBadRow: string): string {
  const kept = [...file.fields];
  return digest([file.table.name, file.sizeBytes, file.modifiedAt.toISOString(), onBadRow, kept]);
}

/** The SQL together with every macro that it uses, directly or through another. */
function withMacros(sql: string, scheme: string): string {
  const bodies = new Map<string, string>();
  for (const statement of withoutComments(`${macros}\n${schemeSql(scheme)}`)
    .split(/^create or replace temp macro /m)
    .slice(1)) {
    bodies.set(/^\w+/.exec(statement)?.[0] ?? "", statement);
  }
  let text = withoutComments(sql);
  const used = new Set<string>();
  for (let before = -1; before !== used.size; ) {
    before = used.size;
    for (const [name, body] of bodies) {
      if (used.has(name) || !new RegExp(`\\b${name}\\(`).test(text)) continue;
      used.add(name);
      text += body;
    }
  }
  return text;
}

function withoutComments(sql: string): string {
  return sql.replaceAll(/^\s*--.*$/gm, "");
}

function digest(parts: unknown): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 24);
}
