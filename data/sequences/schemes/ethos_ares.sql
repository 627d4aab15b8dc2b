-- ethos_ares: nineteen classes of the gap since the subject's event before, from five minutes to half years.
create or replace temp macro time_tokens(hours, hours_before, gap_us, days_between_visits) as
  case
    when gap_us is null or gap_us < minutes_us(5) then []
    when gap_us < minutes_us(15) then ['5m-15m']
    when gap_us < minutes_us(45) then ['15m-45m']
    when gap_us < minutes_us(75) then ['45m-1h15m']
    when gap_us < minutes_us(120) then ['1h15m-2h']
    when gap_us < minutes_us(180) then ['2h-3h']
    when gap_us < minutes_us(300) then ['3h-5h']
    when gap_us < minutes_us(480) then ['5h-8h']
    when gap_us < minutes_us(720) then ['8h-12h']
    when gap_us < minutes_us(1080) then ['12h-18h']
    when gap_us < days_us(1) then ['18h-1d']
    when gap_us < days_us(2) then ['1d-2d']
    when gap_us < days_us(4) then ['2d-4d']
    when gap_us < days_us(7) then ['4d-7d']
    when gap_us < days_us(12) then ['7d-12d']
    when gap_us < days_us(20) then ['12d-20d']
    when gap_us < days_us(30) then ['20d-30d']
    when gap_us < days_us(60) then ['30d-2mt']
    when gap_us < days_us(180) then ['2mt-6mt']
    else list_transform(range(half_years(gap_us)), lambda i: '=6mt')
  end;
