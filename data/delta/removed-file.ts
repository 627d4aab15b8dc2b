import type { Action, AddFile } from "./actions.ts";
import type { NewFile } from "./data-files.ts";

export function addActions(files: readonly Pick<NewFile, "add">[], dataChange = true): Action[] {
  return files.map(({ add }) => ({ add: { ...add, dataChange } }));
}

export function removeActions(files: readonly AddFile[], dataChange = true): Action[] {
  const deletionTimestamp = Date.now();
  return files.map(({ path, partitionValues, size, deletionVector }) => ({
    remove: {
      path,
      deletionTimestamp,
      dataChange,
      extendedFileMetadata: true,
      partitionValues,
      size,
      ...(deletionVector && { deletionVector }),
    },
  }));
}

/** The rows that a file's statistics tell of; undefined of a file without. */
export function rowsOf({ stats }: { readonly stats?: string | undefined }): number | undefined {
  const rows = /"numRecords"\s*:\s*(\d+)/.exec(stats ?? "")?.[1];
  return rows === undefined ? undefined : Number(rows);
}

/** The rows of files, as far as their statistics tell. */
export function sumOfRows(files: readonly AddFile[]): number {
  return files.reduce((sum, file) => sum + (rowsOf(file) ?? 0), 0);
}
