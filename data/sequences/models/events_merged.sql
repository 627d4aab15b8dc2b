-- events_merged: all events of each admission in one order, with their hours since admission.
-- from: stg_admissions, stg_diagnoses, stg_procedures, stg_medications, stg_labs
-- by: subject
-- order: subject_id, visit_seq, event_seq

-- `tie` is the source's own order among events at one time; `rank` the order of the sources. The columns after
-- `code` decide only between rows of one code, so that the rest of the row is as certain as its place.
with event as (
  select subject_id, hadm_id, code, code_type, event_time, seq_num, null::integer as src_id, null::double as numeric_value,
    meds_code, 0 as rank, seq_num as tie
  from stg_diagnoses
  union all
  select subject_id, hadm_id, code, code_type, event_time, seq_num, null, null, meds_code, 1, seq_num
  from stg_procedures
  union all
  select subject_id, hadm_id, code, code_type, event_time, seq_num, src_id, null, meds_code, 2, src_id
  from stg_medications
  union all
  select subject_id, hadm_id, code, code_type, event_time, seq_num, src_id, valuenum, meds_code, 3, src_id
  from stg_labs
),
timed as (
  select event.*, admittime, visit_seq, days_since_prior,
    event_instant(code_type, event_time, admittime, dischtime) as instant
  from event
  join stg_admissions using (subject_id, hadm_id)
  order by subject_id, visit_seq, not leads(code_type), instant, if(trails(code_type), 4, rank), tie, code, seq_num, meds_code, event_time
),
counted as (
  select *, row_number() over () as n, changes(subject_id) or changes(visit_seq) as begins
  from timed
)
select
  subject_id,
  hadm_id,
  admittime,
  visit_seq,
  days_since_prior,
  code,
  code_type,
  event_time,
  hours_between(instant, admittime) as time_offset_hours,
  number_since(n, begins)::integer as event_seq,
  seq_num,
  src_id,
  numeric_value,
  meds_code
from counted

-- drops
with event as (
  select 'diagnosis' as type, subject_id, hadm_id from stg_diagnoses
  union all select 'procedure', subject_id, hadm_id from stg_procedures
  union all select 'medication', subject_id, hadm_id from stg_medications
  union all select 'lab', subject_id, hadm_id from stg_labs
)
select 'unmatched_' || type as reason, count(*) as rows
from event
anti join stg_admissions using (subject_id, hadm_id)
group by reason
