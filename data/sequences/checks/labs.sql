-- A5: the frequent items are as many as there are, ranked by frequency and then by item
select (count(*) <> least(getvariable('top_labs'),
      (select count(distinct itemid) from raw_labevents where hadm_id is not null and in_population(subject_id))))::int
  + coalesce(sum((rank <> expected)::int), 0)
from (
  select rank, row_number() over (order by if(getvariable('top_labs_by') = 'numeric', n_numeric, freq) desc, itemid) as expected
  from top_200_labs
)

-- A6: no item outside is more frequent than the last one inside
with counted as (
  select itemid, count(*) as freq, count(*) filter (isfinite(valuenum)) as n_numeric
  from raw_labevents where hadm_id is not null and in_population(subject_id) group by itemid
),
ranked as (select itemid, if(getvariable('top_labs_by') = 'numeric', n_numeric, freq) as measure from counted),
last as (select itemid, measure from ranked semi join top_200_labs using (itemid) order by measure, itemid desc limit 1)
select count(*) from ranked anti join top_200_labs using (itemid), last
where ranked.measure > last.measure or (ranked.measure = last.measure and ranked.itemid < last.itemid)

-- A7: the shares are the frequencies over all rows
with total as (select count(*) as n from raw_labevents where hadm_id is not null and in_population(subject_id))
select count(*) filter (abs(pct - 100.0 * freq / n) > 1e-9) + (sum(pct) > 100 + 1e-9)::int
from top_200_labs, total

-- A8: deciles are of frequent items, ordered, finite and within the item's values
with extent as (
  select itemid, min(valuenum) as low, max(valuenum) as high from raw_labevents
  where isfinite(valuenum) and in_population(subject_id) group by itemid
)
select count(*) from lab_quantiles
left join top_200_labs using (itemid)
left join extent using (itemid)
where rank is null or low > q1 or q9 > high
  or not (q1 <= q2 and q2 <= q3 and q3 <= q4 and q4 <= q5 and q5 <= q6 and q6 <= q7 and q7 <= q8 and q8 <= q9)
  or not (isfinite(q1) and isfinite(q9))

-- A9: a sample is used exactly when it has a thousand values
with counted as (
  select itemid, count(*) as n, count(*) filter (sampled(labevent_id)) as n_sampled
  from raw_labevents where isfinite(valuenum) and in_population(subject_id) group by itemid
)
select count(*) from lab_quantiles as q join counted using (itemid)
where q.n_total <> n
  or q.sampled <> (n_sampled >= 1000 and getvariable('quantile_sample') < 1)
  or q.n_used <> if(q.sampled, n_sampled, n)

-- A10: each decile is the interpolation between its two neighbours
with ranked as (
  select itemid, valuenum, row_number() over (partition by itemid order by valuenum) - 1 as i
  from raw_labevents join lab_quantiles as q using (itemid)
  where isfinite(valuenum) and in_population(subject_id) and (sampled(labevent_id) or not q.sampled)
),
decile as (
  select itemid, n_used, k, [q1, q2, q3, q4, q5, q6, q7, q8, q9][k] as stored
  from lab_quantiles, range(1, 10) t(k)
)
select count(*) from decile
join ranked as lo on lo.itemid = decile.itemid and lo.i = (n_used - 1) * k // 10
left join ranked as hi on hi.itemid = decile.itemid and hi.i = (n_used - 1) * k // 10 + 1
where abs(stored - (lo.valuenum + coalesce(hi.valuenum - lo.valuenum, 0) * ((n_used - 1) * k % 10) / 10.0)) > 1e-9 * greatest(1, abs(stored))

-- A11: a frequent item without deciles has no number
select count(*) from raw_labevents
semi join (select itemid from top_200_labs anti join lab_quantiles using (itemid)) using (itemid)
where isfinite(valuenum) and in_population(subject_id)

-- A19: each laboratory token has a value, a time, a frequent item and one of ten deciles
select count(*) from stg_labs left join top_200_labs using (itemid)
where rank is null or event_time is null
  or not regexp_full_match(code, 'LAB:' || itemid || '_(Q([1-9]|10)|NULL)')
  or (valuenum is null and (getvariable('lab_null') = 'drop' or not ends_with(code, '_NULL')))

