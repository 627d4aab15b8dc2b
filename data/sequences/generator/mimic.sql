-- MIMIC-shaped tables out of nothing: the same for one seed, with the quirks that the real release has.
-- Variables: patients, labs (rows of labevents, about), seed, bad_rows (true plants rows that cannot be read).

-- A number in [0, 1) for the n-th thing of a kind. The kind moves n before the hash: hashed side by side, two
-- kinds would differ by a constant and what they decide would go together.
create or replace temp macro chance(kind, n) as
  (hash((hash(getvariable('seed')::bigint, kind) >> 2)::bigint + n) >> 11) / 9007199254740992.0;
create or replace temp macro pick(kind, n, choices) as choices[1 + floor(chance(kind, n) * len(choices))::int];
create or replace temp macro some_of(kind, n, most) as floor(chance(kind, n) * (most + 1))::int;

create or replace temp table gen_patients as
select
  10000000 + n as subject_id,
  pick('gender', n, ['F', 'M']) as gender,
  if(chance('old', n) < 0.05, 91, 18 + some_of('age', n, 70)) as anchor_age,
  2110 + some_of('year', n, 80) as anchor_year,
  pick('group', n, ['2008 - 2010', '2011 - 2013', '2014 - 2016', '2017 - 2019', '2020 - 2022']) as anchor_year_group,
  n
from range(getvariable('patients')) t(n);

create or replace temp table gen_admissions as
with stay as (
  select subject_id, p.n * 8 + v as k, v, anchor_year,
    make_timestamp(anchor_year, 1, 1, 0, 0, 0)
      + to_minutes((v * 180 * 1440 + some_of('admit', p.n * 8 + v, 200 * 1440))::bigint) as planned
  from gen_patients as p, range(8) visits(v)
  where v < if(chance('outpatient', p.n) < 0.15, 0, 1 + some_of('visits', p.n, if(chance('frequent', p.n) < 0.2, 7, 2)))
),
-- Some stays begin while the one before goes on, and some one minute after a death.
placed as (
  select *,
    case
      when chance('overlap', k) < 0.02 then coalesce(lag(planned) over visits + interval 30 hours, planned)
      else planned
    end as admittime,
    1 + floor(-ln(1 - chance('stay', k)) * 5 * 24)::int as hours
  from stay
  window visits as (partition by subject_id order by v)
)
select
  subject_id,
  20000000 + k * 7 + some_of('hadm', k, 6) as hadm_id,
  admittime,
  case
    when chance('undischarged', k) < 0.003 then null
    when chance('early', k) < 0.003 then admittime - interval 1 day
    else admittime + to_hours(hours) + to_minutes(some_of('minute', k, 59))
  end as dischtime,
  case when chance('death', k) < 0.02 then admittime + to_hours(hours) end as deathtime,
  pick('type', k, ['URGENT', 'EW EMER.', 'ELECTIVE', 'EU OBSERVATION', 'SURGICAL SAME DAY ADMISSION']) as admission_type,
  if(chance('provider', k) < 0.5, 'P' || some_of('provider', k, 999), null) as admit_provider_id,
  pick('from', k, ['EMERGENCY ROOM', 'PHYSICIAN REFERRAL', 'TRANSFER FROM HOSPITAL', null]) as admission_location,
  pick('to', k, ['HOME', 'HOME HEALTH CARE', 'SKILLED NURSING FACILITY', 'DIED', null]) as discharge_location,
  pick('payer', k, ['Medicare', 'Medicaid', 'Other', null]) as insurance,
  pick('language', k, ['ENGLISH', '?', null]) as language,
  pick('marital', k, ['SINGLE', 'MARRIED', 'WIDOWED', null]) as marital_status,
  pick('race', k, ['WHITE', 'BLACK/AFRICAN AMERICAN', 'ASIAN', 'UNKNOWN', 'OTHER']) as race,
  null::timestamp as edregtime,
  null::timestamp as edouttime,
  (chance('death', k) < 0.02)::int as hospital_expire_flag,
  k
from placed;

