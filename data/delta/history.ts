import { commitTime } from "./commit-time.ts";
import { listLog, readCommit } from "./log.ts";
import type { TableContext } from "./open-table.ts";
import { readSnapshot } from "./snapshot.ts";
import type { HistoryEntry } from "./table.ts";

const READ_AT_ONCE = 32;

/** What made each version, the newest first; as far back as the log still tells. */
export async function history(
  context: TableContext,
  limit = Number.POSITIVE_INFINITY,
): Promise<HistoryEntry[]> {
  const { storage, root, openDuckDB } = context;
  await readSnapshot(storage, root, openDuckDB);
  const { commits } = await listLog(storage, root);
  const versions = [...commits.keys()].sort((a, b) => b - a).slice(0, limit);
  const entries: HistoryEntry[] = [];
  for (let from = 0; from < versions.length; from += READ_AT_ONCE) {
    const slice = versions.slice(from, from + READ_AT_ONCE);
    entries.push(...(await Promise.all(slice.map((version) => entryOf(context, version)))));
  }
  return entries;
}

async function entryOf({ storage, root, openDuckDB }: TableContext, version: number): Promise<HistoryEntry> {
  const actions = (await readCommit(storage, root, version)) ?? [];
  const info = actions.flatMap((action) => ("commitInfo" in action ? [action.commitInfo] : []))[0] ?? {};
  const { metadata } = await readSnapshot(storage, root, openDuckDB);
  return {
    version,
    timestamp: await commitTime(storage, root, metadata, version),
    operation: typeof info.operation === "string" ? info.operation : "UNKNOWN",
    parameters: texts(info.operationParameters),
    metrics: texts(info.operationMetrics),
  };
}

function texts(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      typeof field === "string" ? field : JSON.stringify(field),
    ]),
  );
}
