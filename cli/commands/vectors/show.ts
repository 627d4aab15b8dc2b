import { describeIndex, type IndexDescription } from "../../../data/vectors/describe-index.ts";
import { readIndex } from "../../../data/vectors/indexes.ts";
import type { CliContext } from "../../context.ts";
import type { Paint } from "../../paint.ts";
import { bytes, count } from "../../quantities.ts";
import { stateOf } from "./list.ts";

export async function showVectors(context: CliContext, name: string): Promise<void> {
  await using lake = await context.openLake();
  const index = await describeIndex(lake, await readIndex(lake, name));
  context.output.result(index, (paint) => render(index, paint));
}

function render(index: IndexDescription, paint: Paint): string {
  const { content, generation } = index;
  const lines: [string, string][] = [
    ["over", `${index.table}.${content.column}, rows named by ${index.idColumn}`],
    ["model", `${index.model}, ${index.dimensions} numbers, ${index.metric}`],
    ["rows", `${count(index.rows)} in ${count(index.chunks)} chunks, ${bytes(index.sizeBytes)}`],
    ["state", stateOf(index)],
    [
      "generation",
      generation
        ? `${generation.number} (${generation.backend}, ${count(generation.rows)} rows, ${bytes(index.memoryBytes)} in memory, recall ${generation.recall?.toFixed(3) ?? "not measured"})`
        : "none: every search is exact",
    ],
  ];
  if (content.kind === "text")
    lines.splice(2, 0, [
      "chunks of",
      `${content.chunkSize} code points, ${content.overlap} shared${content.redact ? ", redacted" : ""}`,
    ]);
  return [index.name, ...lines.map(([title, text]) => `  ${paint("dim", title.padEnd(11))} ${text}`)].join(
    "\n",
  );
}
