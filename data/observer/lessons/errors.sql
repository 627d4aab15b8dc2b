-- Failures that read alike under one kind and signature.
select
  error_group,
  min(event_kind) as event_kind,
  min(sig_hash) as sig_hash,
  min(role) as role,
  min(error_pattern) as pattern,
  count(*) as count,
  count(distinct scope) as scopes,
  count(distinct scope) / count(*) as confidence,
  min(seen_at) as first_seen,
  max(seen_at) as last_seen,
  count(distinct config_hash) as configurations,
  list_sort(list(distinct source))[1:5] as sources,
  list_transform(min(id, 3), lambda x: ref(x)) as examples,
  cause_of(min(error_pattern)) as cause,
  action_of(min(error_pattern)) as action
from events
where not success and error_group is not null
group by error_group
