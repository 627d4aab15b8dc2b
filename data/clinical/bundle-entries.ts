import { quote } from "../sql/duckdb.ts";
import type { BundleFile } from "./bundle-file.ts";
import { resourceStructure, resourceTypes } from "./silver/resource-fields.ts";

const entry = { fullUrl: "VARCHAR", resource: resourceStructure };
const bundleStructure = quote(JSON.stringify({ resourceType: "VARCHAR", entry: [entry] }));
const singleEntry = quote(JSON.stringify({ resourceType: "VARCHAR", entry }));
const outsideStrings = `regexp_replace(body, '"(?:[^"\\\\]|\\\\.)*"', '', 'g')`;
/**
 * DuckDB's JSON reader takes numbers that JSON has no word for; these are how programs spell them. Each word costs a
 * pass over the text, so rarer spellings are left to become null and be counted where Silver reads them. Only a text
 * that has one of them is looked at closely, and CASE, unlike AND, leaves the close look to those texts.
 */
export const speaksOfNoNumber = "contains(body, 'NaN') or contains(body, 'Infinity')";
const hasNoNumbers = `case
  when ${speaksOfNoNumber} then regexp_matches(${outsideStrings}, '(?i)nan|inf')
  else false end`;
export const isJson = `case when json_valid(body) then not (${hasNoNumbers}) else false end`;
/** A list, for IN of so many is a join, which holds whole entries back. */
export const wanted = `[${resourceTypes.map(quote).join(", ")}]`;
/** Files of the last two kinds were looked at closely. */
export type Care = "hopeful" | "careful" | "checked" | "single entry";

/** A SELECT of the entries that Silver reads: their file, their place in it, and what was taken out of them. */
export function entriesOf(files: readonly BundleFile[], care: Care): string {
  const isSingle = care === "single entry";
  return `
    select bundle, name, position, entry.fullUrl as full_url, entry.resource as resource
    from (
      select bundle, name, unnest(entries) as entry, generate_subscripts(entries, 1) as position
      from (
        select bundle, name,
          case when document."resourceType" = 'Bundle' then ${isSingle ? "[document.entry]" : "document.entry"} end as entries
        from (select bundle, name, ${documentOf(care)} as document from (${bodies(files, care)}))
      )
    )
    where list_contains(${wanted}, entry.resource."resourceType")`;
}

/** Nothing for a text that is to be looked at closely: CASE costs nothing here, and a WHERE a third of the reading. */
function documentOf(care: Care): string {
  const parsed = `from_json(body, ${care === "single entry" ? singleEntry : bundleStructure})`;
  const document = care === "hopeful" ? parsed : `try(${parsed})`;
  const isChecked = care === "checked" || care === "single entry";
  return isChecked ? document : `case when ${speaksOfNoNumber} then null else ${document} end`;
}

/** A SELECT of each file's text, null when it is not UTF-8; a byte order mark is no part of it. */
export function bodies(files: readonly BundleFile[], care: Care): string {
  // read_text fails where a file is not UTF-8, and spares a copy; what begins with a mark is no JSON and fails as well.
  if (care === "hopeful")
    return `select bundle, name, content as body from (${contents("read_text", files)})`;
  return `
    select bundle, name, case when starts_with(text, chr(65279)) then substr(text, 2) else text end as body
    from (select bundle, name, try(decode(content)) as text from (${contents("read_blob", files)}))`;
}

/** Files are told by their place in a list: a join would carry their contents through its table. */
export function contents(read: "read_text" | "read_blob", files: readonly BundleFile[]): string {
  const paths = `[${files.map((file) => quote(file.path)).join(", ")}]`;
  const numbers = files.map((file) => file.number).join(", ");
  const names = files.map((file) => quote(file.name)).join(", ");
  return `
    select [${numbers}][place] as bundle, [${names}][place] as name, content
    from (select list_position(${paths}, filename) as place, content from ${read}(${paths}))`;
}
