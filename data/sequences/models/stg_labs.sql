-- stg_labs: laboratory values as decile tokens, each in the admission it is recorded for or falls into.
-- from: raw_labevents, top_200_labs, lab_quantiles, stg_admissions
-- by: subject
-- order: subject_id, hadm_id, seq_num

with candidate as (
  select subject_id, hadm_id, labevent_id, itemid, charttime, valuenum, valueuom
  from raw_labevents
  semi join lab_quantiles using (itemid)
  where lab_drop(valuenum, charttime) is null
),
-- A lab without an admission belongs to the stay it was taken in (the one that began last) or else to the
-- next stay, when that begins within the window.
found as (
  select
    labevent_id,
    arg_min(
      a.hadm_id,
      row(charttime < a.admittime, if(charttime < a.admittime, 1, -1) * epoch_us(a.admittime), a.hadm_id)
    ) as hadm_id,
    bool_and(charttime < a.admittime) as before
  from candidate as c
  join stg_admissions as a on a.subject_id = c.subject_id
  where c.hadm_id is null
    and charttime >= a.admittime - to_hours(getvariable('backfill_hours'))
    and charttime <= if(getvariable('backfill') = 'pre24h', a.admittime, stay_end(a.admittime, a.dischtime))
  group by labevent_id
),
placed as (
  select *, 'recorded' as hadm_source from candidate where hadm_id is not null
  union all
  select c.* replace (f.hadm_id as hadm_id), if(f.before, 'pre_24h', 'in_stay')
  from candidate as c
  join found as f on f.labevent_id = c.labevent_id
  where c.hadm_id is null
),
-- An item has few units.
spelling as (
  select itemid, valueuom, meds_code('LAB', itemid, trimmed(valueuom)) as meds_code
  from candidate
  group by itemid, valueuom
),
sorted as (
  select p.*, meds_code, decile_of(valuenum, q1, q2, q3, q4, q5, q6, q7, q8, q9) as decile
  from placed as p
  join lab_quantiles as q on q.itemid = p.itemid
  join spelling as s on s.itemid = p.itemid and s.valueuom is not distinct from p.valueuom
  left join stg_admissions as a
    on getvariable('lab_min_offset_hours') is not null and a.subject_id = p.subject_id and a.hadm_id = p.hadm_id
  where not (hadm_source = 'recorded' and too_early(charttime, a.admittime))
  order by p.subject_id, p.hadm_id, charttime, labevent_id
),
counted as (
  select *, row_number() over () as n, changes(subject_id) or changes(hadm_id) as begins
  from sorted
)
select
  subject_id,
  hadm_id,
  lab_token(itemid, decile) as code,
  'lab' as code_type,
  charttime as event_time,
  number_since(n, begins)::integer as seq_num,
  labevent_id as src_id,
  itemid,
  valuenum,
  valueuom,
  hadm_source,
  meds_code
from counted

-- drops
with reasons as (
  select
    case
      when t.itemid is null then 'not_frequent_item'
      when q.itemid is null then 'no_deciles'
      when too_early(charttime, a.admittime) then coalesce(lab_drop(valuenum, charttime), 'before_min_offset')
      else lab_drop(valuenum, charttime)
    end as reason
  from raw_labevents as l
  left join top_200_labs as t on t.itemid = l.itemid
  left join lab_quantiles as q on q.itemid = l.itemid
  left join stg_admissions as a
    on getvariable('lab_min_offset_hours') is not null and a.subject_id = l.subject_id and a.hadm_id = l.hadm_id
),
counted as (
  select coalesce(reason, 'no_admission') as reason, count(*) as rows from reasons group by all
)
select reason, if(reason = 'no_admission', rows - (select count(*) from stg_labs), rows) as rows
from counted
