-- top_200_labs: the laboratory items measured most often during hospital stays.
-- from: raw_labevents
-- order: rank

with counted as (
  select
    itemid,
    count(*) as freq,
    count(valuenum) filter (isfinite(valuenum)) as n_numeric,
    sum(freq) over () as total
  from raw_labevents
  where hadm_id is not null and in_population(subject_id)
  group by itemid
)
select
  row_number() over (order by if(getvariable('top_labs_by') = 'numeric', n_numeric, freq) desc, itemid)::integer as rank,
  itemid,
  freq,
  100.0 * freq / total as pct,
  n_numeric
from counted
qualify rank <= getvariable('top_labs')
order by rank
