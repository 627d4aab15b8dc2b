-- The text of a signature: its ordered tuple as JSON, so that no two tuples read alike.
create or replace temp macro signature_text(kind, role, n, city, state) as
  '[' || coalesce(to_json(kind)::varchar, 'null') || ',' || coalesce(to_json(role)::varchar, 'null')
  || ',' || coalesce(n::varchar, 'null') || ',' || coalesce(to_json(city)::varchar, 'null')
  || ',' || coalesce(to_json(state)::varchar, 'null') || ']';

-- An error without what differs from one occurrence to the next. The order matters: what is quoted may hold a path,
-- a path may hold an id, and an id may hold numbers.
create or replace temp macro fold_error(message) as
  left(trim(
    regexp_replace(
    regexp_replace(
    regexp_replace(
    regexp_replace(
    regexp_replace(
    regexp_replace(
    regexp_replace(
    regexp_replace(
      left(message, 1000),
      '"[^"]*"|''[^'']*''|`[^`]*`|«[^»]*»|“[^”]*”', '<text>', 'g'),
      '[a-zA-Z][a-zA-Z0-9+.-]*://[^\s,;)]+', '<url>', 'g'),
      '[\w.+-]+@[\w-]+\.[\w.-]+', '<mail>', 'g'),
      '(?:[a-zA-Z]:)?(?:[\w.@~-]*[/\\])+[\w.@~=-]+', '<path>', 'g'),
      '\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F-]{17,}\b|\bref:\w+', '<id>', 'g'),
      '\b[\w-]*[0-9][\w-]*[a-zA-Z_][\w-]*\b|\b[a-zA-Z_][\w-]*[0-9][\w-]*\b', '<id>', 'g'),
      '[-+]?[0-9]+(?:[.,:][0-9]+)*', '#', 'g'),
      '\s+', ' ', 'g')
  ), 300);

-- As data/redact.ts writes it.
create or replace temp macro ref(value) as 'ref:' || left(sha256(value), 10);

-- The settings that differ between two configurations, as JSON.
create or replace temp macro difference_of(a, b) as (
  select to_json(list({'setting': k, 'before': a ->> ('$."' || k || '"'), 'after': b ->> ('$."' || k || '"')} order by k))::varchar
  from (select distinct unnest(list_concat(json_keys(coalesce(a, '{}')), json_keys(coalesce(b, '{}')))) as k)
  where (a ->> ('$."' || k || '"')) is distinct from (b ->> ('$."' || k || '"'))
);
