-- stg_admissions: the admissions of each subject in their order, with the days since the one before.
-- from: raw_admissions
-- by: subject
-- order: subject_id, visit_seq

select
  subject_id,
  hadm_id,
  admittime,
  dischtime,
  (row_number() over visits)::integer as visit_seq,
  (admittime::date - lag(admittime::date) over visits)::integer as days_since_prior
from raw_admissions
where admission_drop(subject_id, hadm_id, admittime) is null
window visits as (partition by subject_id order by admittime, hadm_id)
order by subject_id, visit_seq

-- drops
select admission_drop(subject_id, hadm_id, admittime) as reason, count(*) as rows
from raw_admissions
where reason is not null
group by reason
