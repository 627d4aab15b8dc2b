import type { Lake } from "../../lake.ts";
import type { Storage } from "../../storage/storage.ts";

/** Files that come with bundles: DICOM studies, and CSV that is kept but never read. */
export type AssetKind = "dicom" | "csv";

const endings: Readonly<Record<AssetKind, RegExp>> = { dicom: /\.dcm$/i, csv: /\.csv$/i };

export interface AssetManifest {
  readonly ingested_at: string;
  readonly assets: Partial<
    Readonly<Record<AssetKind, { readonly file_count: number; readonly total_bytes: number }>>
  >;
}

/** Copies assets into Bronze; one of the same name and size is there already. */
export async function landAssets(
  lake: Lake,
  sources: readonly { readonly kind: AssetKind; readonly source: Storage }[],
  { now, signal }: { readonly now: Date; readonly signal?: AbortSignal },
): Promise<AssetManifest> {
  const assets: Partial<Record<AssetKind, { file_count: number; total_bytes: number }>> = {};
  for (const { kind, source } of sources) {
    const counted = { file_count: 0, total_bytes: 0 };
    for await (const file of source.list("")) {
      signal?.throwIfAborted();
      const name = file.key.slice(file.key.lastIndexOf("/") + 1).normalize("NFC");
      if (!endings[kind].test(name)) continue;
      const key = `bronze/${kind}/${name}`;
      if ((await lake.storage.stat(key))?.sizeBytes !== file.sizeBytes)
        await lake.storage.put(key, await source.read(file.key));
      counted.file_count++;
      counted.total_bytes += file.sizeBytes;
    }
    assets[kind] = counted;
  }
  const manifest = { ingested_at: now.toISOString(), assets };
  await lake.storage.put("bronze/_metadata/assets_manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}
