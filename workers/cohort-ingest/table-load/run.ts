import type { TableName } from "../../../data/lake.ts";
import { loadTable } from "../../../data/vectors/load-table.ts";
import type { JobContext } from "../../define-job.ts";
import { runInThread } from "../../thread.ts";
import type { Input } from "./job.ts";

export async function run({ id, input, lake, signal, reportProgress }: JobContext<Input, never>) {
  const { path, table, format, mode } = input;
  const { version, outcome, rows } = await loadTable(
    lake,
    { path, table: table as TableName, format, mode },
    {
      signal,
      txn: { appId: id, version: 1 },
      convert: (module, conversion) =>
        runInThread(module, conversion, {
          signal,
          onProgress: (progress) => void reportProgress(progress),
        }),
    },
  );
  return { table, version, outcome, rows: rows.inserted };
}
