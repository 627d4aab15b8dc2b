import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../errors.ts";

/** One table of the pipeline: a file of SQL whose head says what it makes, from what, and in which order. */
export interface Model {
  readonly name: string;
  readonly description: string;
  readonly from: readonly string[];
  /** True when a range of subjects can be made without the others, so that memory stays bounded. */
  readonly bySubject: boolean;
  readonly orderBy: string;
  readonly sql: string;
  /** Counts what the model leaves out, by reason; may read the model's own rows by its name. */
  readonly dropsSql: string | undefined;
}

const folder = import.meta.dirname;

export const macros = readFileSync(join(folder, "macros.sql"), "utf8");

export function schemeSql(scheme: string): string {
  return readFileSync(join(folder, "schemes", `${scheme}.sql`), "utf8");
}

/** All models, each after those it is made from. */
export const models: readonly Model[] = inOrder(
  readdirSync(join(folder, "models"))
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => parseModel(file, readFileSync(join(folder, "models", file), "utf8"))),
);

export function modelNamed(name: string): Model {
  const found = models.find((model) => model.name === name);
  if (!found)
    throw new DataError(`There is no model ${name}; there are ${models.map((m) => m.name).join(", ")}`);
  return found;
}

export function parseModel(file: string, text: string): Model {
  const title = /^-- (\w+): (.+)$/m.exec(text);
  const field = (name: string) => new RegExp(`^-- ${name}: (.+)$`, "m").exec(text)?.[1]?.trim();
  const from = field("from");
  const orderBy = field("order");
  if (!title?.[1] || !title[2] || !from || !orderBy || file !== `${title[1]}.sql`) {
    throw new DataError(
      `${file} must begin with "-- ${file.replace(/\.sql$/, "")}: what it makes", "-- from: …" and "-- order: …"`,
    );
  }
  const [sql = "", dropsSql] = text.split(/^-- drops$/m);
  return {
    name: title[1],
    description: title[2],
    from: from.split(",").map((name) => name.trim()),
    bySubject: field("by") === "subject",
    orderBy,
    sql: sql.trim(),
    dropsSql: dropsSql?.trim(),
  };
}

function inOrder(all: readonly Model[]): Model[] {
  const names = new Set(all.map((model) => model.name));
  const done = new Map<string, Model>();
  while (done.size < all.length) {
    const ready = all.filter(
      (m) => !done.has(m.name) && m.from.every((name) => !names.has(name) || done.has(name)),
    );
    if (ready.length === 0) throw new DataError("The models' `from` lines form a circle");
    for (const model of ready) done.set(model.name, model);
  }
  return [...done.values()];
}
