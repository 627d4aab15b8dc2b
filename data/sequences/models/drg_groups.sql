-- drg_groups: the diagnosis-related groups that stays are billed by, each with its number of stays.
-- from: raw_drgcodes
-- order: drg

select drg_of(drg_type, drg_code) as drg, count(distinct hadm_id) as stays
from raw_drgcodes
where drg_drop(hadm_id, drg_type, drg_code) is null
group by drg
order by drg

-- drops
select drg_drop(hadm_id, drg_type, drg_code) as reason, count(*) as rows
from raw_drgcodes
where reason is not null
group by reason
