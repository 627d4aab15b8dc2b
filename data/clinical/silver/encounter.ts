import { columns, type SilverTable } from "./silver-table.ts";

export const encounter: SilverTable = {
  name: "encounter",
  key: "encounter_id",
  description: "One row per visit.",
  columns: columns({
    encounter_id: "string",
    patient_id: "string",
    type_code: ["string", "SNOMED code of the first type"],
    type_display: "string",
    class_code: ["string", "AMB, IMP, EMER and the like"],
    start_date: "timestamp",
    end_date: "timestamp",
    status: "string",
    provider_id: ["string", "First participant that names an individual"],
    reason_code: "string",
    reason_display: "string",
  }),
  select: `
    select
      coalesce(plain(id), '') as encounter_id,
      reference_id(subject) as patient_id,
      first_code_of(type) as type_code,
      first_display_of(type) as type_display,
      coding_code(class) as class_code,
      utc(scalar_at(period, '$.start')) as start_date,
      utc(scalar_at(period, '$.end')) as end_date,
      plain(status) as status,
      bare(list_filter(
        list_append(json_extract_string(participant, '$[*].individual.reference'), scalar_at(participant, '$.individual.reference')),
        lambda r: r <> '')[1]) as provider_id,
      first_code_of(reasonCode) as reason_code,
      first_display_of(reasonCode) as reason_display,
      source_file, ingest_timestamp, record_order
    from Encounter`,
};
