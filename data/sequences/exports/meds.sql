-- meds_events: what the MEDS export holds, one row an event, before it is split and sorted.
-- Needs events_merged, stg_admissions, raw_admissions, raw_patients, raw_labevents.

create or replace temp view meds_events as
-- Codes known only at discharge stand there, so that nothing before it can be learned from them.
select
  e.subject_id::bigint as subject_id,
  case
    when e.code_type = 'diagnosis' and getvariable('meds_dx_time') = 'discharge' then stay_end(a.admittime, a.dischtime)
    when e.code_type = 'diagnosis' then a.admittime
    when e.code_type = 'lab' and getvariable('lab_time') = 'store' then coalesce(l.storetime, e.event_time)
    else coalesce(e.event_time, a.admittime)
  end as time,
  e.meds_code as code,
  e.numeric_value::float as numeric_value,
  e.hadm_id::bigint as hadm_id,
  e.visit_seq,
  e.event_seq,
  e.code as token
from events_merged as e
join stg_admissions as a using (subject_id, hadm_id)
left join lab_store_times as l on e.code_type = 'lab' and l.labevent_id = e.src_id

union all
select a.subject_id, a.admittime, meds_code('HOSPITAL_ADMISSION', trimmed(r.admission_type), trimmed(r.admission_location)),
  null, a.hadm_id, a.visit_seq, null, null
from stg_admissions as a join raw_admissions as r using (hadm_id)

union all
select a.subject_id, stay_end(a.admittime, a.dischtime), 'HOSPITAL_DISCHARGE//' || coalesce(trimmed(r.discharge_location), 'UNK'),
  null, a.hadm_id, a.visit_seq, null, null
from stg_admissions as a join raw_admissions as r using (hadm_id)
where a.dischtime is not null

union all
select subject_id, null, 'GENDER//' || coalesce(trimmed(gender), 'UNK'), null, null, null, null, null
from raw_patients

union all
select subject_id, make_timestamp(anchor_year - anchor_age, 1, 1, 0, 0, 0), 'MEDS_BIRTH', null, null, null, null, null
from raw_patients
where anchor_year is not null and anchor_age is not null

union all
select p.subject_id, coalesce(min(r.deathtime), any_value(p.dod)::timestamp) as time, 'MEDS_DEATH', null, null, null, null, null
from raw_patients as p left join raw_admissions as r using (subject_id)
group by p.subject_id
having time is not null;
