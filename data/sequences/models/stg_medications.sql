-- stg_medications: one event for each prescription, at its start; nothing is merged.
-- from: raw_prescriptions
-- by: subject
-- order: subject_id, hadm_id, seq_num

select
  subject_id,
  hadm_id,
  'MED:' || if(getvariable('med_normalize') = 'lower', lower(trimmed(drug)), trimmed(drug)) as code,
  'medication' as code_type,
  starttime as event_time,
  (row_number() over (partition by subject_id, hadm_id order by starttime, pharmacy_id, drug_type, drug))::integer as seq_num,
  pharmacy_id as src_id,
  'PRESCRIPTION//' || trimmed(drug) as meds_code
from raw_prescriptions
where medication_drop(hadm_id, drug, starttime) is null

-- drops
select medication_drop(hadm_id, drug, starttime) as reason, count(*) as rows
from raw_prescriptions
where reason is not null
group by reason
