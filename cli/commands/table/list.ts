import type { Snapshot } from "../../../data/delta/table.ts";
import type { TableName } from "../../../data/lake.ts";
import type { CliContext } from "../../context.ts";
import { bytes, count } from "../../quantities.ts";

const right = { align: "right" } as const;
const columns = [
  { title: "table" },
  { title: "version", ...right },
  { title: "files", ...right },
  { title: "size", ...right },
  { title: "changed" },
];

interface Listed {
  readonly name: TableName;
  readonly snapshot?: Snapshot;
  readonly problem?: string;
}

/** A table that cannot be read is listed with the reason: the others are still of use. */
export async function listTables({ openLake, output }: CliContext): Promise<void> {
  await using lake = await openLake();
  const tables: Listed[] = [];
  for (const name of await lake.tableNames()) {
    try {
      tables.push({ name, snapshot: await lake.table(name).snapshot() });
    } catch (error) {
      tables.push({ name, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  const document = { lake: lake.storage.url, tables: tables.map(documentOf) };
  output.table(
    document,
    columns,
    (paint) =>
      tables.map(({ name, snapshot, problem }) =>
        snapshot
          ? [
              paint("bold", name),
              count(snapshot.version),
              count(snapshot.fileCount),
              bytes(snapshot.sizeBytes),
              snapshot.timestamp.toISOString(),
            ]
          : [paint("bold", name), "", "", "", paint("red", problem ?? "")],
      ),
    `${lake.storage.url} holds no table yet.`,
  );
}

function documentOf({ name, snapshot, problem }: Listed) {
  if (!snapshot) return { name, problem };
  const { version, timestamp, fileCount, sizeBytes } = snapshot;
  return { name, version, timestamp, fileCount, sizeBytes };
}
