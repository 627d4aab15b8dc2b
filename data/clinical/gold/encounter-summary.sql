-- One row per encounter. Reads views patient, encounter, … of the ten Silver tables (those of the patients to build).
-- `D` below is the UTC calendar date of the visit; ties between equal times go to the greatest id. Names are distinct;
-- of several codes with one name the least is told.
with visit as (
  select encounter_id, patient_id, type_code, type_display, (start_date at time zone 'UTC')::date as visit_date
  from encounter
),

-- The problem list as of D. Each patient's list changes only on the days when a problem begins or ends, so it is made
-- once for each such day and each visit takes the newest: visits × conditions are never paired.
problem as (
  select patient_id, display, code,
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
  select patient_id, day, coded(list_sort(list(struct_pack(display, code)) filter (where display is not null))) as problems
  from (
    select d.patient_id, d.day, p.display, min(p.code) as code
    from problem_day d
    left join problem p on p.patient_id = d.patient_id and p.from_date <= d.day and p.until_date > d.day
    group by all
  )
  group by patient_id, day
),
drug as (
  select patient_id, display, min(code) as code,
    coalesce(min((authored_on at time zone 'UTC')::date), date '-infinity') as from_date
  from medication_request
  where status = 'active' and display is not null and patient_id in (select patient_id from visit)
  group by patient_id, display
),
drug_list as (
  select d.patient_id, d.day, coded(list_sort(list(struct_pack(display, code)))) as drugs
  from (select distinct patient_id, from_date as day from drug) d
  join drug on drug.patient_id = d.patient_id and drug.from_date <= d.day
  group by d.patient_id, d.day
),
-- What was known of a patient, from each day on which it changed, and nothing before the first: every visit finds a day,
-- and empty lists are put in for these few days, for to look at every visit's lists again would copy them all. A visit
-- without a date finds the day after all days: then only the problems that have no dates at all count, and the drugs that
-- were asked for without one.
history as (
  select d.patient_id, d.day, some_coded(problem_list.problems) as problems, some_coded(drug_list.drugs) as drugs
  from (
    select patient_id, day from problem_list union select patient_id, day from drug_list
    union select patient_id, date '-infinity' from visit
  ) d
  asof left join problem_list on problem_list.patient_id = d.patient_id and problem_list.day <= d.day
  asof left join drug_list on drug_list.patient_id = d.patient_id and drug_list.day <= d.day
  union all
  select patient_id, date 'infinity', some_coded(undated_problem.problems), some_coded(drug_list.drugs)
  from (select distinct patient_id from visit where visit_date is null)
  left join (
    select patient_id, coded(list_sort(list(struct_pack(display, code)))) as problems
    from (
      select patient_id, display, min(code) as code
      from problem where from_date = date '-infinity' and until_date = date 'infinity'
      group by all
    )
    group by patient_id
  ) undated_problem using (patient_id)
  left join (from drug_list where day = date '-infinity') drug_list using (patient_id)
),

measured as (
  select encounter_id, observation_id, code, display, category, value, value_string, unit, components_json,
    coalesce(effective_date, timestamptz '-infinity') as seen
  from observation
  where code in ('8867-4', '8310-5', '8331-1', '2708-6', '59408-5', '85354-9', '55284-4') or category = 'laboratory'
),
-- Of a pressure the latest component counts even when it has no value.
vital as (
  select encounter_id,
    arg_max(value, (seen, observation_id)) filter (where code = '8867-4' and value is not null) as heart_rate,
    arg_max(value, (seen, observation_id)) filter (where code in ('8310-5', '8331-1') and value is not null) as temperature,
    arg_max(value, (seen, observation_id)) filter (where code in ('2708-6', '59408-5') and value is not null) as o2_saturation,
    arg_max_null(systolic.value, (seen, observation_id)) filter (where systolic is not null) as bp_systolic,
    arg_max_null(diastolic.value, (seen, observation_id)) filter (where diastolic is not null) as bp_diastolic
  from (
    select encounter_id, observation_id, code, value, seen,
      list_filter(readings, lambda r: r.code = '8480-6')[-1] as systolic,
      list_filter(readings, lambda r: r.code = '8462-4')[-1] as diastolic
    from (
      select *, case when code in ('85354-9', '55284-4')
        then from_json(components_json, '[{"code": "VARCHAR", "value": "DOUBLE"}]') end as readings
      from measured where code in ('8867-4', '8310-5', '8331-1', '2708-6', '59408-5', '85354-9', '55284-4')
    )
  )
  group by encounter_id
),
lab as (
  -- Within a struct nulls sort last, so a flag before the value brings them first.
  select encounter_id, list_sort(list(struct_pack("name" := display, has_value := value is not null, value := value, has_unit := unit is not null, unit := unit, code := code))) as labs
  from (
    select encounter_id, display, value, unit, min(code) as code
    from measured where category = 'laboratory' and display is not null
    group by all
  )
  group by encounter_id
),
lab_string as (
  select encounter_id,
    list_sort(list(distinct struct_pack("name" := display, code := code, value := value_string))) as labs
  from measured where category = 'laboratory' and display is not null and value_string <> ''
  group by encounter_id
),

