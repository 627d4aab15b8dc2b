-- A12: one row for each admission, in the order of their times without a gap
select abs((select count(*) from raw_admissions where admission_drop(subject_id, hadm_id, admittime) is null) - (select count(*) from stg_admissions))
  + (select count(*) from (
      select visit_seq, row_number() over visits as expected, admittime < lag(admittime) over visits as backwards
      from stg_admissions window visits as (partition by subject_id order by visit_seq)
    ) where visit_seq <> expected or backwards)

-- A13: days since the admission before are null for the first alone and else the days between the dates
select count(*) from (
  select days_since_prior, visit_seq, admittime::date - lag(admittime::date) over (partition by subject_id order by visit_seq) as expected
  from stg_admissions
) where days_since_prior is distinct from expected or (days_since_prior is null) <> (visit_seq = 1) or days_since_prior < 0

-- A14: the days add up from the first admission
select count(*) from (
  select sum(coalesce(days_since_prior, 0)) over visits as added, admittime::date - first_value(admittime::date) over visits as days
  from stg_admissions window visits as (partition by subject_id order by visit_seq)
) where added <> days

-- A15: coded rows are those of the source less the drops that were counted
select count(*) from (
  select 'stg_diagnoses' as model, (select count(*) from raw_diagnoses_icd) as rows_in, (select count(*) from stg_diagnoses) as rows_out
  union all select 'stg_procedures', (select count(*) from raw_procedures_icd), (select count(*) from stg_procedures)
  union all select 'stg_medications', (select count(*) from raw_prescriptions), (select count(*) from stg_medications)
) left join (select model, sum(rows) as dropped from drops group by model) using (model)
where rows_in <> rows_out + coalesce(dropped, 0)

-- A16: codes have their prefix and nothing that does not belong in them
select (select count(*) from stg_diagnoses where not regexp_full_match(code, 'DX:((9|10):)?[A-Z0-9]+'))
  + (select count(*) from stg_procedures where not regexp_full_match(code, 'PR:((9|10):)?[A-Z0-9]+'))
  + (select count(*) from stg_medications where not regexp_full_match(code, 'MED:[^ \t\r\n](.*[^ \t\r\n])?', 's'))

-- A17: diagnoses have no time, procedures the midnight of their day, medications their start
select (select count(*) from stg_diagnoses where event_time is not null)
  + (select count(*) from stg_procedures where event_time <> date_trunc('day', event_time))
  + (select count(*) from stg_medications where event_time is null and getvariable('med_null_time') = 'drop')

-- A18: no prescription is merged with another
with source as (
  select hadm_id, starttime, if(getvariable('med_normalize') = 'lower', lower(trimmed(drug)), trimmed(drug)) as drug, count(*) as n
  from raw_prescriptions where medication_drop(hadm_id, trimmed(drug), starttime) is null group by all
),
kept as (select hadm_id, event_time as starttime, substr(code, 5) as drug, count(*) as n from stg_medications group by all)
select (select count(*) from (from source except from kept)) + (select count(*) from (from kept except from source))
