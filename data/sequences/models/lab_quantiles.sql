-- lab_quantiles: the nine deciles of each frequent item, from a tenth of its values or, where that is few, all.
-- from: raw_labevents, top_200_labs
-- order: itemid

-- Not quantile_cont: its rounding makes q1 > q2 on real data and moves labels. And not sorted lists: those lie in
-- memory, where counts of equal values, and their running sums, spill.
with value as (
  select itemid, valuenum, count(*) as n, count(*) filter (sampled(labevent_id)) as n_in_sample
  from raw_labevents
  semi join top_200_labs using (itemid)
  where isfinite(valuenum) and in_population(subject_id)
  group by itemid, valuenum
),
counted as (
  select
    itemid,
    sum(n)::bigint as n_total,
    sum(n_in_sample) >= 1000 and getvariable('quantile_sample') < 1 as sampled,
    if(sampled, sum(n_in_sample), n_total)::bigint as n_used
  from value
  group by itemid
),
running as (
  select counted.*, valuenum, sum(if(sampled, n_in_sample, n)) over (partition by itemid order by valuenum)::bigint as upto
  from value
  join counted using (itemid)
)
select
  itemid,
  n_total,
  n_used,
  sampled,
  decile(valuenum, upto, n_used, 1) as q1,
  decile(valuenum, upto, n_used, 2) as q2,
  decile(valuenum, upto, n_used, 3) as q3,
  decile(valuenum, upto, n_used, 4) as q4,
  decile(valuenum, upto, n_used, 5) as q5,
  decile(valuenum, upto, n_used, 6) as q6,
  decile(valuenum, upto, n_used, 7) as q7,
  decile(valuenum, upto, n_used, 8) as q8,
  decile(valuenum, upto, n_used, 9) as q9
from running
group by itemid, n_total, n_used, sampled
order by itemid
