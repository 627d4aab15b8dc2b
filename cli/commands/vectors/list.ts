import { describeIndex, type IndexDescription } from "../../../data/vectors/describe-index.ts";
import { listIndexes } from "../../../data/vectors/indexes.ts";
import type { CliContext } from "../../context.ts";
import { count } from "../../quantities.ts";

export async function listVectors(context: CliContext): Promise<void> {
  await using lake = await context.openLake();
  const indexes = await listIndexes(lake);
  const described = await Promise.all(indexes.map((index) => describeIndex(lake, index)));
  context.output.table(
    { indexes: described },
    [
      { title: "index" },
      { title: "over" },
      { title: "model" },
      { title: "rows", align: "right" },
      { title: "chunks", align: "right" },
      { title: "generation", align: "right" },
      { title: "recall", align: "right" },
      { title: "state" },
    ],
    (paint) =>
      described.map((index) => [
        index.name,
        `${index.table}.${index.content.column}`,
        index.model,
        count(index.rows),
        count(index.chunks),
        index.generation ? String(index.generation.number) : "–",
        index.generation?.recall?.toFixed(3) ?? "–",
        paint(index.staleness?.stale === false ? "green" : "yellow", stateOf(index)),
      ]),
    "No index yet: millrace vectors create --help",
  );
}

export function stateOf({ staleness }: IndexDescription): string {
  if (!staleness) return "its table is gone";
  if (staleness.embeddedVersion === null) return "never refreshed";
  const behind = staleness.sourceVersion - staleness.embeddedVersion;
  return behind > 0 ? `${behind} ${behind === 1 ? "version" : "versions"} behind` : "fresh";
}
