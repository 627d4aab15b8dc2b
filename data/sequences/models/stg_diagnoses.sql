-- stg_diagnoses: billing diagnoses as codes; they have no time of their own.
-- from: raw_diagnoses_icd, icd10_of_icd9
-- by: subject
-- order: subject_id, hadm_id, seq_num

select
  subject_id,
  hadm_id,
  'DX:' || icd_token(coalesce(icd10, icd), icd_version) as code,
  'diagnosis' as code_type,
  null::timestamp as event_time,
  seq_num,
  icd_version,
  meds_code('DIAGNOSIS//ICD', icd_version, trimmed(icd_code)) as meds_code
from coded('raw_diagnoses_icd', 'diagnosis')
where dropped is null
order by subject_id, hadm_id, seq_num

-- drops
select dropped as reason, count(*) as rows
from coded('raw_diagnoses_icd', 'diagnosis')
where dropped is not null
group by reason
