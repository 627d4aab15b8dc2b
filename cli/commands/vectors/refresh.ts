import { readIndex } from "../../../data/vectors/indexes.ts";
import { embeddingRefresh } from "../../../workers/embedding/embedding-refresh/job.ts";
import type { CliContext } from "../../context.ts";
import { runJob } from "../../follow-job.ts";
import { count, plural } from "../../quantities.ts";

export async function refreshVectors(context: CliContext, name: string): Promise<void> {
  {
    await using lake = await context.openLake();
    await readIndex(lake, name);
  }
  const done = await runJob(context, embeddingRefresh, { index: name });
  context.output.result(done, (paint) => {
    const { rows, chunks } = done;
    if (done.outcome === "unchanged") return `${name} is fresh; no vector changed.`;
    const lines = [
      `${paint("green", "refreshed")} ${name}: ${count(rows.new)} new, ${count(rows.changed)} changed, ${count(rows.deleted)} deleted, ${count(rows.unchanged)} unchanged rows`,
      `${plural(chunks.embedded, "chunk")} embedded, ${count(chunks.cached)} known from before`,
    ];
    if (rows.empty > 0) lines.push(`${plural(rows.empty, "row")} without content left out`);
    if (chunks.refused > 0)
      lines.push(
        paint("yellow", `${plural(chunks.refused, "chunk")} refused: no vector that can be compared`),
      );
    if ("asksForBuild" in done && done.asksForBuild)
      lines.push(
        `${paint("dim", "its next generation is asked for; to have it now:")} millrace vectors build ${name}`,
      );
    return lines.join("\n");
  });
}
