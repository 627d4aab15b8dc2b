import type { Action, AddFile } from "./actions.ts";

export function addActions(files: readonly { readonly add: AddFile }[], dataChange = true): Action[] {
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

/** The rows that lie in a file, deleted ones too, as its statistics tell; undefined of a file without. */
export function storedRowsOf({ stats }: { readonly stats?: string | undefined }): number | undefined {
  const rows = /"numRecords"\s*:\s*(\d+)/.exec(stats ?? "")?.[1];
  return rows === undefined ? undefined : Number(rows);
}

/** The rows of a file that a reader sees. */
export function rowsOf(file: Pick<AddFile, "stats" | "deletionVector">): number | undefined {
  const stored = storedRowsOf(file);
  return stored === undefined ? undefined : stored - (file.deletionVector?.cardinality ?? 0);
}

/** The rows of files, as far as their statistics tell. */
export function sumOfRows(files: readonly AddFile[]): number {
  return files.reduce((sum, file) => sum + (rowsOf(file) ?? 0), 0);
}
