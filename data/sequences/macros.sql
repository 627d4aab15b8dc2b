-- What several models need. Settings are DuckDB variables, so every model can be run by hand:
-- set variable proc_time = 'raw'; and so on (settings.ts names them all).

-- Blanks, tabs and line ends at both ends; what is then empty is null.
create or replace temp macro trimmed(text) as nullif(trim(text, E' \t\r\n'), '');

-- Over rows that stand in an order already: whether a column differs from the row before, and the number of a row since
-- the last that began something, `n` being its number among all. Windows without an order read the rows one after
-- another as they come; with one they would sort them again, and sorting is what a build spends its time on.
create or replace temp macro changes(value) as value is distinct from lag(value) over ();
create or replace temp macro number_since(n, begins) as n - max(if(begins, n, null)) over (rows unbounded preceding) + 1;

-- An ICD code as a token part: no dots, upper case. Leading zeros stay.
create or replace temp macro icd_code_of(text) as upper(replace(trimmed(text), '.', ''));

-- Why a code makes no event; null when it does.
create or replace temp macro icd_drop(code) as
  case
    when code is null then 'no_code'
    when not regexp_full_match(code, '[A-Z0-9]+') then 'invalid_code'
  end;

create or replace temp macro admission_drop(subject_id, hadm_id, admittime) as
  case
    when hadm_id is null then 'no_hadm_id'
    when admittime is null then 'no_admittime'
    when subject_id is null then 'no_subject_id'
  end;

-- With no discharge time, or one before admission (typing errors, organ donors), the stay ends as it begins.
create or replace temp macro stay_end(admittime, dischtime) as
  case when dischtime >= admittime then dischtime else admittime end;

-- The slot 0.001 hours before admission, which means "diagnosis".
create or replace temp macro before_admission(admittime) as admittime - interval 3600000 microseconds;

create or replace temp macro hours_between(later, earlier) as (epoch_us(later) - epoch_us(earlier)) / 3.6e9;

-- The finaliser of murmur3 over a 32-bit id: the same rows whatever the engine, its threads or the order of the file.
create or replace temp macro xor_shift(x, bits) as xor(x, x >> bits);
create or replace temp macro murmur_mix(x) as
  xor_shift((xor_shift((xor_shift(x, 16) * 2246822507) % 4294967296, 13) * 3266489909) % 4294967296, 16);
create or replace temp macro id_hash(id) as murmur_mix((id::bigint & 4294967295)::ubigint);
create or replace temp macro sampled(id) as
  getvariable('quantile_sample') >= 1 or id_hash(id) < ceil(getvariable('quantile_sample') * 4294967296);

-- The same hash splits subjects for training, so the split is stable when subjects are added.
create or replace temp macro split_of(subject_id) as
  case
    when id_hash(subject_id) < ceil(0.8 * 4294967296) then 'train'
    when id_hash(subject_id) < ceil(0.9 * 4294967296) then 'tuning'
    else 'held_out'
  end;
create or replace temp macro in_population(subject_id) as
  getvariable('population') = 'all' or split_of(subject_id) = 'train';

