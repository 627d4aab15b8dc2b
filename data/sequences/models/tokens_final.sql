-- tokens_final: the events with tokens of time between them, as the chosen scheme says (schemes/<name>.sql).
-- from: events_merged, special_tokens, stg_admissions
-- by: subject
-- order: subject_id, visit_seq, final_seq

with timeline as (
  select subject_id, hadm_id, admittime, visit_seq, days_since_prior, code, code_type, event_time, time_offset_hours,
    event_seq as place, 0 as rank
  from events_merged
  union all
  select subject_id, hadm_id, admittime, visit_seq, days_since_prior, code, code_type, event_time, time_offset_hours, place, rank
  from special_tokens
  join stg_admissions using (subject_id, hadm_id)
),
neighboured as (
  select
    *,
    row_number() over admission as seq,
    lag(time_offset_hours) over admission as hours_before,
    lag(instant_us(admittime, time_offset_hours)) over subject as instant_before_us,
    lag(visit_seq) over subject as visit_before
  from timeline
  window
    admission as (partition by subject_id, hadm_id order by place, rank),
    subject as (partition by subject_id order by visit_seq, place, rank)
),
-- What holds of a subject as such stands at the very beginning and has no time.
marked as (
  select n.*, if(code_type = 'static', [], time_tokens(
      n.time_offset_hours,
      n.hours_before,
      instant_us(n.admittime, n.time_offset_hours) - n.instant_before_us,
      if(n.visit_before <> n.visit_seq, n.admittime::date - stay_end(p.admittime, p.dischtime)::date, null)
    )) as before
  from neighboured as n
  left join stg_admissions as p on p.subject_id = n.subject_id and p.visit_seq = n.visit_before
),
counted as (
  select *, seq + sum(len(before)) over (
      partition by subject_id, hadm_id order by seq rows unbounded preceding
    ) as last_seq
  from marked
),
token as (
  select *, unnest(list_append(before, code)) as token, generate_subscripts(list_append(before, code), 1) as n
  from counted
)
select
  subject_id,
  hadm_id,
  admittime,
  visit_seq,
  days_since_prior,
  token as code,
  if(n <= len(before), 'time_bin', code_type) as code_type,
  event_time,
  time_offset_hours,
  (last_seq - len(before) - 1 + n)::integer as final_seq
from token
