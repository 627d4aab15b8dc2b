-- Every check is a query for how many violations there are. `records` holds the number of data lines of each
-- source, counted from its quotes and line ends alone; `imports` what the import said of it.

-- A1: each data line of a source is a row or a reject
select count(*) from records join imports using (source) where records.lines <> imports.rows + imports.rejects

-- A2: a known release has its published number of rows
select count(*) from published left join imports using (source)
where published.rows is distinct from imports.rows + imports.rejects

-- A3: codes are text with their leading zeros
with kept as (
  select distinct 'diagnoses_icd' as source, icd_code from raw_diagnoses_icd
  union all
  select distinct 'procedures_icd', icd_code from raw_procedures_icd
)
select (select count(*) from (describe kept) where column_name = 'icd_code' and column_type <> 'VARCHAR')
  + (select count(*) from (from kept except from source_icd_codes))
  + (select count(*) from (from source_icd_codes except from kept) join imports using (source) where rejects = 0)

-- A4: hadm_id and labevent_id are unique
select (select count(hadm_id) - count(distinct hadm_id) from raw_admissions)
  + (select count(labevent_id) - count(distinct labevent_id) from raw_labevents)
