-- published: the numbers of rows of the release that was read, as its publisher gives them; empty when it is none of these.
-- Invented data can have a hundred patients too, so of the demo one other table must have its number as well.
create or replace temp table published as
with known as (
  select * from (values
    (100, 'admissions', 275), (100, 'diagnoses_icd', 4506), (100, 'procedures_icd', 722),
    (100, 'prescriptions', 18087), (100, 'labevents', 107727),
    (299712, 'admissions', 431231), (299712, 'diagnoses_icd', 4756326), (299712, 'procedures_icd', 669186),
    (299712, 'prescriptions', 15416708), (299712, 'labevents', 118171367),
    (364627, 'admissions', 546028), (364627, 'diagnoses_icd', 6364488), (364627, 'procedures_icd', 859655),
    (364627, 'prescriptions', 20292611), (364627, 'labevents', 158374764)
  ) t(patients, source, rows)
)
select source, known.rows from known
where patients = (select i.rows + i.rejects from imports as i where i.source = 'patients')
  and (patients > 100 or exists (
    select 1 from imports as i join known as k using (source) where k.patients = 100 and i.rows + i.rejects = k.rows));
