-- The settings that runs were under.
select config_hash, min(config) as config, count(*) as events, count(*) filter (success) as succeeded,
  count(distinct scope) as scopes, min(seen_at) as first_seen, max(seen_at) as last_seen
from events
where config_hash is not null
group by config_hash
