import { columns, type SilverTable } from "./silver-table.ts";

export const medicationRequest: SilverTable = {
  name: "medication_request",
  key: "medication_request_id",
  description: "One row per prescription.",
  columns: columns({
    medication_request_id: "string",
    patient_id: "string",
    encounter_id: "string",
    code: ["string", "RxNorm"],
    display: "string",
    status: "string",
    intent: "string",
    authored_on: "timestamp",
    dosage_text: "string",
  }),
  // A drug named by reference is looked up among the request's contained resources, then in its bundle.
  select: `
    select
      coalesce(plain(request.id), '') as medication_request_id,
      reference_id(request.subject) as patient_id,
      reference_id(request.encounter) as encounter_id,
      code_of(coalesce(request.medicationCodeableConcept, inner_drug.code, drug.code)) as code,
      display_of(coalesce(request.medicationCodeableConcept, inner_drug.code, drug.code)) as display,
      plain(request.status) as status,
      plain(request.intent) as intent,
      utc(request.authoredOn) as authored_on,
      first_scalar(request.dosageInstruction, ['$[0].text', '$.text']) as dosage_text,
      request.source_file, request.ingest_timestamp, request.record_order
    from MedicationRequest request
    left join (
      select bundle, bare(resource_id) as resource_id, arg_max(code, record_order) as code
      from (
        select bundle, unnest([plain(id), full_url]) as resource_id, code, record_order from Medication
      ) where resource_id is not null group by all
    ) drug on drug.bundle = request.bundle and drug.resource_id = reference_id(request.medicationReference)
    left join (
      select record_order, scalar_at(part, '$.id') as id, any_value(part -> '$.code') as code
      from (select record_order, unnest(as_list(contained)) as part from MedicationRequest) group by all
    ) inner_drug on inner_drug.record_order = request.record_order
      and '#' || inner_drug.id = reference_id(request.medicationReference)`,
};
