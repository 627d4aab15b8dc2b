-- What each actor can, with every part of the sum. A part that nothing is known of is left out and the weights of the
-- others grow; who has few runs is thought to be average.
with sums as (
  select staffer_id, count(distinct scope) as runs, count(*) as events,
    coalesce(sum(filled) / nullif(sum(count) filter (filled is not null), 0),
      count(*) filter (success) / count(*)) as fill_rate,
    avg(turns) as turns_per_event, avg(citations) as citations_per_event,
    count(*) filter (rescue_attempted) as rescues_attempted, count(*) filter (rescue_succeeded) as rescued,
    min(seen_at) as first_seen, max(seen_at) as last_seen
  from events
  where staffer_id is not null
  group by staffer_id
), parts as (
  select *,
    case when turns_per_event is not null
      then greatest(0, least(1, ($turns_max - turns_per_event) / ($turns_max - $turns_min))) end as turn_efficiency,
    case when citations_per_event is not null
      then least(1, citations_per_event / $citations_full) end as citation_density,
    rescued / nullif(rescues_attempted, 0) as rescue_rate
  from sums
), weighed as (
  select *,
    $w_fill + if(turn_efficiency is null, 0, $w_turns) + if(citation_density is null, 0, $w_citations)
      + if(rescue_rate is null, 0, $w_rescue) as weights,
    $w_fill * least(1, fill_rate) + coalesce($w_turns * turn_efficiency, 0)
      + coalesce($w_citations * citation_density, 0) + coalesce($w_rescue * rescue_rate, 0) as sum
  from parts
)
select * exclude (sum),
  sum / weights as raw_competence,
  if(runs >= $runs_full, sum / weights, $average + (sum / weights - $average) * runs / $runs_full) as competence
from weighed
