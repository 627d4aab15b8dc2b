-- lab_quantiles: the nine deciles of each frequent item, from a tenth of its values or, where that is few, all.
-- from: raw_labevents, top_200_labs
-- order: itemid

-- Not quantile_cont: its rounding makes q1 > q2 on real data and moves labels. Here two neighbours that are
-- equal give exactly their value, and all else is one linear interpolation in doubles.
with numeric_rows as (
  select itemid, valuenum, sampled(labevent_id) as in_sample
  from raw_labevents
  semi join top_200_labs using (itemid)
  where isfinite(valuenum) and in_population(subject_id)
),
counted as (
  select
    itemid,
    count(*) as n_total,
    count(*) filter (in_sample) as n_sampled,
    n_sampled >= 1000 and getvariable('quantile_sample') < 1 as sampled
  from numeric_rows
  group by itemid
),
sorted as (
  select itemid, list_sort(list(valuenum)) as v
  from numeric_rows
  join counted using (itemid)
  where in_sample or not sampled
  group by itemid
)
select
  itemid,
  n_total,
  len(v) as n_used,
  sampled,
  decile(v, 1) as q1,
  decile(v, 2) as q2,
  decile(v, 3) as q3,
  decile(v, 4) as q4,
  decile(v, 5) as q5,
  decile(v, 6) as q6,
  decile(v, 7) as q7,
  decile(v, 8) as q8,
  decile(v, 9) as q9
from sorted
join counted using (itemid)