create or replace temp table gen_diagnoses as
select
  subject_id,
  hadm_id,
  s as seq_num,
  -- Leading zeros, the letters that both versions use, and blanks as a fixed-width dump leaves them.
  case
    when chance('padded', k * 64 + s) < 0.01 then rpad(code, 7, ' ')
    else code
  end as icd_code,
  version as icd_version
from (
  select *,
    if(chance('version', k) < 0.55, 9, 10) as version,
    if(version = 9,
      pick('dx9', k * 64 + s, ['0040', '4019', '25000', '42731', '5849', 'V1582', 'V5861', 'E8881', 'E8801', '0388', '2724', '41401']),
      pick('dx10', k * 64 + s, ['I10', 'E785', 'N179', 'E8881', 'E8801', 'I4891', 'Z7901', 'A419', 'J9601', 'K219'])) as code
  from gen_admissions, range(1, 26) t(s)
  where s <= 1 + some_of('diagnoses', k, 24)
);

create or replace temp table gen_procedures as
select
  subject_id,
  hadm_id,
  s as seq_num,
  (admittime + to_days(if(chance('before', k * 16 + s) < 0.1, -1, some_of('day', k * 16 + s, 4))))::date as chartdate,
  if(chance('version', k) < 0.55,
    pick('pr9', k * 16 + s, ['5491', '0066', '3893', '9671', '0040']),
    pick('pr10', k * 16 + s, ['0DB64Z3', '02HV33Z', '5A1955Z', '0W9G3ZZ'])) as icd_code,
  if(chance('version', k) < 0.55, 9, 10) as icd_version
from gen_admissions, range(1, 9) t(s)
where s <= some_of('procedures', k, 6);

create or replace temp table gen_prescriptions as
with ordered as (
  select subject_id, hadm_id, admittime, k * 64 + s as r
  from gen_admissions, range(1, 57) t(s)
  where s <= 5 + some_of('orders', k, 50)
),
started as (
  select *,
    30000000 + r as pharmacy_id,
    if(chance('nostart', r) < 0.01, null, admittime + to_hours(some_of('start', r, 120) - 2)) as starttime
  from ordered
)
select
  subject_id,
  hadm_id,
  pharmacy_id,
  starttime,
  starttime + to_hours(some_of('stop', r, 72) - 6) as stoptime,
  drug_type,
  case
    when chance('nodrug', r) < 0.002 then ''
    when chance('blank', r) < 0.02 then drug || ' '
    else drug
  end as drug
from (
  select *, 'MAIN' as drug_type,
    pick('drug', r, ['Aspirin', 'Heparin', 'Insulin', 'Furosemide', 'Lorazepam', 'Potassium Chloride', 'Acetaminophen', 'Metoprolol Tartrate', 'Vancomycin', '0.9% Sodium Chloride', 'Ondansetron']) as drug
  from started
  union all
  -- The fluid of an infusion shares the order's number.
  select *, 'BASE', pick('base', r, ['D5W', 'NS', 'SW'])
  from started
  where chance('infusion', r) < 0.25
);

-- Measured on some days before and between the stays; not everybody, and not always with a number.
create or replace temp table gen_omr as
with measured as (
  select p.subject_id, p.n * 8 + v as r, s as seq_num,
    make_date(anchor_year - 1, 1, 1) + (v * 150 + some_of('measured', p.n * 8 + v, 140))::int as chartdate,
    ['BMI (kg/m2)', 'Weight (Lbs)', 'Height (Inches)', 'Blood Pressure'][s] as result_name
  from gen_patients as p, range(8) visits(v), range(1, 5) results(s)
  where chance('seen', p.n) < 0.8 and v < some_of('seen', p.n, 7)
)
select
  subject_id,
  chartdate,
  seq_num,
  result_name,
  case
    when chance('unreadable', r * 4 + seq_num) < 0.005 then '___'
    when result_name = 'BMI (kg/m2)' then (16 + round(24 * chance('bmi', r), 1))::varchar
    when result_name = 'Weight (Lbs)' then (100 + some_of('weight', r, 200))::varchar
    when result_name = 'Height (Inches)' then (58 + some_of('height', r, 20))::varchar
    else (90 + some_of('systolic', r, 80)) || '/' || (50 + some_of('diastolic', r, 50))
  end as result_value
