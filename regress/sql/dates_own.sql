--
-- date, time, timestamp, timestamptz, interval: input, output styles, arithmetic, parts, formatting.
--
set datestyle = 'ISO, MDY';
set timezone = 'America/New_York';
select '2024-02-29'::date, 'January 8, 1999'::date, '1/8/1999'::date, '19990108'::date, 'J2451187'::date, '0044-03-15 BC'::date, 'infinity'::date, 'epoch'::date;
select '2023-02-29'::date;
select '13/13/2020'::date;
select 'someday'::date;
select '12:34:56.789'::time, '04:05 PM'::time, '24:00:00'::time, '12:00+02'::timetz, '12:34:56.789'::time(1);
select '25:00'::time;
select '2024-01-15 10:20:30.123456'::timestamp, '2024-01-15T10:20:30'::timestamp, '2024-01-15 10:20:30.6'::timestamp(0), '-infinity'::timestamp;
select '2024-01-15 10:20:30+00'::timestamptz, '2024-07-15 10:20:30 Europe/Berlin'::timestamptz, '2024-07-15 10:20:30'::timestamptz, '2024-07-15 10:20:30 PST'::timestamptz;
select timestamptz '2024-07-15 12:00+00' at time zone 'Asia/Tokyo', timestamp '2024-07-15 12:00' at time zone 'UTC';
-- around the change of clocks
select '2024-03-10 02:30'::timestamptz, '2024-11-03 01:30'::timestamptz, '2024-11-03 01:30 EST'::timestamptz;
-- arithmetic
select '2024-03-01'::date - '2024-02-01'::date, '2024-01-31'::date + 1, '2024-01-31'::date + interval '1 month', '2024-03-31'::timestamp - interval '1 month', '2024-01-01'::date + '10:00'::time;
select '2024-03-10 00:00'::timestamptz + interval '1 day', '2024-03-10 00:00'::timestamptz + interval '24 hours', '2024-03-01'::timestamp - '2024-02-01 12:00'::timestamp;
select age('2024-03-15'::timestamp, '2000-02-29'::timestamp), age('2001-01-01'::timestamp, '2001-02-01'::timestamp), '12:00'::time + interval '13 hours', '10:00'::time - '08:30'::time;
select date '2024-01-01' < timestamp '2024-01-01 00:00:01', ('2024-01-01'::date, '2024-02-01'::date) overlaps ('2024-01-15'::date, interval '1 day');
-- intervals
select '1 year 2 months 3 days 04:05:06.7'::interval, 'P1Y2M3DT4H5M6S'::interval, '1-2'::interval, '3 4:05'::interval, '-1 day 2 hours'::interval, '1.5 weeks'::interval, '100 minutes ago'::interval, interval '1' year, interval '2:03' minute to second;
select '1 parsec'::interval;
select interval '1 month' = interval '30 days', interval '36 hours' > interval '1 day', interval '1 day' * 1.5, interval '1 month' / 2, -interval '1 day 2 hours', interval '1 day' + interval '3 hours';
select justify_hours(interval '50 hours'), justify_days(interval '65 days'), justify_interval(interval '1 mon -1 hour'), make_interval(days => 3, hours => 2), make_date(2024, 2, 29), make_time(1, 2, 3.5), make_timestamp(2024, 1, 2, 3, 4, 5.6);
set intervalstyle = 'iso_8601';
select '1 year 2 months 3 days 04:05:06.7'::interval;
set intervalstyle = 'sql_standard';
select '1 year 2 months 3 days 04:05:06.7'::interval, '3 days'::interval;
set intervalstyle = 'postgres_verbose';
select '1 year -2 months 3 days 04:05:06.7'::interval;
reset intervalstyle;
-- parts
select extract(year from d), extract(month from d), extract(dow from d), extract(doy from d), extract(week from d), extract(quarter from d), extract(epoch from d), extract(julian from d) from (select timestamp '2024-02-29 12:34:56.789' as d) s;
select date_part('second', timestamp '2024-02-29 12:34:56.789'), extract(timezone from timestamptz '2024-07-01'), extract(days from interval '40 days'), extract(epoch from interval '1 day'), extract(isodow from date '2024-03-03'), extract(century from date '2000-12-31');
select extract(nope from date '2024-01-01');
select extract(hour from date '2024-01-01');
select date_trunc('month', timestamp '2024-02-29 12:34:56'), date_trunc('week', timestamp '2024-02-29'), date_trunc('hour', interval '1 day 02:34'), date_trunc('day', timestamptz '2024-07-01 03:00+00', 'UTC'), date_bin('15 minutes', timestamp '2024-01-01 12:34', timestamp '2024-01-01');
-- styles
set datestyle = 'Postgres, DMY';
select '2/3/2024'::date, timestamp '2024-02-03 04:05:06', timestamptz '2024-02-03 04:05:06';
set datestyle = 'SQL, MDY';
select '2/3/2024'::date, timestamp '2024-02-03 04:05:06.7', timestamptz '2024-02-03 04:05:06';
set datestyle = 'German';
select '2024-02-03'::date, timestamp '2024-02-03 04:05:06', timestamptz '2024-02-03 04:05:06';
reset datestyle;
set datestyle = 'ISO, MDY';
-- sets and aggregates
select d::date from generate_series(date '2024-01-30', date '2024-02-02', interval '1 day') d;
select min(d), max(d), count(distinct d) from (values (date '2024-01-01'), ('2023-05-05'), (null)) v(d);
select sum(i), avg(i), min(i), max(i) from (values (interval '1 day'), ('2 hours'), ('1 month')) v(i);
select now() = transaction_timestamp(), now() = current_timestamp, current_date = now()::date, clock_timestamp() >= statement_timestamp(), isfinite(date 'infinity'), localtime = localtimestamp::time;
reset timezone;
