import type { HistoryEntry } from "../../../data/delta/table.ts";
import type { CliContext } from "../../context.ts";
import { wholeNumber } from "../../version-option.ts";
import { withTable } from "./target.ts";

const columns = [
  { title: "version", align: "right" },
  { title: "time" },
  { title: "operation" },
  { title: "what it did" },
] as const;

export async function showHistory(
  context: CliContext,
  name: string,
  { limit }: { limit: string },
): Promise<void> {
  const most = wholeNumber(limit, "--limit");
  await withTable(context, name, async ({ table }) => {
    const versions = await table.history(most);
    context.output.table({ name: table.name, versions }, columns, (paint) =>
      versions.map((entry) => [
        String(entry.version),
        entry.timestamp.toISOString(),
        paint("bold", entry.operation),
        factsOf(entry),
      ]),
    );
  });
}

function factsOf({ metrics }: HistoryEntry): string {
  return Object.entries(metrics)
    .filter(([, value]) => value !== "0")
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}