-- A20: the decile counts the limits below the value
with long as (
  select itemid, unnest([q1, q2, q3, q4, q5, q6, q7, q8, q9]) as q from lab_quantiles
),
counted as (
  select src_id, any_value(code) as code, any_value(itemid) as itemid, 1 + count(*) filter (q < valuenum) as decile
  from stg_labs join long using (itemid) where valuenum is not null group by src_id
)
select count(*) from counted where code <> 'LAB:' || itemid || '_Q' || decile

-- A21: a laboratory result appears at most once
select count(src_id) - count(distinct src_id) from stg_labs

-- A22: recorded labs keep their admission, and none of those that should be there is missing
with expected as (
  select labevent_id, l.hadm_id from (from raw_labevents semi join lab_quantiles using (itemid)) as l
  left join stg_admissions as a on a.subject_id = l.subject_id and a.hadm_id = l.hadm_id
  where l.hadm_id is not null and lab_drop(valuenum, charttime) is null and not too_early(charttime, a.admittime)
),
kept as (select src_id as labevent_id, hadm_id from stg_labs where hadm_source = 'recorded')
select (select count(*) from (from expected except from kept)) + (select count(*) from (from kept except from expected))

-- A23: a lab given to a stay was taken in it, and in none that began later
select count(*) from stg_labs as l join stg_admissions as a using (subject_id, hadm_id)
where hadm_source = 'in_stay' and (
  not event_time between a.admittime and stay_end(a.admittime, a.dischtime)
  or (getvariable('backfill') = 'in_stay' and exists (
    select 1 from stg_admissions as b
    where b.subject_id = l.subject_id and l.event_time between b.admittime and stay_end(b.admittime, b.dischtime)
      and b.admittime > a.admittime)))

-- A24: a lab given to the next stay was taken within the window before it, in no stay, and no stay lies between
select count(*) from stg_labs as l join stg_admissions as a using (subject_id, hadm_id)
where hadm_source = 'pre_24h' and (
  not (l.event_time < a.admittime and l.event_time >= a.admittime - to_hours(getvariable('backfill_hours')))
  or exists (
    select 1 from stg_admissions as b
    where b.subject_id = l.subject_id and (
      (b.admittime >= l.event_time and b.admittime < a.admittime)
      or (getvariable('backfill') = 'in_stay' and l.event_time between b.admittime and stay_end(b.admittime, b.dischtime)))))

-- A25: every lab without an admission that some stay can take is taken
with homeless as (
  select labevent_id, subject_id, charttime from raw_labevents semi join lab_quantiles using (itemid)
  where hadm_id is null and lab_drop(valuenum, charttime) is null
)
select count(distinct labevent_id) from homeless as l
join stg_admissions as a on a.subject_id = l.subject_id
  and l.charttime >= a.admittime - to_hours(getvariable('backfill_hours'))
  and l.charttime <= if(getvariable('backfill') = 'pre24h', a.admittime, stay_end(a.admittime, a.dischtime))
where labevent_id not in (select src_id from stg_labs where hadm_source <> 'recorded')

-- A26: deciles hold a tenth each of the values they were made from, but for ties
with fitted as (
  select l.itemid, valuenum, q.n_used, decile_of(valuenum, q1, q2, q3, q4, q5, q6, q7, q8, q9) as decile,
    count(*) over (partition by l.itemid, valuenum) as tied
  from raw_labevents as l join lab_quantiles as q using (itemid)
  where isfinite(valuenum) and in_population(subject_id) and (sampled(labevent_id) or not q.sampled)
),
share as (
  select itemid, decile, any_value(n_used) as n, count(*) / any_value(n_used)::double as share, max(tied) / any_value(n_used)::double as tie
  from fitted group by itemid, decile
)
select count(*) from share where abs(share - 0.1) > 2.0 / n + 2 * (select max(tie) from share as s where s.itemid = share.itemid)
