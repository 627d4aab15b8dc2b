-- One row per encounter. Reads views patient, encounter, … of the ten Silver tables (those of the patients to build).
-- `D` below is the UTC calendar date of the visit; ties between equal times go to the greatest id.
with visit as (
  select encounter_id, patient_id, type_display, (start_date at time zone 'UTC')::date as visit_date
  from encounter
),

-- The problem list as of D. Each patient's list changes only on the days when a problem begins or ends, so it is made
-- once for each such day and each visit takes the newest: visits × conditions are never paired.
problem as (
  select patient_id, display,
    coalesce((onset_date at time zone 'UTC')::date, date '-infinity') as from_date,
    coalesce((abatement_date at time zone 'UTC')::date, date 'infinity') as until_date
  from condition
  where display is not null and patient_id in (select patient_id from visit)
),
problem_day as (
  select patient_id, from_date as day from problem
  union
  select patient_id, until_date from problem where until_date < date 'infinity'
),
problem_list as (
  select d.patient_id, d.day,
    coalesce(list_sort(list(distinct p.display) filter (where p.display is not null)), []) as displays
  from problem_day d
  left join problem p on p.patient_id = d.patient_id and p.from_date <= d.day and p.until_date > d.day
  group by d.patient_id, d.day
),
-- Without a date only the conditions that have no dates at all remain.
undated_problem as (
  select patient_id, list_sort(list(distinct display)) as displays
  from problem where from_date = date '-infinity' and until_date = date 'infinity'
  group by patient_id
),

drug as (
  select patient_id, display, coalesce(min((authored_on at time zone 'UTC')::date), date '-infinity') as from_date
  from medication_request
  where status = 'active' and display is not null and patient_id in (select patient_id from visit)
  group by patient_id, display
),
drug_list as (
  select d.patient_id, d.day, list_sort(list(drug.display)) as displays
  from (select distinct patient_id, from_date as day from drug) d
  join drug on drug.patient_id = d.patient_id and drug.from_date <= d.day
  group by d.patient_id, d.day
),

measured as (
  select encounter_id, observation_id, code, display, category, value, unit, components_json,
    coalesce(effective_date, timestamptz '-infinity') as seen
  from observation
  where code in ('8867-4', '8310-5', '8331-1', '2708-6', '59408-5', '85354-9', '55284-4') or category = 'laboratory'
),
vital as (
  select encounter_id,
    arg_max(value, (seen, observation_id)) filter (where code = '8867-4' and value is not null) as heart_rate,
    arg_max(value, (seen, observation_id)) filter (where code in ('8310-5', '8331-1') and value is not null) as temperature,
    arg_max(value, (seen, observation_id)) filter (where code in ('2708-6', '59408-5') and value is not null) as o2_saturation
  from measured
  where code in ('8867-4', '8310-5', '8331-1', '2708-6', '59408-5')
  group by encounter_id
),
-- The latest component counts even when it has no value.
pressure as (
  select encounter_id,
    arg_max_null(reading.value, (seen, observation_id, position)) filter (where reading.code = '8480-6') as systolic,
    arg_max_null(reading.value, (seen, observation_id, position)) filter (where reading.code = '8462-4') as diastolic
  from (
    select encounter_id, seen, observation_id, unnest(readings) as reading, generate_subscripts(readings, 1) as position
    from (
      select encounter_id, seen, observation_id,
        from_json(components_json, '[{"code": "VARCHAR", "value": "DOUBLE"}]') as readings
      from measured where code in ('85354-9', '55284-4')
    )
  )
  group by encounter_id
),
lab as (
  select encounter_id, list(struct_pack("name" := display, value := value, unit := unit)
    order by display, value nulls first, unit nulls first) as labs
  from (
    select distinct encounter_id, display, value, unit
    from measured where category = 'laboratory' and display is not null
  )
  group by encounter_id
),

