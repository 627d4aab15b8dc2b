-- Failures that read alike under one kind and signature. Examples are runs, as the log's references name them.
with runs as (
  select
    error_group,
    scope,
    min(event_kind) as event_kind,
    min(sig_hash) as sig_hash,
    min(role) as role,
    min(error_pattern) as pattern,
    count(*) as count,
    min(seen_at) as first_seen,
    max(seen_at) as last_seen,
    list(distinct config_hash) as configurations,
    list(distinct source) as sources
  from events
  where not success and error_group is not null
  group by error_group, scope
)
select
  error_group,
  min(event_kind) as event_kind,
  min(sig_hash) as sig_hash,
  min(role) as role,
  min(pattern) as pattern,
  sum(count)::bigint as count,
  count(*) as scopes,
  count(*) / sum(count) as confidence,
  min(first_seen) as first_seen,
  max(last_seen) as last_seen,
  len(list_distinct(flatten(list(configurations)))) as configurations,
  list_sort(list_distinct(flatten(list(sources))))[1:5] as sources,
  list_transform(min(scope, 3), lambda x: ref(x)) as examples,
  cause_of(min(pattern)) as cause,
  action_of(min(pattern)) as action
from runs
group by error_group
