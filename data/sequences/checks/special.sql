-- A51: tokens of the body mass index and of the diagnosis-related group are those that the sources tell
with stay as (
  select a.*, a.visit_seq = min(a.visit_seq) over (partition by a.subject_id) as is_first
  from stg_admissions as a semi join events_merged using (subject_id, hadm_id)
),
measured as (
  select subject_id, bmi
  from (
    select s.subject_id, bmi_of(result_name, result_value) as bmi,
      row_number() over (partition by s.subject_id order by chartdate desc, seq_num desc, bmi desc) as age
    from stay as s join raw_omr as o on o.subject_id = s.subject_id and o.chartdate <= s.admittime
    where is_first and bmi is not null
  ) where age = 1
),
wanted as (
  select s.hadm_id, 'BMI//' || if(m.bmi is null, 'UNKNOWN', 'Q' || (1 + count(*) filter (q < m.bmi))) as code
  from stay as s
  left join measured as m using (subject_id),
    (select unnest([q1, q2, q3, q4, q5, q6, q7, q8, q9]) as q from bmi_quantiles)
  where is_first
  group by s.hadm_id, m.bmi
  union all
  select s.hadm_id, 'DRG//' || coalesce(min(drg_of(drg_type, drg_code)), 'UNKNOWN')
  from stay as s left join raw_drgcodes as d using (hadm_id)
  where s.dischtime is not null and exists (from raw_drgcodes where drg_drop(hadm_id, drg_type, drg_code) is null)
  group by s.hadm_id
),
kept as (select hadm_id, code from tokens_final where code_type in ('special', 'static') and regexp_matches(code, '^(BMI|DRG)//'))
select (select count(*) from (from kept except all from wanted)) + (select count(*) from (from wanted except all from kept))
where getvariable('special_tokens') = 'ethos'