performed as (
  select encounter_id, list_sort(list(distinct display)) as displays
  from procedure where display is not null group by encounter_id
),
note as (
  select encounter_id, arg_max(
    struct_pack(note_id := note_id, note_text := note_text), (coalesce(note_date, timestamptz '-infinity'), note_id)) as latest
  from soap_note group by encounter_id
),
ecg as (
  select encounter_id, arg_max(
    struct_pack(conclusion := conclusion, rhythm := rhythm), (coalesce(report_date, timestamptz '-infinity'), ecg_id)) as latest
  from ecg_metadata group by encounter_id
),
image as (
  select encounter_id, arg_max(
    struct_pack(modality := modality, body_site_display := body_site_display, study_description := study_description, study_date := study_date, series_count := series_count, dicom_binary_id := dicom_binary_id),
    (coalesce(started_date, timestamptz '-infinity'), study_id)) as latest
  from imaging_study group by encounter_id
),
-- A report tells the summary; an observation of a single variant does so only where there is no report.
genome as (
  select encounter_id, arg_max(
    struct_pack(result_summary := result_summary, data_limitation := data_limitation),
    (source = 'DiagnosticReport', coalesce(report_date, timestamptz '-infinity'), report_id)) as latest
  from genomic_report group by encounter_id
),

problem_at_visit as (
  select visit.*, problem_list.displays
  from visit as visit asof left join problem_list
    on problem_list.patient_id = visit.patient_id and problem_list.day <= visit.visit_date
),
drug_at_visit as (
  select visit.encounter_id, drug_list.displays
  from visit as visit asof join drug_list
    on drug_list.patient_id = visit.patient_id and drug_list.day <= coalesce(visit.visit_date, date '-infinity')
)

select
  uuid5('5c0d9b1e1f7a5a3c9b2e7d6f4a2c8e10', visit.encounter_id) as summary_id,
  visit.patient_id,
  visit.encounter_id,
  (year(visit_date) - year(birth_date)
    - ((month(visit_date), day(visit_date)) < (month(birth_date), day(birth_date)))::integer)::integer as patient_age,
  patient.gender as patient_gender,
  visit.type_display as encounter_type,
  visit_date as encounter_date,
  coalesce(case when visit_date is null then undated_problem.displays else visit.displays end, []) as active_conditions,
  coalesce(drug_at_visit.displays, []) as active_medications,
  struct_pack(heart_rate := vital.heart_rate, bp_systolic := pressure.systolic, bp_diastolic := pressure.diastolic,
    temperature := vital.temperature, o2_saturation := vital.o2_saturation) as recent_vitals,
  coalesce(lab.labs, []) as recent_labs,
  coalesce(performed.displays, []) as procedures,
  note.latest.note_text as soap_note_text,
  note.latest.note_id as soap_note_id,
  ecg.latest.conclusion as ecg_finding,
  ecg.latest.rhythm as ecg_rhythm,
  ecg.encounter_id is not null as has_ecg,
  struct_pack(has_imaging := image.encounter_id is not null, modality := image.latest.modality,
    body_site_display := image.latest.body_site_display, study_description := image.latest.study_description,
    study_date := image.latest.study_date, series_count := image.latest.series_count,
    dicom_binary_id := image.latest.dicom_binary_id) as imaging,
  genome.encounter_id is not null as has_genomics,
  genome.latest.result_summary as genomic_summary
from problem_at_visit visit
left join patient on patient.patient_id = visit.patient_id
left join undated_problem on undated_problem.patient_id = visit.patient_id
left join drug_at_visit on drug_at_visit.encounter_id = visit.encounter_id
left join vital on vital.encounter_id = visit.encounter_id
left join pressure on pressure.encounter_id = visit.encounter_id
left join lab on lab.encounter_id = visit.encounter_id
left join performed on performed.encounter_id = visit.encounter_id
left join note on note.encounter_id = visit.encounter_id
left join ecg on ecg.encounter_id = visit.encounter_id
left join image on image.encounter_id = visit.encounter_id
left join genome on genome.encounter_id = visit.encounter_id
