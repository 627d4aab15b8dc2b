import { columns, type SilverTable } from "./silver-table.ts";

export const procedure: SilverTable = {
  name: "procedure",
  key: "procedure_id",
  description: "One row per procedure performed.",
  columns: columns({
    procedure_id: "string",
    patient_id: "string",
    encounter_id: "string",
    code: "string",
    display: "string",
    status: "string",
    performed_start: "timestamp",
    performed_end: "timestamp",
  }),
  select: `
    select
      coalesce(plain(id), '') as procedure_id,
      reference_id(subject) as patient_id,
      reference_id(encounter) as encounter_id,
      code_of(code) as code,
      display_of(code) as display,
      plain(status) as status,
      utc(scalar_at(performedPeriod, '$.start')) as performed_start,
      utc(scalar_at(performedPeriod, '$.end')) as performed_end,
      source_file, ingest_timestamp, record_order
    from Procedure`,
};
