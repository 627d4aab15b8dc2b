-- One row a run and signature: how it went and what it took.
select
  scope as run_id,
  sig_hash,
  min(event_kind) as event_kind,
  min(source) as source,
  max(staffer_id) as staffer_id,
  max_by(config_hash, seen_at) as config_hash,
  max_by(success, (seen_at, id)) as success,
  count(*) as events,
  count(*) filter (success) as succeeded,
  count(*) filter (not success) as failed,
  coalesce(sum(filled) / nullif(sum(count) filter (filled is not null), 0),
    count(*) filter (success) / count(*)) as fill_rate,
  avg(turns) as turns_per_event,
  avg(citations) as citations_per_event,
  count(*) filter (rescue_attempted) as rescues_attempted,
  count(*) filter (rescue_succeeded) as rescued,
  min(seen_at) as started_at,
  max(seen_at) as ended_at,
  sum(duration_ms) as busy_ms
from events
group by scope, sig_hash
