import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resourceFields, resourceTypes } from "./silver/resource-fields.ts";
import { silverTables } from "./silver/tables.ts";

/** The rules that the tables' SELECTs share. */
export const macros = readFileSync(new URL("./silver/macros.sql", import.meta.url), "utf8");

/** Raised by hand with a change of how files are read that gives other rows. */
const READER = 2;

/**
 * Names the rules by which rows are made. It follows from their SQL: where a SELECT or a macro has changed, the next
 * refresh reads all bundles again.
 */
export const parserRules = createHash("sha256")
  .update(
    JSON.stringify([READER, macros, resourceFields, resourceTypes, silverTables.map(({ select }) => select)]),
  )
  .digest("hex")
  .slice(0, 16);
