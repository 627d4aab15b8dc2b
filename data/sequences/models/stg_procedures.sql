-- stg_procedures: billing procedures as codes, at the midnight their day begins with.
-- from: raw_procedures_icd, icd10_of_icd9
-- by: subject
-- order: subject_id, hadm_id, seq_num

with coded as (
  select *, icd_code_of(icd_code) as icd, icd_drop(hadm_id, icd) as dropped
  from raw_procedures_icd
),
mapped as (
  select coded.*, map.icd10, dropped is null and map_needed(icd_version) and map.icd10 is null as unmapped
  from coded
  left join icd10_of_icd9 as map on map.kind = 'procedure' and map.icd9 = if(map_needed(icd_version), coded.icd, null)
)
select
  subject_id,
  hadm_id,
  'PR:' || icd_token(coalesce(icd10, icd), icd_version) as code,
  'procedure' as code_type,
  chartdate::timestamp as event_time,
  seq_num,
  icd_version,
  meds_code('PROCEDURE//ICD', icd_version, trimmed(icd_code)) as meds_code
from mapped
where dropped is null and not unmapped

-- drops
with coded as (
  select *, icd_code_of(icd_code) as icd from raw_procedures_icd
)
select coalesce(icd_drop(hadm_id, icd), 'unmapped') as reason, count(*) as rows
from coded
left join icd10_of_icd9 as map on map.kind = 'procedure' and map.icd9 = if(map_needed(icd_version), icd, null)
where icd_drop(hadm_id, icd) is not null or (map_needed(icd_version) and map.icd10 is null)
group by reason
