-- ethos_paper: thirteen classes of the gap since the subject's event before.
create or replace temp macro time_tokens(hours, hours_before, gap_us, days_between_visits) as
  case
    when gap_us is null or gap_us < minutes_us(5) then []
    when gap_us < minutes_us(15) then ['_5m-15m']
    when gap_us < minutes_us(60) then ['_15m-1h']
    when gap_us < minutes_us(120) then ['_1h-2h']
    when gap_us < minutes_us(360) then ['_2h-6h']
    when gap_us < minutes_us(720) then ['_6h-12h']
    when gap_us < days_us(1) then ['_12h-1d']
    when gap_us < days_us(3) then ['_1d-3d']
    when gap_us < days_us(7) then ['_3d-1w']
    when gap_us < days_us(14) then ['_1w-2w']
    when gap_us < days_us(30) then ['_2w-1mt']
    when gap_us < days_us(90) then ['_1mt-3mt']
    when gap_us < days_us(180) then ['_3mt-6mt']
    else list_transform(range(half_years(gap_us)), lambda i: '_=6mt')
  end;
