-- The name-based UUID (version 5) of a name in a namespace given as 32 hex digits.
create or replace temp macro uuid5(namespace, name) as
  list_transform([sha1(unhex(namespace) || encode(name))], lambda h:
    h[1:8] || '-' || h[9:12] || '-5' || h[14:16] || '-' || substr('89ab89ab89ab89ab', strpos('0123456789abcdef', h[17]), 1)
    || h[18:20] || '-' || h[21:32])[1];
