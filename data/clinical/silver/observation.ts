import { columns, type SilverTable } from "./silver-table.ts";

export const observation: SilverTable = {
  name: "observation",
  key: "observation_id",
  description: "One row per measurement, laboratory result or survey answer.",
  columns: columns({
    observation_id: "string",
    patient_id: "string",
    encounter_id: "string",
    code: ["string", "LOINC"],
    display: "string",
    category: ["string", "Code of the first category: vital-signs, laboratory, survey, …"],
    value: "double",
    unit: "string",
    value_string: "string",
    components_json: ["string", "JSON list of {code, display, value, unit}; null without components"],
    effective_date: "timestamp",
  }),
  select: `
    select
      coalesce(plain(id), '') as observation_id,
      reference_id(subject) as patient_id,
      reference_id(encounter) as encounter_id,
      code_of(code) as code,
      display_of(code) as display,
      first_code_of(category) as category,
      number(scalar_at(valueQuantity, '$.value')) as value,
      scalar_at(valueQuantity, '$.unit') as unit,
      coalesce(
        scalar_at(valueString, '$'),
        case when starts_with(valueCodeableConcept, '{') then display_of(valueCodeableConcept) end) as value_string,
      case when len(as_list(component)) > 0 then to_json(list_transform(as_list(component), lambda c: {
        'code': code_of(c -> '$.code'),
        'display': display_of(c -> '$.code'),
        'value': number(scalar_at(c, '$.valueQuantity.value')),
        'unit': scalar_at(c, '$.valueQuantity.unit')
      }))::varchar end as components_json,
      utc(effectiveDateTime) as effective_date,
      source_file, ingest_timestamp, record_order
    from Observation`,
};
