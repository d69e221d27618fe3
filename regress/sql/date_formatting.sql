--
-- to_char, to_date, to_timestamp.
--
set datestyle = 'ISO, MDY';
set timezone = 'America/New_York';
select to_char(timestamp '2024-02-09 15:04:05.678', 'YYYY-MM-DD HH24:MI:SS.MS'), to_char(timestamp '2024-02-09 15:04:05', 'Day, DD Mon YYYY HH12:MI AM'), to_char(timestamp '2024-02-09', 'FMDay FMDDth FMMonth, IYYY-IW D Q'), to_char(interval '15h 2m 12s', 'HH24:MI:SS'), to_char(timestamptz '2024-07-01 12:00+00', 'HH24 TZ OF');
select to_date('05 Dec 2000', 'DD Mon YYYY'), to_timestamp('2024-02-09 15:04', 'YYYY-MM-DD HH24:MI'), to_timestamp(0), to_date('2024-366', 'YYYY-DDD');
select to_date('2024-13-01', 'YYYY-MM-DD');
