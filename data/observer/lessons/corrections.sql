-- What failed and then succeeded on one signature: under another configuration that has not failed so since, or under
-- the same one when the run was tried again.
with read as materialized (
  select sig_hash, error_group, config_hash, config, scope, seen_at, success from events
), failures as (
  select sig_hash, error_group, config_hash, scope, seen_at from read
  where not success and error_group is not null
), successes as (
  select sig_hash, config_hash, scope, seen_at from read where success
), failed as (
  select sig_hash, error_group, config_hash, count(*) as failures, count(distinct scope) as failed_scopes,
    min(seen_at) as first_failure, max(seen_at) as last_failure
  from failures group by all
), configurations as (
  select config_hash, min(config) as config from read where config_hash is not null group by config_hash
), mended as (
  select failed.sig_hash, failed.error_group, failed.config_hash, successes.config_hash as to_config,
    count(*) as successes, count(distinct scope) as scopes, min(seen_at) as first_success
  from failed join successes
    on successes.sig_hash = failed.sig_hash and successes.config_hash is distinct from failed.config_hash
    and successes.seen_at > failed.last_failure
  where not exists (
    select 1 from failed as again
    where again.error_group = failed.error_group and again.config_hash = successes.config_hash
      and again.last_failure > failed.last_failure)
  group by all
), retried as (
  select f.sig_hash, f.error_group, f.config_hash, count(*) as successes, count(distinct f.scope) as scopes,
    min(s.seen_at) as first_success
  from failures f asof join successes s
    on s.sig_hash = f.sig_hash and s.scope = f.scope and s.config_hash is not distinct from f.config_hash
    and f.seen_at < s.seen_at
  group by all
), found as (
  select 'configuration' as how, sig_hash, error_group, config_hash as from_config, to_config, successes, scopes,
    first_success from mended
  union all
  select 'retry', sig_hash, error_group, config_hash, config_hash, successes, scopes, first_success from retried
)
select
  left(sha256(concat_ws(chr(31), how, found.error_group, coalesce(from_config, ''), coalesce(to_config, ''))), 16)
    as correction_id,
  how, found.sig_hash, found.error_group, from_config, to_config,
  case when how = 'configuration' then difference_of(before.config, after.config) end as difference,
  failures, failed_scopes, successes, scopes, scopes / successes as confidence,
  first_failure, last_failure, first_success
from found
join failed on failed.sig_hash = found.sig_hash and failed.error_group = found.error_group
  and failed.config_hash is not distinct from from_config
left join configurations as before on before.config_hash = from_config
left join configurations as after on after.config_hash = to_config