from measured;

-- Two systems of groups for most stays, the older one with and without leading zeros.
create or replace temp table gen_drgcodes as
select subject_id, hadm_id, 'HCFA' as drg_type,
  if(chance('zeros', k) < 0.5, lpad(drg::varchar, 3, '0'), drg::varchar) as drg_code,
  'GROUP ' || drg as description, null::integer as drg_severity, null::integer as drg_mortality
from (select *, 1 + some_of('drg', k, 120) * 8 as drg from gen_admissions)
where chance('billed', k) < 0.9
union all
select subject_id, hadm_id, 'APR', (1 + some_of('apr', k, 900))::varchar, 'GROUP OF ANOTHER KIND, WITH SEVERITY',
  1 + some_of('severity', k, 3), 1 + some_of('mortality', k, 3)
from gen_admissions
where chance('billed', k) < 0.9;

create or replace temp table gen_items as
select 50800 + i * 3 as itemid, 'Item ' || i as label, pick('fluid', i, ['Blood', 'Urine', 'Other Body Fluid']) as fluid,
  pick('category', i, ['Chemistry', 'Hematology', 'Blood Gas']) as category, i
from range(400) t(i);

create or replace temp table gen_labs as
with stays as (
  select list({'subject_id': subject_id, 'hadm_id': hadm_id, 'admittime': admittime,
    'hours': greatest(1, coalesce(date_diff('hour', admittime, dischtime), 24))} order by hadm_id) as all
  from gen_admissions
),
drawn as (
  select n, stays.all[1 + floor(chance('whose', n // 12) * len(stays.all))::bigint] as stay,
    -- A few items make most rows.
    50800 + 3 * floor(400 * power(chance('item', n), 2.5))::int as itemid,
    chance('when', n // 6) as t,
    chance('place', n) as place
  from range(getvariable('labs')) r(n), stays
)
select
  n + 1 as labevent_id,
  stay.subject_id as subject_id,
  case
    when place < 0.45 then null        -- outpatient
    when place < 0.53 then null        -- within the day before
    when place < 0.55 then null        -- in the stay, and nobody wrote it down
    else stay.hadm_id
  end as hadm_id,
  40000000 + n // 6 as specimen_id,
  itemid,
  if(chance('orderer', n) < 0.3, 'P' || some_of('orderer', n, 999), null) as order_provider_id,
  case
    when chance('undated', n) < 0.0005 then null
    when place < 0.45 then stay.admittime - to_days((2 + floor(t * 300))::int)
    when place < 0.53 then stay.admittime - to_minutes((t * 1440)::bigint)
    when place < 0.56 then stay.admittime + to_minutes((t * stay.hours * 60)::bigint)
    when place < 0.58 then stay.admittime - to_hours((t * 60)::bigint)
    else stay.admittime + to_minutes((t * stay.hours * 60)::bigint)
  end as charttime,
  charttime + to_minutes((30 + some_of('store', n, 300))::bigint) as storetime,
  case
    when itemid % 7 = 0 or chance('text', n) < 0.02 then null
    when itemid % 11 = 0 then 1.0 + (chance('value', n) < 0.2)::int     -- mostly one value
    else round(itemid % 97 + 10 * chance('value', n), 1 + (itemid % 2)::int)
  end as valuenum,
  case
    when itemid % 7 = 0 then 'NEG'
    when chance('text', n) < 0.02 then pick('text', n, ['<0.1', '___', 'MOD', null])
    else valuenum::varchar
  end as value,
  if(chance('unit', n) < 0.05, null, pick('unit', itemid, ['mg/dL', 'mEq/L', 'K/uL', '%'])) as valueuom,
  null::double as ref_range_lower,
  null::double as ref_range_upper,
  if(chance('flag', n) < 0.2, 'abnormal', null) as flag,
  pick('priority', n, ['ROUTINE', 'STAT', null]) as priority,
  case
    when chance('comment', n) < 0.01 then E'SEE "COMMENT"\nON THE NEXT LINE, PLEASE'
    when chance('comment', n) < 0.05 then '___'
  end as comments
from drawn;
