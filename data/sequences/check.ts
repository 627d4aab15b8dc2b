import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A query that counts violations; a sound build has none. */
export interface Check {
  readonly id: string;
  readonly says: string;
  /** The export it looks at; undefined when it looks at the tables alone. */
  readonly needs: "tokens" | "meds" | undefined;
  readonly sql: string;
}

const folder = join(import.meta.dirname, "checks");

/** All checks in the order of their numbers. */
export const checks: readonly Check[] = readdirSync(folder)
  .flatMap((file) => parseChecks(readFileSync(join(folder, file), "utf8")))
  .sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));

export function parseChecks(text: string): Check[] {
  const parts = text.split(/^-- (A\d+): (.+)$/m);
  const found: Check[] = [];
  for (let i = 1; i < parts.length; i += 3) {
    const [id = "", says = "", sql = ""] = parts.slice(i, i + 3);
    const needs = /^-- needs: (tokens|meds)$/m.exec(sql)?.[1] as Check["needs"];
    found.push({ id, says, needs, sql: sql.trim() });
  }
  return found;
}
