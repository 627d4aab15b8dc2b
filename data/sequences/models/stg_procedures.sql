-- stg_procedures: billing procedures as codes, at the midnight their day begins with.
-- from: raw_procedures_icd, icd10_of_icd9
-- by: subject
-- order: subject_id, hadm_id, seq_num

select
  subject_id,
  hadm_id,
  'PR:' || icd_token(coalesce(icd10, icd), icd_version) as code,
  'procedure' as code_type,
  chartdate::timestamp as event_time,
  seq_num,
  icd_version,
  meds_code('PROCEDURE//ICD', icd_version, trimmed(icd_code)) as meds_code
from coded('raw_procedures_icd', 'procedure')
where dropped is null
order by subject_id, hadm_id, seq_num

-- drops
select dropped as reason, count(*) as rows
from coded('raw_procedures_icd', 'procedure')
where dropped is not null
group by reason
