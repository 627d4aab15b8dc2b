-- none: no tokens of time; a model reads time from the offsets.
create or replace temp macro time_tokens(hours, hours_before, gap_us, days_between_visits) as []::varchar[];
