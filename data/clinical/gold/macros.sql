-- Visits are many, whatever the planner guesses of a view: below this number it would pair each with every list.
set asof_loop_join_threshold = 0;

-- The name-based UUID (version 5) of a name in a namespace given as 32 hex digits.
create or replace temp macro uuid5_of_hash(h) as
  h[1:8] || '-' || h[9:12] || '-5' || h[14:16] || '-' || substr('89ab89ab89ab89ab', strpos('0123456789abcdef', h[17]), 1)
    || h[18:20] || '-' || h[21:32];
create or replace temp macro uuid5(namespace, name) as uuid5_of_hash(sha1(unhex(namespace) || encode(name)));

-- The names and the codes of a list of {display, code}, each as a list.
create or replace temp macro coded(listed) as struct_pack(
  displays := coalesce(list_transform(listed, lambda l: l.display), []),
  codes := coalesce(list_transform(listed, lambda l: l.code), []));
create or replace temp macro some_coded(known) as struct_pack(
  displays := coalesce(known.displays, []), codes := coalesce(known.codes, []));
