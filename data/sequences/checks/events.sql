-- A27: events are the staged rows whose admission is known
with staged as (
  select subject_id, hadm_id from stg_diagnoses union all select subject_id, hadm_id from stg_procedures
  union all select subject_id, hadm_id from stg_medications union all select subject_id, hadm_id from stg_labs
)
select abs((select count(*) from staged semi join stg_admissions using (subject_id, hadm_id)) - (select count(*) from events_merged))
  + abs((select count(*) from staged anti join stg_admissions using (subject_id, hadm_id))
    - coalesce((select sum(rows) from drops where model = 'events_merged'), 0))

-- A28: the events of an admission are numbered from 1 without a gap
select count(*) from (
  select min(event_seq) as low, max(event_seq) as high, count(*) as n, count(distinct event_seq) as d
  from events_merged group by subject_id, hadm_id
) where low <> 1 or high <> n or d <> n

-- A29: diagnoses, and nothing else, stand 0.001 hours before admission
select count(*) from events_merged
where (time_offset_hours = -0.001) <> (code_type = 'diagnosis')
  and getvariable('dx_position') = 'admission' and not (event_time is null and code_type = 'medication')

-- A30: diagnoses come first, in their order
select count(*) from (
  select code_type, seq_num, event_seq,
    count(*) filter (code_type = 'diagnosis') over (partition by subject_id, hadm_id) as n_dx,
    lag(seq_num) over (partition by subject_id, hadm_id order by event_seq) as seq_before
  from events_merged
) where getvariable('event_order') = 'dx_first' and getvariable('dx_position') = 'admission'
  and ((code_type = 'diagnosis') <> (event_seq <= n_dx) or (code_type = 'diagnosis' and event_seq > 1 and seq_num < seq_before))

-- A31: the offsets of what is not a diagnosis do not decrease
select count(*) from (
  select time_offset_hours, lag(time_offset_hours) over (partition by subject_id, hadm_id order by event_seq) as before
  from events_merged where code_type <> 'diagnosis' or getvariable('event_order') = 'strict_time'
) where time_offset_hours < before

-- A32: an offset is the hours from admission to the event
select count(*) from events_merged
where event_time is not null and not (getvariable('proc_time') = 'clamp' and code_type = 'procedure' and event_time < admittime)
  and abs(time_offset_hours * 3600 - (epoch_us(event_time) - epoch_us(admittime)) / 1e6) >= 1e-6

-- A33: at one time procedures come before medications before labs, each in its own order
select count(*) from (
  select event_time, ['procedure', 'medication', 'lab'] as kinds, list_position(kinds, code_type) as rank,
    if(code_type = 'procedure', seq_num, src_id) as tie,
    lag(event_time) over w as time_before, lag(rank) over w as rank_before, lag(tie) over w as tie_before
  from events_merged where code_type <> 'diagnosis' and event_time is not null
    and not (getvariable('proc_time') = 'clamp' and code_type = 'procedure' and event_time < admittime)
  window w as (partition by subject_id, hadm_id order by event_seq)
) where event_time = time_before and (rank < rank_before or (rank = rank_before and tie < tie_before))

-- A34: an admission's own columns are the same on all its events
select count(*) from (
  select distinct subject_id, hadm_id, admittime, visit_seq, days_since_prior from events_merged
  except select subject_id, hadm_id, admittime, visit_seq, days_since_prior from stg_admissions
)

-- A35: labs given to an admission lie where that says
select count(*) from events_merged as e join stg_labs as l on e.code_type = 'lab' and l.src_id = e.src_id
where (hadm_source = 'pre_24h' and time_offset_hours < -getvariable('backfill_hours')) or (hadm_source = 'in_stay' and time_offset_hours < 0)

-- A36: there are no more laboratory codes than deciles, and each code has one prefix
select greatest(0, (select count(distinct code) from events_merged where code_type = 'lab')
    - (10 + (getvariable('lab_null') = 'token')::int) * (select count(*) from lab_quantiles))
  + (select count(*) from events_merged where not regexp_matches(code, '^(DX|PR|MED|LAB):'))
