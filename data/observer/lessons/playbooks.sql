-- What succeeded repeatedly under one signature: by one way (endpoint) and under one configuration. What followed a
-- playbook is counted as its trial and not as evidence for it, so no finding can lift itself.
with evidence as (
  select sig_hash, endpoint, config_hash, min(event_kind) as event_kind, min(role) as role, min(city) as city,
    min(state) as state, count(*) filter (success) as successes, count(distinct scope) filter (success) as scopes,
    count(*) filter (not success) as failures, median(duration_ms) filter (success) as typical_ms,
    min(seen_at) filter (success) as first_seen, max(seen_at) filter (success) as last_seen,
    min(config) as config
  from events
  where recalled is null
  group by sig_hash, endpoint, config_hash
), named as (
  select left(sha256(concat_ws(chr(31), sig_hash, coalesce(endpoint, ''), coalesce(config_hash, ''))), 16)
    as playbook_id, * from evidence
), trials as (
  select playbook_id, count(*) filter (success) as followed_succeeded, count(*) filter (not success) as followed_failed
  from (select unnest(from_json(recalled, '["VARCHAR"]')) as playbook_id, success from events where recalled is not null)
  group by playbook_id
)
select named.*,
  scopes / successes as confidence,
  successes / (successes + failures) as success_rate,
  coalesce(followed_succeeded, 0) as followed_succeeded,
  coalesce(followed_failed, 0) as followed_failed
from named left join trials using (playbook_id)
where scopes >= 2
