import type { Column, DeltaType } from "../../delta/table.ts";

/** A table of Silver: its columns, its key, and the SELECT that makes it from the resources of bundles. */
export interface SilverTable {
  readonly name: SilverName;
  readonly key: string;
  readonly description: string;
  readonly columns: readonly Column[];
  /** Reads the views named after FHIR's resource types; gives the columns and `record_order`. */
  readonly select: string;
}

export type SilverName =
  | "patient"
  | "encounter"
  | "condition"
  | "observation"
  | "medication_request"
  | "procedure"
  | "soap_note"
  | "ecg_metadata"
  | "imaging_study"
  | "genomic_report";

/** What says when a row came; it does not make a row different. The bundle does: with it a row goes. */
export const provenanceColumns = ["ingest_timestamp"] as const;

/** A table's columns from `name: [type, comment]`, with the provenance at the end of every table. */
export function columns(own: Readonly<Record<string, DeltaType | readonly [DeltaType, string]>>): Column[] {
  const provenance = {
    source_file: ["string", "Base name of the bundle the row came from"],
    ingest_timestamp: ["timestamp", "Instant of the refresh that wrote the row, one for all its rows"],
  } as const;
  return Object.entries({ ...own, ...provenance }).map(([name, declared]) => {
    if (typeof declared === "object" && "length" in declared) {
      return { name, type: declared[0], nullable: true, comment: declared[1] };
    }
    return { name, type: declared, nullable: true };
  });
}
