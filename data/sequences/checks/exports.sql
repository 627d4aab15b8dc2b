-- A44: the shards together are the tokens, each subject in one of them, in order
-- needs: tokens
select (select count(*) from (
      (select subject_id, hadm_id, visit_seq, code, event_time, time_offset_hours, final_seq from exported_tokens
       except all select subject_id, hadm_id, visit_seq, code, event_time, time_offset_hours, final_seq from tokens_final)
      union all
      (select subject_id, hadm_id, visit_seq, code, event_time, time_offset_hours, final_seq from tokens_final
       except all select subject_id, hadm_id, visit_seq, code, event_time, time_offset_hours, final_seq from exported_tokens)))
  + (select count(*) from (select subject_id from exported_tokens group by subject_id having count(distinct filename) > 1))
  + (select count(*) from (
      select (subject_id, visit_seq, final_seq) <= lag((subject_id, visit_seq, final_seq)) over (partition by filename order by file_row_number) as disorder
      from exported_tokens) where disorder)
  + (select count(*) from exported_files where not intact)
  + (select count(*) from exported_files as f left join (select filename, count(*) as n from exported_tokens group by filename) as t
     on t.filename = f.file where f.rows is distinct from t.n)

-- A45: the MEDS files have the published schema's types, and each subject's rows lie together in order of time
-- needs: meds
with wanted as (
  select * from (values
    ('data', 'subject_id', 'INT64', 'INT_64'), ('data', 'time', 'INT64', 'TIMESTAMP_MICROS'), ('data', 'code', 'BYTE_ARRAY', 'UTF8'),
    ('data', 'numeric_value', 'FLOAT', ''), ('data', 'hadm_id', 'INT64', 'INT_64'),
    ('codes', 'code', 'BYTE_ARRAY', 'UTF8'), ('codes', 'description', 'BYTE_ARRAY', 'UTF8'), ('codes', 'parent_codes', '', 'LIST'),
    ('codes', 'element', 'BYTE_ARRAY', 'UTF8'),
    ('splits', 'subject_id', 'INT64', 'INT_64'), ('splits', 'split', 'BYTE_ARRAY', 'UTF8')
  ) t(part, name, type, converted)
)
select (select count(*) from (select distinct part, file_name from meds_types) join wanted using (part)
    anti join meds_types using (part, file_name, name, type, converted))
  + (select count(*) from meds_types where name = 'time' and not contains(logical, 'isAdjustedToUTC=0'))
  + (select count(*) from meds_types where part = 'splits' and name not in ('duckdb_schema', 'subject_id', 'split'))
  + (not getvariable('meds_dataset_valid'))::int
  + (select count(*) from meds_data where subject_id is null or code is null)
  + (select count(*) from (select subject_id from meds_data group by subject_id having count(distinct filename) > 1))
  + (select count(*) from (
      select (subject_id, coalesce(epoch_us(time), -9e18::bigint)) < lag((subject_id, coalesce(epoch_us(time), -9e18::bigint)))
        over (partition by filename order by file_row_number) as disorder
      from meds_data) where disorder)

-- A46: every code is described, and every subject is in the split of its folder and in no other
-- needs: meds
select (select count(*) from (select code from meds_data except select code from meds_codes))
  + (select count(*) from (select subject_id from meds_data except select subject_id from meds_splits))
  + (select count(*) - count(distinct subject_id) from meds_splits)
  + (select count(*) from (select distinct subject_id, filename from meds_data) join meds_splits using (subject_id)
     where not contains(filename, '/data/' || split || '/'))

-- A47: the MEDS data hold each event once, laboratory values as 32-bit numbers
-- needs: meds
select abs((select count(*) from meds_data where token is not null) - (select count(*) from events_merged))
  + (select count(*) from (
      (select hadm_id, event_seq, token, numeric_value from meds_data where token is not null
       except all select hadm_id::bigint, event_seq, code, numeric_value::float from events_merged)))

-- A48: no diagnosis stands before its discharge, unless the export was to have them at admission
-- needs: meds
select count(*) from meds_data as m join stg_admissions as a on a.hadm_id = m.hadm_id
where starts_with(m.code, 'DIAGNOSIS//') and m.time < stay_end(a.admittime, a.dischtime) and getvariable('meds_dx_time') = 'discharge'
