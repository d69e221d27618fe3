-- Values at the edges: square roots next to a half, numbers that fill a picture, patterns with brackets, zones by offset.

SELECT sqrt(1.000000000000003::numeric), sqrt(1.000000000000004::numeric), sqrt(96627521408608.56340355805::numeric),
  sqrt(515549506212297735.073688290367::numeric), sqrt(8015491789940783531003294973900306::numeric), sqrt(0.25::numeric);
SELECT to_char(v, 'MI9999999999.99'), to_char(v::float8, 'MI9999999999.99'), to_char(v::float4, 'MI9999999999.99'), to_char(v::float4, 'MI99.99')
FROM (VALUES ('0'::numeric), ('-4.2'), ('4200000000'), ('Infinity'), ('-Infinity'), ('NaN')) t(v);
SELECT to_char('12345678901'::float8, 'FM9999999999D9999900000000000000000');
SELECT 'a]b' SIMILAR TO 'a[]%]b', 'a%b' SIMILAR TO 'a[]%]b', 'ax_b' SIMILAR TO 'a[[:alpha:]][_]b', 'a^b' SIMILAR TO 'a[^^]b', 'a.b' SIMILAR TO 'a[.]b';
SELECT parse_ident(repeat('a', 70) || '."' || repeat('b', 70) || '"');

SELECT timestamp '4713-01-01 BC' + interval '107000000 days', timestamp '4713-01-01 BC' + interval '109203489 days';
SELECT timestamp '4713-01-01 BC' + interval '119203489 days';
SET timezone = 'UTC';
SELECT i, to_timestamp('2018-11-02 12:34:56.123456', 'YYYY-MM-DD HH24:MI:SS.FF' || i) FROM generate_series(1, 6) i;
SET timezone = '-1.5';
SHOW timezone;
SELECT timestamptz '2020-01-01 00:00Z';
SET TIME ZONE 10.5;
SHOW timezone;
SELECT timestamptz '2020-01-01 00:00Z', to_char(timestamptz '2020-01-01 00:00Z', 'TZH:TZM OF');
SET timezone = '00:30';
SELECT to_char(timestamptz '2020-01-01 00:00Z', 'TZH:TZM OF');
SET timezone = 'FOO8BAR';
SELECT timestamptz '2020-01-01 00:00Z', timestamptz '2020-07-01 00:00Z';
SELECT make_timestamptz(2014, 12, 10, 10, 10, 10, 'FOO8BAR');
SET timezone = '200';
SET timezone = 'nowhere';
RESET timezone;
