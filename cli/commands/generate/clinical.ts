import type { CliContext } from "../../context.ts";

export interface ClinicalOptions {
  readonly patients: number;
  readonly visits: number;
  readonly seed: number;
  readonly defects?: boolean;
  readonly out: string;
}

export async function writeClinical(
  context: CliContext,
  { out, ...options }: ClinicalOptions,
): Promise<void> {
  const { generateClinical } = await import("../../../data/clinical/generator/generate.ts");
  const generated = await generateClinical({ ...options, outDir: out });
  context.output.table(
    { out, ...generated },
    [{ title: "written" }, { title: "count", align: "right" }],
    () => [
      ["bundles", generated.bundles.toLocaleString("en")],
      ["bytes", generated.bytes.toLocaleString("en")],
      ["DICOM files", generated.dicomFiles.toLocaleString("en")],
      ["unreadable on purpose", generated.unreadable.toLocaleString("en")],
    ],
  );
}