performed as (
  select encounter_id, coded(list_sort(list(struct_pack(display, code)))) as procedures
  from (
    select encounter_id, display, min(code) as code from procedure where display is not null group by all
  )
  group by encounter_id
),
note as (
  select encounter_id, note_id, note_text from soap_note
  semi join (
    select encounter_id, arg_max(note_id, (coalesce(note_date, timestamptz '-infinity'), note_id)) as note_id
    from soap_note group by encounter_id
  ) latest using (encounter_id, note_id)
),
ecg as (
  select encounter_id, arg_max(
    struct_pack(conclusion := conclusion, rhythm := rhythm), (coalesce(report_date, timestamptz '-infinity'), ecg_id)) as latest
  from ecg_metadata group by encounter_id
),
image as (
  select encounter_id, arg_max(
    struct_pack(modality := modality, body_site := body_site, body_site_display := body_site_display, study_description := study_description, study_date := study_date, series_count := series_count, dicom_binary_id := dicom_binary_id),
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

known as (
  select visit.*, history.problems, history.drugs
  from visit as visit asof join history
    on history.patient_id = visit.patient_id and history.day <= coalesce(visit.visit_date, date 'infinity')
  union all
  select *, coded([]) as problems, coded([]) as drugs from visit where patient_id is null
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
  visit.problems.displays as active_conditions,
  visit.drugs.displays as active_medications,
  struct_pack(heart_rate := vital.heart_rate, bp_systolic := vital.bp_systolic, bp_diastolic := vital.bp_diastolic,
    temperature := vital.temperature, o2_saturation := vital.o2_saturation) as recent_vitals,
  coalesce(list_transform(lab.labs, lambda l: struct_pack("name" := l.name, value := l.value, unit := l.unit)), []) as recent_labs,
  coalesce(performed.procedures.displays, []) as procedures,
  note.note_text as soap_note_text,
  note.note_id as soap_note_id,
  ecg.latest.conclusion as ecg_finding,
  ecg.latest.rhythm as ecg_rhythm,
  ecg.encounter_id is not null as has_ecg,
  struct_pack(has_imaging := image.encounter_id is not null, modality := image.latest.modality,
    body_site_display := image.latest.body_site_display, study_description := image.latest.study_description,
    study_date := image.latest.study_date, series_count := image.latest.series_count,
    dicom_binary_id := image.latest.dicom_binary_id) as imaging,
  genome.encounter_id is not null as has_genomics,
  genome.latest.result_summary as genomic_summary,
  visit.type_code as encounter_type_code,
  visit.problems.codes as active_condition_codes,
  visit.drugs.codes as active_medication_codes,
  coalesce(performed.procedures.codes, []) as procedure_codes,
  coalesce(list_transform(lab.labs, lambda l: l.code), []) as recent_lab_codes,
  coalesce(lab_string.labs, []) as recent_lab_strings,
  image.latest.body_site as imaging_body_site_code,
  genome.latest.data_limitation as data_limitation
from known visit
left join patient on patient.patient_id = visit.patient_id
left join vital on vital.encounter_id = visit.encounter_id
left join lab on lab.encounter_id = visit.encounter_id
left join lab_string on lab_string.encounter_id = visit.encounter_id
left join performed on performed.encounter_id = visit.encounter_id
left join note on note.encounter_id = visit.encounter_id
left join ecg on ecg.encounter_id = visit.encounter_id
left join image on image.encounter_id = visit.encounter_id
left join genome on genome.encounter_id = visit.encounter_id
