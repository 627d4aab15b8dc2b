-- Twenty questions to the clinical tables. Paste a cell into `millrace sql "…"` or POST it to /sql.
-- Each cell is one statement; a test runs them all.

-- 1. How many rows has every table?
select 'patient' as "table", count(*) as "rows" from silver.patient
union all select 'encounter', count(*) from silver.encounter
union all select 'condition', count(*) from silver.condition
union all select 'observation', count(*) from silver.observation
union all select 'medication_request', count(*) from silver.medication_request
union all select 'procedure', count(*) from silver.procedure
union all select 'soap_note', count(*) from silver.soap_note
union all select 'ecg_metadata', count(*) from silver.ecg_metadata
union all select 'imaging_study', count(*) from silver.imaging_study
union all select 'genomic_report', count(*) from silver.genomic_report
union all select 'encounter_summary', count(*) from gold.encounter_summary;

-- 2. What are the columns of Gold?
describe gold.encounter_summary;

-- 3. Which are the ten most frequent kinds of visit?
select encounter_type, count(*) as visits
from gold.encounter_summary group by all order by visits desc, encounter_type limit 10;

-- 4. Who are the patients, by gender, race and ethnicity?
select gender, race, ethnicity, count(*) as patients
from silver.patient group by all order by patients desc, gender, race, ethnicity;

-- 5. Which twenty conditions are most often on a problem list?
select condition, code, count(*) as visits, count(distinct patient_id) as patients
from (select patient_id, unnest(active_conditions) as condition, unnest(active_condition_codes) as code from gold.encounter_summary)
group by all order by visits desc, condition limit 20;

-- 6. Which twenty drugs are most often active?
select drug, code, count(*) as visits, count(distinct patient_id) as patients
from (select patient_id, unnest(active_medications) as drug, unnest(active_medication_codes) as code from gold.encounter_summary)
group by all order by visits desc, drug limit 20;

-- 7. How many visits and patients has each year?
select year(encounter_date) as year, count(*) as visits, count(distinct patient_id) as patients
from gold.encounter_summary group by all order by year;

-- 8. How long are the problem lists?
select
  case
    when len(active_conditions) = 0 then '0'
    when len(active_conditions) <= 5 then '1–5'
    when len(active_conditions) <= 10 then '6–10'
    when len(active_conditions) <= 20 then '11–20'
    else '21+'
  end as conditions,
  count(*) as visits,
  round(100.0 * count(*) / sum(count(*)) over (), 1) as percent
from gold.encounter_summary group by all order by min(len(active_conditions));

-- 9. What are usual vital signs, and how many visits have them?
select
  quantile_cont(recent_vitals.heart_rate, [0.1, 0.5, 0.9]) as heart_rate_p10_p50_p90,
  median(recent_vitals.bp_systolic) as bp_systolic,
  median(recent_vitals.bp_diastolic) as bp_diastolic,
  median(recent_vitals.temperature) as temperature,
  count(recent_vitals.heart_rate) as with_heart_rate,
  count(*) as visits
from gold.encounter_summary;

-- 10. What was imaged, and how?
select modality, body_site_display, count(*) as studies, count(*) filter (where dicom_extracted) as with_dicom
from silver.imaging_study group by all order by studies desc, modality, body_site_display;

-- 11. Whose record would make a good example?
select patient_id, count(*) as visits, max(len(active_conditions)) as conditions, count(soap_note_id) as notes
from gold.encounter_summary
group by all having conditions >= 5 and notes >= 3
order by conditions desc, notes desc, patient_id limit 20;

-- 12. What happened to that patient, in order?
with example as (
  select patient_id from gold.encounter_summary
  group by all order by max(len(active_conditions)) desc, count(soap_note_id) desc, patient_id limit 1
)
select encounter_date, encounter_type, patient_age, len(active_conditions) as conditions,
  len(active_medications) as drugs, len(procedures) as procedures, len(recent_labs) as labs
from gold.encounter_summary where patient_id in (select patient_id from example)
order by encounter_date, encounter_id;

-- 13. How did that patient's problem list grow?
with example as (
  select patient_id from gold.encounter_summary
  group by all order by max(len(active_conditions)) desc, count(soap_note_id) desc, patient_id limit 1
)
select year(encounter_date) as year, max(len(active_conditions)) as conditions, max_by(active_conditions, encounter_date) as problem_list
from gold.encounter_summary where patient_id in (select patient_id from example)
group by all order by year;

-- 14. What does a whole note say?
select encounter_date, encounter_type, soap_note_text
from gold.encounter_summary where soap_note_text is not null
order by length(soap_note_text) desc, encounter_id limit 1;

-- 15. How many notes speak of both diabetes and hypertension?
select count(*) as notes, count(distinct patient_id) as patients
from silver.soap_note where note_text ilike '%diabetes%' and note_text ilike '%hypertension%';

-- 16. How much of Gold is filled?
select count(*) as visits, count(soap_note_text) as with_note,
  count(*) filter (where len(active_conditions) > 0) as with_conditions,
  count(*) filter (where len(active_medications) > 0) as with_drugs,
  count(*) filter (where len(recent_labs) > 0) as with_labs,
  count(recent_vitals.heart_rate) as with_heart_rate,
  count(*) filter (where imaging.has_imaging) as with_imaging,
  count(*) filter (where has_ecg) as with_ecg,
  count(*) filter (where has_genomics) as with_genomics
from gold.encounter_summary;

-- 17. Which versions of Silver was Gold made from?
select silver_versions, created_timestamp, count(*) as "rows"
from gold.encounter_summary group by all order by created_timestamp desc;

-- 18. What did the last refreshes check?
select "table", row_count, passed, failed_checks, rows_inserted, rows_updated, rows_deleted, run_id, ingest_timestamp
from silver.ingest_log order by ingest_timestamp desc, "table" limit 30;

-- 19. What does Silver hold of that patient's conditions?
with example as (
  select patient_id from gold.encounter_summary
  group by all order by max(len(active_conditions)) desc, count(soap_note_id) desc, patient_id limit 1
)
select display, min(onset_date) as first_onset, count(*) as times
from silver.condition where patient_id in (select patient_id from example)
group by all order by first_onset, display;

-- 20. What is it all together?
select count(*) as visits, count(distinct patient_id) as patients, min(encounter_date) as first_day, max(encounter_date) as last_day,
  round(avg(len(active_conditions)), 2) as conditions_per_visit, round(avg(len(active_medications)), 2) as drugs_per_visit
from gold.encounter_summary;
