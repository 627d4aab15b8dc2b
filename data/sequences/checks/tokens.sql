-- A38: without the tokens of time and the special ones, the tokens are the events
with renumbered as (
  select subject_id, hadm_id, code, event_time, time_offset_hours,
    row_number() over (partition by subject_id, hadm_id order by final_seq) as event_seq
  from tokens_final where code_type not in ('time_bin', 'special', 'static')
),
expected as (select subject_id, hadm_id, code, event_time, time_offset_hours, event_seq::bigint as event_seq from events_merged)
select (select count(*) from (from renumbered except from expected)) + (select count(*) from (from expected except from renumbered))

-- A39: tokens are numbered from 1 without a gap, with one to seven phases an admission
select count(*) from (
  select min(final_seq) as low, max(final_seq) as high, count(*) as n, count(distinct final_seq) as d,
    count(*) filter (code_type = 'time_bin') as bins
  from tokens_final group by subject_id, hadm_id
) where low <> 1 or high <> n or d <> n or (getvariable('scheme') = 'admission_bins' and bins not between 1 and 7)

-- A40: an admission begins with a phase, two phases never touch, and none comes last
select count(*) from (
  select code_type, lag(code_type) over w as before, lead(code_type) over w as next
  from tokens_final where code_type <> 'static' window w as (partition by subject_id, hadm_id order by final_seq)
) where getvariable('scheme') = 'admission_bins'
  and ((before is null and code_type <> 'time_bin') or (code_type = 'time_bin' and (next is null or next = 'time_bin')))

-- A41: phases follow each other as time does, and each event lies in the one before it
with phased as (
  select *, list_position(['TIME_PRE', 'TIME_0-1H', 'TIME_1-6H', 'TIME_6-24H', 'TIME_1-3D', 'TIME_3-7D', 'TIME_7D+'],
      if(code_type = 'time_bin', code, null)) as opened,
    last_value(opened ignore nulls) over (partition by subject_id, hadm_id order by final_seq) as current,
    last_value(opened ignore nulls) over (
      partition by subject_id, hadm_id order by final_seq rows between unbounded preceding and 1 preceding) as before
  from tokens_final where getvariable('scheme') = 'admission_bins'
)
select count(*) from phased
where (code_type = 'time_bin' and opened <= before)
  or (code_type <> 'time_bin' and current <> list_position([0, 1, 6, 24, 72, 168, 'infinity'::double],
    list_filter([0, 1, 6, 24, 72, 168, 'infinity'::double], lambda edge: time_offset_hours < edge)[1])
    and getvariable('event_order') = 'dx_first')

-- A42: a phase begins at its first hour and ends before its last
select count(*) from (values (0, 'TIME_0-1H'), (1, 'TIME_1-6H'), (6, 'TIME_6-24H'), (24, 'TIME_1-3D'), (72, 'TIME_3-7D'), (168, 'TIME_7D+'),
  (-1e-9, 'TIME_PRE')) t(hours, expected)
where getvariable('scheme') = 'admission_bins' and time_tokens(hours, null, null, null) <> [expected]

-- A43: a gap of five minutes or more has the token of its class, and no other gap has one
with instant as (
  select subject_id, visit_seq, final_seq, code, code_type, instant_us(admittime, time_offset_hours) as us,
    sum((code_type <> 'time_bin')::int) over (partition by subject_id order by visit_seq, final_seq) as events_before
  from tokens_final where getvariable('scheme') in ('ethos_ares', 'ethos_paper') and code_type <> 'static'
),
gap as (
  select subject_id, events_before, us - lag(us) over (partition by subject_id order by visit_seq, final_seq) as us
  from instant where code_type <> 'time_bin'
),
token as (
  select subject_id, events_before + 1 as events_before, list(code) as codes from instant where code_type = 'time_bin' group by all
)
select count(*) from gap left join token using (subject_id, events_before)
where coalesce(len(codes), 0) <> case
    when us is null or us < minutes_us(5) then 0
    when us < days_us(180) then 1
    else greatest(1, half_years(us))
  end
