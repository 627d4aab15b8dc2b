-- admission_bins: a token wherever the phase of the stay changes, counted from admission.
create or replace temp macro phase(hours) as
  case
    when hours < 0 then 'TIME_PRE'
    when hours < 1 then 'TIME_0-1H'
    when hours < 6 then 'TIME_1-6H'
    when hours < 24 then 'TIME_6-24H'
    when hours < 72 then 'TIME_1-3D'
    when hours < 168 then 'TIME_3-7D'
    else 'TIME_7D+'
  end;
create or replace temp macro time_tokens(hours, hours_before, gap_us, days_between_visits) as
  if(hours_before is null or phase(hours) <> phase(hours_before), [phase(hours)], []);
