-- How FHIR's shapes become columns, one rule each. `j` is JSON as it stood in the bundle, or null.
-- A macro names its argument once where it can: DuckDB plans every copy, and plans are most of a small chunk's time.

-- The scalar at a path as text; an object or a list there is no scalar, so null.
create or replace temp macro scalar_at(j, path) as json_value(j, path) ->> '$';

-- The first of several paths that has a scalar other than ''.
create or replace temp macro first_scalar(j, paths) as
  list_filter(json_value(j, paths), lambda found: found <> '""')[1] ->> '$';

-- A scalar field read as text.
create or replace temp macro plain(t) as
  case when starts_with(t, '{') or starts_with(t, '[') then null else t end;

-- Whether a text is that of an object or a list: by the code of its first character, { or [.
create or replace temp macro is_tree(t) as ord(t) in (123, 91);

-- A list as a list; one object where a list is meant is a list of one; anything else is null.
create or replace temp macro as_list(j) as
  case
    when starts_with(j, '[') then from_json(j, '["JSON"]')
    when starts_with(j, '{') then [j::json]
  end;

-- The text after the last slash, else after the last colon, else all of it.
create or replace temp macro bare(reference) as
  coalesce(regexp_replace(reference, '(?s)^(?:.*/|[^/]*:)', ''), '');

-- Of these, the first path is where the value nearly always is; the others are looked at only when it is not there.

-- The id a Reference points to, or ''; of a list of references the first one counts. Nearly all begin with a UUID of
-- 36 characters, which stands where it can be cut out; what is a UUID has no slash, colon or escape in it.
create or replace temp macro reference_id(j) as
  case
    when starts_with(j, '{"reference":"urn:uuid:') and substr(j, 60, 1) = '"' and try_cast(substr(j, 24, 36) as uuid) is not null
      then substr(j, 24, 36)
    else bare(coalesce(nullif(scalar_at(j, '$.reference'), ''), scalar_at(j, '$[0].reference')))
  end;

-- The code of a CodeableConcept's first coding, or ''. Of a list of concepts the first one counts.
create or replace temp macro code_of(j) as
  coalesce(nullif(scalar_at(j, '$.coding[0].code'), ''),
    first_scalar(j, ['$[0].coding[0].code', '$.coding.code', '$[0].coding.code']), '');

-- The display of the first coding, else the concept's text, else ''. An empty display falls through to the text.
create or replace temp macro display_of(j) as
  coalesce(nullif(scalar_at(j, '$.coding[0].display'), ''),
    first_scalar(j, ['$[0].coding[0].display', '$.coding.display', '$[0].coding.display', '$.text', '$[0].text']), '');

-- The same where a list of concepts is what is meant, and looked for first.
create or replace temp macro first_code_of(j) as
  coalesce(nullif(scalar_at(j, '$[0].coding[0].code'), ''),
    first_scalar(j, ['$.coding[0].code', '$.coding.code', '$[0].coding.code']), '');
create or replace temp macro first_display_of(j) as
  coalesce(nullif(scalar_at(j, '$[0].coding[0].display'), ''),
    first_scalar(j, ['$.coding[0].display', '$.coding.display', '$[0].coding.display', '$.text', '$[0].text']), '');

-- A Coding without a concept around it, as imaging has them; a concept is read as well.
create or replace temp macro coding_code(j) as
  coalesce(nullif(scalar_at(j, '$.code'), ''), first_scalar(j, ['$[0].code', '$.coding[0].code']), '');
create or replace temp macro coding_display(j) as
  coalesce(first_scalar(j, ['$.display', '$[0].display', '$.coding[0].display', '$.text']), '');

-- An instant in UTC. Without an offset it is taken as UTC; a partial or impossible one is null, never filled in.
create or replace temp macro utc(t) as
  try_cast(upper(regexp_extract(t, '^(?:[1-9]\d{3}|0[1-9]\d\d|00[1-9]\d|000[1-9])-\d\d-\d\d(?:[Tt ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:[Zz]|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?)?$')) as timestamptz);

-- The calendar date as it is written, whatever the offset behind it.
create or replace temp macro day_as_written(t) as
  try_cast(regexp_extract(t, '^((?:[1-9]\d{3}|0[1-9]\d\d|00[1-9]\d|000[1-9])-\d\d-\d\d)(?:$|[Tt ])', 1) as date);

-- A number, given as one or as decimal text.
create or replace temp macro number(t) as
  try_cast(regexp_extract(t, '^\s*([+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?[0-2]?\d{1,2})?)\s*$', 1) as double);

-- A whole number; what follows the decimal point is cut off.
create or replace temp macro whole(t) as try_cast(trunc(number(t)) as integer);

create or replace temp macro truthy(t) as coalesce(lower(t) not in ('', 'false', '0', '0.0'), false);

-- Base64 as text, or null when it or the UTF-8 within is not valid. White space is looked for only where it must be there.
create or replace temp macro decoded(t) as
  coalesce(try(decode(from_base64(t))),
    case when regexp_matches(t, '\s') then try(decode(from_base64(regexp_replace(t, '\s+', '', 'g')))) end);

-- Whether a text has white space other than spaces and line ends, or what may be some. Most have none, and are cut at
-- spaces and line ends by what is quicker than expressions that look at every character.
create or replace temp macro has_odd_space(t) as
  case
    when strlen(t) = length(t)
      then contains(t, chr(9)) or contains(t, chr(11)) or contains(t, chr(12)) or contains(t, chr(13))
        or contains(t, chr(28)) or contains(t, chr(29)) or contains(t, chr(30)) or contains(t, chr(31))
    else regexp_matches(t, '[\t\v\f\r\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{3000}]')
  end;

-- Python's notion of a word: what stands between Unicode white space.
create or replace temp macro word_count(t, is_odd) as
  case
    when is_odd then len(regexp_extract_all(t, '[^\s\v\x1c-\x1f\x{85}\p{Z}]+'))
    else len(list_filter(string_split(array_to_string(string_split(t, chr(10)), ' '), ' '), lambda word: word <> ''))
  end::integer;

-- Markdown headings without their marks. A heading without a name, of which the first gives '', takes the next line for it.
create or replace temp macro plain_headings(t) as
  list_transform(list_filter(string_split(t, chr(10)), lambda line: starts_with(line, '#')), lambda line: trim(ltrim(line, '#')));
create or replace temp macro odd_headings(t) as
  list_transform(regexp_extract_all(t, '(?m)^#+\s*(.+)$', 1),
    lambda heading: regexp_replace(heading, '^[\s\p{Z}]+|[\s\p{Z}]+$', '', 'g'));

-- What names the sections of a note: headings and classic markers, in lower case.
create or replace temp macro section_labels(t, is_odd) as
  list_transform(
    list_concat(
      list_transform([case when not is_odd then plain_headings(t) end],
        lambda plain: case when is_odd or list_contains(plain, '') then odd_headings(t) else plain end)[1],
      case when contains(t, ':')
        then regexp_extract_all(t, '(?im)^\s*(subjective|objective|assessment|plan)\s*:', 1) end),
    lambda label: lower(label));

-- The US Core race or ethnicity: its text, else the display of its category.
create or replace temp macro us_core(extension, name) as
  coalesce(
    scalar_at(
      list_filter(
        as_list(list_filter(as_list(extension), lambda e: ends_with(scalar_at(e, '$.url'), name))[1] -> '$.extension'),
        lambda e: scalar_at(e, '$.url') = 'text')[1], '$.valueString'),
    scalar_at(
      list_filter(
        as_list(list_filter(as_list(extension), lambda e: ends_with(scalar_at(e, '$.url'), name))[1] -> '$.extension'),
        lambda e: scalar_at(e, '$.url') = 'ombCategory')[1], '$.valueCoding.display'));

-- What a report says it is about: its code and all its categories, in lower case.
create or replace temp macro subject_words(code, category) as
  lower(concat_ws(' ', display_of(code), list_aggregate(list_transform(as_list(category), lambda c: display_of(c)), 'string_agg', ' ')));

create or replace temp macro is_genomic(words) as
  regexp_matches(words, 'genetic|genomic|gene panel|dna|sequencing|variant');

create or replace temp macro is_ecg(words) as
  regexp_matches(words, 'ecg|ekg|electrocardiogram|electrocardiographic');

-- Whether fields may hold such words at all: a look at their JSON, which is far cheaper than taking the words out of it.
create or replace temp macro may_be_genomic(code, category) as
  regexp_matches(concat(code, category), '(?i)genetic|genomic|gene panel|dna|sequencing|variant');

create or replace temp macro may_be_ecg(code, category) as
  regexp_matches(concat(code, category), '(?i)ecg|ekg|electrocardiogra');

-- A pathogenic finding, unless the conclusion denies one.
create or replace temp macro says_pathogenic(conclusion) as
  coalesce(contains(lower(conclusion), 'pathogenic') and not regexp_matches(lower(conclusion),
    'no pathogenic|non-pathogenic|nonpathogenic|negative for pathogenic|without pathogenic|no clinically significant'), false);
