import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { identifier, queryRows } from "../sql/duckdb.ts";
import { oddSpots } from "./silver/resource-fields.ts";

/**
 * How often each field of each resource type was there in a shape that gives nothing, as `Resource.field`. One pass
 * over all types finds the fields, and nearly always none; only those are counted by type.
 */
export async function countOddities(connection: DuckDBConnection): Promise<Record<string, number>> {
  const found = await counts(connection, Object.keys(oddSpots), "null");
  const spots = [...new Set(found.map(({ spot }) => spot))];
  const byType = spots.length > 0 ? await counts(connection, spots, '"resourceType"') : [];
  const oddities = Object.fromEntries(byType.map(({ type, spot, count }) => [`${type}.${spot}`, count]));
  const [lines] = await queryRows(
    connection,
    z.object({ count: z.coerce.number() }),
    "select coalesce(sum(lines), 0) as count from bad_lines",
  );
  return lines && lines.count > 0 ? { ...oddities, "ndjson.line": lines.count } : oddities;
}

async function counts(connection: DuckDBConnection, spots: readonly string[], resource: string) {
  const sums = spots.map((spot) => `count_if(${oddSpots[spot]}) as ${identifier(spot)}`);
  const reader = await connection.runAndReadAll(
    `select ${resource} as "of resource", ${sums.join(", ")} from resources ${resource === "null" ? "" : "group by 1 order by 1"}`,
  );
  return reader
    .getRowObjectsJS()
    .flatMap(({ "of resource": type, ...bySpot }) =>
      Object.entries(bySpot).flatMap(([spot, count]) =>
        Number(count) > 0 ? [{ type: String(type), spot, count: Number(count) }] : [],
      ),
    );
}
