import { columns, type SilverTable } from "./silver-table.ts";

export const ecgMetadata: SilverTable = {
  name: "ecg_metadata",
  key: "ecg_id",
  description: "One row per electrocardiogram: reports, and recordings kept as Observation or Media.",
  columns: columns({
    ecg_id: "string",
    patient_id: "string",
    encounter_id: "string",
    report_date: "timestamp",
    status: "string",
    conclusion: "string",
    rhythm: "string",
    heart_rate_bpm: "integer",
    pr_interval_ms: "integer",
    qrs_duration_ms: "integer",
    has_waveform: "boolean",
    waveform_binary_id: "string",
    source: ["string", "The FHIR resource type the row was read from"],
  }),
  select: `
    with report as (
      select * from (
        select *, case when may_be_ecg(code, category) then subject_words(code, category) end as words from DiagnosticReport
      ) where is_ecg(words) and not is_genomic(words)
    ), linked as (
      select report.record_order as report_order, code_of(o.code) as code, o.valueQuantity, o.valueCodeableConcept, position
      from (
        select bundle, record_order, unnest(as_list(result)) as target, generate_subscripts(as_list(result), 1) as position
        from report
      ) report
      join (
        select bundle, bare(unnest([plain(id), full_url])) as resource_id, code, valueQuantity, valueCodeableConcept
        from Observation
        where regexp_matches(code::varchar, '8893-1|8884-9|8867-4|8625-6|8625-2|8633-0')
      ) o on o.bundle = report.bundle and o.resource_id = reference_id(report.target) and o.resource_id <> ''
    ), readings as (
      select report_order,
        arg_min(nullif(display_of(valueCodeableConcept), ''), position)
          filter (where code in ('8893-1', '8884-9')) as rhythm,
        arg_min(whole(scalar_at(valueQuantity, '$.value')), position) filter (where code = '8867-4') as heart_rate_bpm,
        arg_min(whole(scalar_at(valueQuantity, '$.value')), position) filter (where code = '8625-6') as pr_interval_ms,
        arg_min(whole(scalar_at(valueQuantity, '$.value')), position)
          filter (where code in ('8625-2', '8633-0')) as qrs_duration_ms
      from linked group by report_order
    )
    select
      coalesce(plain(id), '') as ecg_id,
      reference_id(subject) as patient_id,
      reference_id(encounter) as encounter_id,
      utc(effectiveDateTime) as report_date,
      plain(status) as status,
      scalar_at(conclusion, '$') as conclusion,
      rhythm, heart_rate_bpm, pr_interval_ms, qrs_duration_ms,
      coalesce(len(as_list(presentedForm)) > 0, false) as has_waveform,
      bare(first_scalar(presentedForm, ['$[0].url', '$.url'])) as waveform_binary_id,
      'DiagnosticReport' as source,
      source_file, ingest_timestamp, record_order
    from report left join readings on readings.report_order = report.record_order
    union all by name
    select
      coalesce(plain(id), '') as ecg_id,
      reference_id(subject) as patient_id,
      reference_id(encounter) as encounter_id,
      utc(effectiveDateTime) as report_date,
      plain(status) as status,
      null as conclusion, null as rhythm, null as heart_rate_bpm, null as pr_interval_ms, null as qrs_duration_ms,
      true as has_waveform,
      '' as waveform_binary_id,
      'Observation' as source,
      source_file, ingest_timestamp, record_order
    from Observation
    where case
        when starts_with(valueSampledData, '{') then true
        when contains(component, 'valueSampledData') then
          list_bool_or(list_transform(as_list(component), lambda c: starts_with(c -> '$.valueSampledData', '{')))
      end
      and (is_ecg(subject_words(code, category)) or code_of(code) in ('11524-6', '34534-8', '131328'))
    union all by name
    select
      coalesce(plain(id), '') as ecg_id,
      reference_id(subject) as patient_id,
      reference_id(encounter) as encounter_id,
      utc(coalesce(createdDateTime, effectiveDateTime)) as report_date,
      plain(status) as status,
      null as conclusion, null as rhythm, null as heart_rate_bpm, null as pr_interval_ms, null as qrs_duration_ms,
      coalesce(scalar_at(content, '$.data'), scalar_at(content, '$.url')) is not null as has_waveform,
      bare(scalar_at(content, '$.url')) as waveform_binary_id,
      'Media' as source,
      source_file, ingest_timestamp, record_order
    from Media
    where is_ecg(lower(concat_ws(' ', display_of(type), display_of(modality), display_of("view"),
      display_of(reasonCode), scalar_at(content, '$.title'))))`,
};
