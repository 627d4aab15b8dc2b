-- bmi_quantiles: the nine deciles of the body mass index, from all of its values; no row in a release without any.
-- from: raw_omr
-- order: n_used

with value as (
  select bmi_of(result_name, result_value) as bmi, count(*) as n
  from raw_omr
  where bmi is not null and in_population(subject_id)
  group by bmi
),
running as (
  select bmi, sum(n) over (order by bmi)::bigint as upto, sum(n) over ()::bigint as n_used
  from value
)
select
  n_used,
  decile(bmi, upto, n_used, 1) as q1,
  decile(bmi, upto, n_used, 2) as q2,
  decile(bmi, upto, n_used, 3) as q3,
  decile(bmi, upto, n_used, 4) as q4,
  decile(bmi, upto, n_used, 5) as q5,
  decile(bmi, upto, n_used, 6) as q6,
  decile(bmi, upto, n_used, 7) as q7,
  decile(bmi, upto, n_used, 8) as q8,
  decile(bmi, upto, n_used, 9) as q9
from running
group by n_used
order by n_used

-- drops
select if(is_bmi(result_name), 'no_number', 'no_bmi') as reason, count(*) as rows
from raw_omr
where bmi_of(result_name, result_value) is null
group by reason
