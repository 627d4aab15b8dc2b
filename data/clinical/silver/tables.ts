import { condition } from "./condition.ts";
import { ecgMetadata } from "./ecg-metadata.ts";
import { encounter } from "./encounter.ts";
import { genomicReport } from "./genomic-report.ts";
import { imagingStudy } from "./imaging-study.ts";
import { medicationRequest } from "./medication-request.ts";
import { observation } from "./observation.ts";
import { patient } from "./patient.ts";
import { procedure } from "./procedure.ts";
import type { SilverName, SilverTable } from "./silver-table.ts";
import { soapNote } from "./soap-note.ts";

/** The tables of Silver, in the order of every summary, log and document. */
export const silverTables = [
  patient,
  encounter,
  condition,
  observation,
  medicationRequest,
  procedure,
  soapNote,
  ecgMetadata,
  imagingStudy,
  genomicReport,
] as const satisfies readonly SilverTable[];

export const silverNames: readonly SilverName[] = silverTables.map((table) => table.name);

export function silverTable(name: SilverName): SilverTable {
  const found = silverTables.find((table) => table.name === name);
  if (!found) throw new Error(`${name} is no table of Silver`);
  return found;
}