-- Decile k of n values, given each different one with how many there are up to it: an aggregate over a group. Value
-- i, counted from 0, is the least with more than i up to it. Whole-number positions first: p // 10 and p % 10 are exact.
create or replace temp macro interpolate(lo, hi, r) as if(r = 0 or hi = lo, lo, lo + (hi - lo) * (r / 10.0::double));
create or replace temp macro nth_value_of(x, upto, i) as min(x) filter (upto > i);
create or replace temp macro decile(x, upto, n, k) as
  interpolate(nth_value_of(x, upto, ((n - 1) * k) // 10), nth_value_of(x, upto, ((n - 1) * k) // 10 + 1), ((n - 1) * k) % 10);

-- ICD versions in one vocabulary: codes as they are, with the version, or all as ICD-10.
create or replace temp macro map_needed(icd_version) as getvariable('icd') = 'icd10' and icd_version = 9;
create or replace temp macro icd_token(code, icd_version) as
  if(getvariable('icd') = 'versioned', icd_version || ':' || code, code);
-- The rows of a table of billing codes, each with its code, the one of ICD-10 where it is to be mapped, and the first
-- reason why it makes no event. Codes are few and rows many: each code is looked at once.
create or replace temp macro coded(billed, map_kind) as table
  with spelling as (
    select
      written.*,
      icd_code_of(written.icd_code) as icd,
      map.icd10,
      coalesce(icd_drop(icd), if(map_needed(written.icd_version) and map.icd10 is null, 'unmapped', null)) as code_drop
    from (select distinct icd_code, icd_version from query_table(billed)) as written
    left join icd10_of_icd9 as map
      on map.kind = map_kind and map.icd9 = if(map_needed(written.icd_version), icd_code_of(written.icd_code), null)
  )
  select b.*, icd, icd10, if(b.hadm_id is null, 'no_hadm_id', code_drop) as dropped
  from query_table(billed) as b
  join spelling as s
    on s.icd_code is not distinct from b.icd_code and s.icd_version is not distinct from b.icd_version;

create or replace temp macro medication_drop(hadm_id, drug, starttime) as
  case
    when hadm_id is null then 'no_hadm_id'
    when drug is null then 'no_drug'
    when starttime is null and getvariable('med_null_time') = 'drop' then 'no_starttime'
  end;

create or replace temp macro lab_drop(valuenum, charttime) as
  case
    when valuenum is null and getvariable('lab_null') = 'drop' then 'no_value'
    when valuenum is not null and not isfinite(valuenum) then 'nonfinite_valuenum'
    when charttime is null then 'no_charttime'
  end;

-- Recorded labs can lie long before their admission; by default they stay.
create or replace temp macro too_early(charttime, admittime) as
  coalesce(charttime < admittime + to_hours(getvariable('lab_min_offset_hours')), false);

-- The decile a value falls into: one more than the deciles below it. A value equal to a decile stays below.
create or replace temp macro decile_of(x, q1, q2, q3, q4, q5, q6, q7, q8, q9) as
  1 + (q1 < x)::int + (q2 < x)::int + (q3 < x)::int + (q4 < x)::int + (q5 < x)::int
    + (q6 < x)::int + (q7 < x)::int + (q8 < x)::int + (q9 < x)::int;
create or replace temp macro lab_token(itemid, decile) as 'LAB:' || itemid || coalesce('_Q' || decile, '_NULL');

-- Diagnoses are known at discharge and stand first all the same, unless the settings say otherwise.
create or replace temp macro leads(code_type) as
  code_type = 'diagnosis' and getvariable('event_order') = 'dx_first' and getvariable('dx_position') = 'admission';
create or replace temp macro trails(code_type) as
  code_type = 'diagnosis' and getvariable('dx_position') = 'discharge';

-- When an event counts as having happened, for its place in the order and its offset.
create or replace temp macro event_instant(code_type, event_time, admittime, dischtime) as
  case
    when trails(code_type) then stay_end(admittime, dischtime)
    when event_time is null then before_admission(admittime)
    when code_type = 'procedure' and getvariable('proc_time') = 'clamp' and event_time < admittime
      then admittime + interval 3600000 microseconds
    else event_time
  end;

create or replace temp macro instant_us(admittime, hours) as epoch_us(admittime) + round(hours * 3.6e9)::bigint;

-- The token of the class a gap of microseconds falls into, none below the first class; gaps of the last class
-- repeat it, once for each 180 days, halves rounded up.
create or replace temp macro minutes_us(minutes) as minutes::bigint * 60000000;
create or replace temp macro days_us(days) as days::bigint * 86400000000;
create or replace temp macro half_years(gap_us) as floor(gap_us / days_us(180)::double + 0.5)::bigint;

-- A code of the MEDS export: its parts between double slashes, UNK for one that is not known.
create or replace temp macro meds_code(prefix, first_part, last_part) as
  prefix || '//' || coalesce(first_part::varchar, 'UNK') || '//' || coalesce(last_part::varchar, 'UNK');

-- A token that is no event: its time (none for what holds of the subject as such), its place among the events, and
-- its kind, by which tokens of one time are ordered. Without a time or a reason it is none.
create or replace temp macro known_as(what, value) as what || '//' || coalesce(trimmed(value), 'UNKNOWN');
create or replace temp macro special_token(moment, after, kind, token) as {
  'code': if(moment is null, null, token), 'code_type': 'special', 'instant': moment, 'place': after, 'kind': kind};
create or replace temp macro static_token(wanted, kind, token) as {
  'code': if(wanted, token, null), 'code_type': 'static', 'instant': null::timestamp, 'place': 0::bigint, 'kind': kind};

-- A body mass index among the measurements of a subject; a word in place of its number is none.
create or replace temp macro is_bmi(result_name) as trimmed(result_name) in ('BMI (kg/m2)', 'BMI');
create or replace temp macro bmi_of(result_name, result_value) as
  case when is_bmi(result_name) and regexp_full_match(trimmed(result_value), '\d+(\.\d*)?') then try_cast(trimmed(result_value) as double) end;

-- Of a stay's groups the one that Medicare pays by. Files differ in its leading zeros, so they go.
create or replace temp macro drg_of(drg_type, drg_code) as
  case when upper(trimmed(drg_type)) = 'HCFA' then nullif(ltrim(upper(trimmed(drg_code)), '0'), '') end;
create or replace temp macro drg_drop(hadm_id, drg_type, drg_code) as
  case
    when hadm_id is null then 'no_hadm_id'
    when upper(trimmed(drg_type)) is distinct from 'HCFA' then 'another_type'
    when drg_of(drg_type, drg_code) is null then 'no_code'
  end;
