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
    lag(visit_seq) over subject as seen_before,
    if(seen_before = visit_seq, lag(time_offset_hours) over subject, null) as hours_before,
    lag(instant_us(admittime, time_offset_hours)) over subject as instant_before_us,
    if(seen_before <> visit_seq, seen_before, null) as visit_before
  from timeline
  window subject as (partition by subject_id order by visit_seq, place, rank)
),
-- What holds of a subject as such stands at the very beginning and has no time.
marked as (
  select n.*, instant_us(n.admittime, n.time_offset_hours) - n.instant_before_us as gap_us,
    n.admittime::date - stay_end(p.admittime, p.dischtime)::date as days_between_visits,
    if(code_type = 'static', 0, len(time_tokens(n.time_offset_hours, hours_before, gap_us, days_between_visits))) as tokens_before
  from neighboured as n
  left join stg_admissions as p on p.subject_id = n.subject_id and p.visit_seq = n.visit_before
),
-- The tokens are only counted here and made below, for a list in a row that is sorted is dear.
numbered as (
  select *, sum(1 + tokens_before) over (partition by hadm_id order by place, rank rows unbounded preceding) as seq
  from marked
)
select subject_id, hadm_id, admittime, visit_seq, days_since_prior, code, code_type, event_time, time_offset_hours, seq::integer as final_seq
from numbered
union all
select subject_id, hadm_id, admittime, visit_seq, days_since_prior,
  unnest(time_tokens(time_offset_hours, hours_before, gap_us, days_between_visits)),
  'time_bin', event_time, time_offset_hours,
  (seq - tokens_before - 1 + unnest(range(1, tokens_before + 1)))::integer
from numbered
where tokens_before > 0
