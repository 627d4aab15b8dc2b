import { columns, type SilverTable } from "./silver-table.ts";

export const condition: SilverTable = {
  name: "condition",
  key: "condition_id",
  description: "One row per problem, disease or social finding.",
  columns: columns({
    condition_id: "string",
    patient_id: "string",
    encounter_id: "string",
    code: "string",
    display: "string",
    clinical_status: "string",
    onset_date: "timestamp",
    abatement_date: ["timestamp", "Null while it lasts"],
    recorded_date: "timestamp",
  }),
  select: `
    select
      coalesce(plain(id), '') as condition_id,
      reference_id(subject) as patient_id,
      reference_id(encounter) as encounter_id,
      code_of(code) as code,
      display_of(code) as display,
      code_of(clinicalStatus) as clinical_status,
      utc(onsetDateTime) as onset_date,
      utc(abatementDateTime) as abatement_date,
      utc(recordedDate) as recorded_date,
      source_file, ingest_timestamp, record_order
    from Condition`,
};
