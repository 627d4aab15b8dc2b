-- tokens_final: the events with tokens of time between them, as the chosen scheme says (schemes/<name>.sql).
-- from: events_merged, special_tokens, stg_admissions
-- by: subject
-- order: subject_id, visit_seq, final_seq

with listed as (
  select subject_id, hadm_id, code, code_type, event_time, time_offset_hours, event_seq as place, 0 as rank
  from events_merged
  union all
  select subject_id, hadm_id, code, code_type, event_time, time_offset_hours, place, rank
  from special_tokens
),
timeline as (
  select listed.*, admittime, visit_seq, days_since_prior, instant_us(admittime, time_offset_hours) as instant_us,
    stay_end(admittime, dischtime)::date as ends_on
  from listed
  join stg_admissions using (subject_id, hadm_id)
  order by subject_id, visit_seq, place, rank
),
neighboured as (
  select
    *,
    changes(subject_id) as is_first,
    is_first or changes(visit_seq) as begins,
    if(begins, null, lag(time_offset_hours) over ()) as hours_before,
    if(is_first, null, instant_us - lag(instant_us) over ()) as gap_us,
    if(is_first or not begins, null, admittime::date - lag(ends_on) over ()) as days_between_visits
  from timeline
),
-- What holds of a subject as such stands at the very beginning and has no time.
spread as (
  select
    * replace (unnest(if(code_type = 'static', [], time_tokens(time_offset_hours, hours_before, gap_us, days_between_visits)) || [code]) as code),
    code as event_code
  from neighboured
),
counted as (
  select * exclude (begins), row_number() over () as n, changes(subject_id) or changes(visit_seq) as begins
  from spread
)
select
  subject_id,
  hadm_id,
  admittime,
  visit_seq,
  days_since_prior,
  code,
  if(code = event_code, code_type, 'time_bin') as code_type,
  event_time,
  time_offset_hours,
  number_since(n, begins)::integer as final_seq
from counted
