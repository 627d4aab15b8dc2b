-- stg_medications: one event for each prescription, at its start; nothing is merged.
-- from: raw_prescriptions
-- by: subject
-- order: subject_id, hadm_id, seq_num

-- Drugs are few: each is spelt once, and its number among them takes its place in the order.
with drug as (
  select
    drug_type,
    drug,
    row_number() over (order by drug_type, drug) as place,
    'MED:' || if(getvariable('med_normalize') = 'lower', lower(trimmed(drug)), trimmed(drug)) as code,
    'PRESCRIPTION//' || trimmed(drug) as meds_code
  from (select distinct drug_type, drug from raw_prescriptions)
),
sorted as (
  select subject_id, hadm_id, code, starttime, pharmacy_id, meds_code
  from raw_prescriptions as p
  join drug as d on d.drug = p.drug and d.drug_type is not distinct from p.drug_type
  where medication_drop(hadm_id, code, starttime) is null
  order by subject_id, hadm_id, starttime, pharmacy_id, place
),
counted as (
  select *, row_number() over () as n, changes(subject_id) or changes(hadm_id) as begins
  from sorted
)
select
  subject_id,
  hadm_id,
  code,
  'medication' as code_type,
  starttime as event_time,
  number_since(n, begins)::integer as seq_num,
  pharmacy_id as src_id,
  meds_code
from counted

-- drops
select medication_drop(hadm_id, name, starttime) as reason, count(*) as rows
from raw_prescriptions
left join (select drug, trimmed(drug) as name from raw_prescriptions group by drug) using (drug)
where reason is not null
group by reason
