-- special_tokens: tokens of admission, discharge and death, and of what is known of a subject beforehand; none by default.
-- from: events_merged, stg_admissions, raw_admissions, raw_patients, raw_omr, bmi_quantiles, raw_drgcodes, drg_groups
-- by: subject
-- order: subject_id, hadm_id, rank

-- `place` is how many events of the admission stand before the token; `rank` its order among the tokens.
with stay as (
  select a.*, stay_end(a.admittime, a.dischtime) as ended, if(deathtime < a.admittime, a.admittime, deathtime) as died,
    admission_type, insurance, discharge_location, marital_status, race
  from stg_admissions as a
  join raw_admissions as r using (subject_id, hadm_id)
  where getvariable('special_tokens') = 'ethos'
),
happened as (
  select subject_id, hadm_id, leads(code_type) as first, make_timestamp(instant_us(admittime, time_offset_hours)) as instant
  from events_merged
),
counted as (
  select s.*, count(*) as events, max(instant) as last_instant,
    count(*) filter (first or instant < admittime) as before_admission,
    count(*) filter (first or instant <= died) as before_death,
    count(*) filter (first or instant <= ended) as before_end
  from stay as s
  join happened using (subject_id, hadm_id)
  group by all
),
grouped as (
  select hadm_id, min(drg_of(drg_type, drg_code)) as drg
  from raw_drgcodes
  group by hadm_id
),
-- What was last measured by the day the subject's first stay began.
measured as (
  select subject_id, arg_max(bmi_of(result_name, result_value), row(chartdate, seq_num, bmi_of(result_name, result_value))) as bmi
  from raw_omr
  join (select subject_id, arg_min(admittime, visit_seq) as began from counted group by subject_id) using (subject_id)
  where bmi_of(result_name, result_value) is not null and chartdate <= began
  group by subject_id
),
-- A death after the last stay stands behind it, for it is known by its day alone.
known as (
  select c.*, drg, if(bmi is null, null, (select decile_of(bmi, q1, q2, q3, q4, q5, q6, q7, q8, q9) from bmi_quantiles)) as bmi_decile,
    p.gender, p.anchor_age + year(admittime) - p.anchor_year as age,
    visit_seq = min(visit_seq) over (partition by subject_id) as is_first,
    visit_seq = max(visit_seq) over (partition by subject_id) as is_last,
    case
      when p.dod is not null and is_last and max(died) over (partition by subject_id) is null
        then greatest(p.dod::timestamp, ended, last_instant)
    end as died_later
  from counted as c
  left join raw_patients as p using (subject_id)
  left join grouped using (hadm_id)
  left join measured using (subject_id)
),
listed as (
  select subject_id, hadm_id, admittime, unnest([
    static_token(is_first, 1, 'AGE//' || coalesce('Q' || (1 + least(greatest(age, 0), 99) // 10), 'UNKNOWN')),
    static_token(is_first, 2, 'AGE//' || coalesce('Q' || (1 + least(greatest(age, 0), 99) % 10), 'UNKNOWN')),
    static_token(is_first, 3, known_as('GENDER', gender)),
    static_token(is_first, 4, known_as('MARITAL', marital_status)),
    static_token(is_first, 5, known_as('RACE', race)),
    static_token(is_first and exists (from bmi_quantiles), 6, 'BMI//' || coalesce('Q' || bmi_decile, 'UNKNOWN')),
    special_token(admittime, before_admission, 7, 'HOSPITAL_ADMISSION'),
    special_token(admittime, before_admission, 8, known_as('ADMISSION_TYPE', admission_type)),
    special_token(admittime, before_admission, 9, known_as('INSURANCE', insurance)),
    special_token(died, before_death, 10, 'MEDS_DEATH'),
    special_token(if(dischtime is null, null, ended), before_end, 11, 'HOSPITAL_DISCHARGE'),
    special_token(if(dischtime is null, null, ended), before_end, 12, known_as('DISCHARGE_LOCATION', discharge_location)),
    special_token(if(dischtime is null or not exists (from drg_groups), null, ended), before_end, 13, known_as('DRG', drg)),
    special_token(died_later, events, 14, 'MEDS_DEATH'),
    special_token(if(is_last, greatest(last_instant, ended, died, died_later), null), events, 15, 'TIMELINE_END')
  ], recursive := true)
  from known
)
select
  subject_id,
  hadm_id,
  code,
  code_type,
  instant as event_time,
  hours_between(instant, admittime) as time_offset_hours,
  place::integer as place,
  (row_number() over (partition by subject_id, hadm_id order by place, instant nulls first, kind))::integer as rank
from listed
where code is not null
order by subject_id, hadm_id, rank
