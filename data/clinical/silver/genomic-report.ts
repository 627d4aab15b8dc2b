import { columns, type SilverTable } from "./silver-table.ts";

export const dataLimitation = "Synthea simulated inheritance — not clinical variants";

export const genomicReport: SilverTable = {
  name: "genomic_report",
  key: "report_id",
  description: "One row per genetic report, and per observation that tells of a variant.",
  columns: columns({
    report_id: "string",
    patient_id: "string",
    encounter_id: "string",
    report_date: "timestamp",
    status: "string",
    gene_panel_name: "string",
    result_summary: "string",
    has_pathogenic_variant: "boolean",
    family_history_flag: "boolean",
    binary_id: "string",
    data_limitation: ["string", "Always there: the inheritance is simulated and nothing in it is clinical"],
    source: ["string", "The FHIR resource type the row was read from"],
  }),
  select: `
    select
      coalesce(plain(id), '') as report_id,
      reference_id(subject) as patient_id,
      reference_id(encounter) as encounter_id,
      utc(effectiveDateTime) as report_date,
      plain(status) as status,
      nullif(display_of(code), '') as gene_panel_name,
      nullif(scalar_at(conclusion, '$'), '') as result_summary,
      says_pathogenic(scalar_at(conclusion, '$')) as has_pathogenic_variant,
      coalesce(
        list_transform(
          list_filter(as_list(extension), lambda e: contains(lower(scalar_at(e, '$.url')), 'family')),
          lambda e: coalesce(truthy(nullif(scalar_at(e, '$.valueBoolean'), '')) or not json_exists(e, '$.valueBoolean'), true))[1],
        contains(lower(scalar_at(conclusion, '$')), 'family history'),
        false) as family_history_flag,
      bare(first_scalar(presentedForm, ['$[0].url', '$.url'])) as binary_id,
      '${dataLimitation}' as data_limitation,
      'DiagnosticReport' as source,
      source_file, ingest_timestamp, record_order
    from DiagnosticReport
    where case when may_be_genomic(code, category) then is_genomic(subject_words(code, category)) end
    union all by name
    select
      coalesce(plain(id), '') as report_id,
      reference_id(subject) as patient_id,
      reference_id(encounter) as encounter_id,
      utc(effectiveDateTime) as report_date,
      plain(status) as status,
      null as gene_panel_name,
      nullif(sentence, '') as result_summary,
      says_pathogenic(sentence) as has_pathogenic_variant,
      contains(lower(sentence), 'family history') as family_history_flag,
      '' as binary_id,
      '${dataLimitation}' as data_limitation,
      'Observation' as source,
      source_file, ingest_timestamp, record_order
    from (
      select *, coalesce(nullif(display_of(valueCodeableConcept), ''), scalar_at(valueString, '$'), display_of(code)) as sentence
      from Observation where case when contains(code, '69548-6') then code_of(code) = '69548-6' end
    )`,
};
