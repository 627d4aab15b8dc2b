-- cehr: one token between two visits, by the days from one's end to the other's beginning.
create or replace temp macro time_tokens(hours, hours_before, gap_us, days_between_visits) as
  case
    when days_between_visits is null then []
    when days_between_visits < 0 then ['W-1']
    when days_between_visits < 28 then ['W' || (days_between_visits // 7)]
    when days_between_visits < 360 then ['M' || (days_between_visits // 30)]
    else ['LT']
  end;
