--
-- int2, int4, int8, float4, float8, numeric: input, output, arithmetic, overflow, casts.
--
select 32767::int2, (-32768)::int2, 2147483647::int4, 9223372036854775807::int8;
select 32768::int2;
select '-9223372036854775809'::int8;
select ' 12 '::int4, '+5'::int4, '-0'::int4;
select ''::int4;
select '1 2'::int4;
select '0x10'::int4;
select 7 / 2, -7 / 2, 7 % 3, -7 % 3, 7 % -3, mod(10, 3), div(7, 2);
select 5::int2 + 3::int8, pg_typeof(5::int2 + 3::int4), pg_typeof(1::int2 * 1::int2);
select 32767::int2 + 1::int2;
select 3037000500 * 3037000500;
select (-9223372036854775808) % -1;
select 1 << 4, 256 >> 2, 12 & 10, 12 | 3, 12 # 10, ~5, @ -4, |/ 16, ||/ 8, 2 ^ 10;
select abs(-5), sign(-3.2), gcd(12, 18), lcm(4, 6), factorial(20);
select gcd(0, 0), factorial(-1);
-- floats
select 1.5::float8, 1e300::float8, 1e-300::float8, 0.1::float8 + 0.2::float8, 0.1::float4, 1.0::float8 / 3, 123456789.123::float4;
select 'NaN'::float8, 'infinity'::float8, '-Infinity'::float4, 'nan'::float8 = 'nan'::float8, 'nan'::float8 > 'inf'::float8;
select 1e400::float8;
select '1e400'::float8;
select '1e-400'::float8;
select 1e39::float4;
select 1::float8 / 0;
select 'x'::float8;
select round(2.5::float8), round(-2.5::float8), round(3.5::float8), trunc(2.7::float8), ceil(-1.5::float8), floor(-1.5::float8);
select 2.5::float8::int4, 3.5::float8::int4, -2.5::float8::int4, 1e10::float8::int8;
select 1e10::float8::int4;
select sqrt(2::float8), exp(1::float8), ln(10::float8), log(100::float8), sin(1), cos(1), tan(1), atan2(1, 2), pi(), degrees(pi()), power(2, 0.5);
select sqrt(-1);
select ln(0);
set extra_float_digits = 0;
select 0.1::float8 + 0.2::float8, 1.0::float8 / 3, 0.1::float4;
reset extra_float_digits;
-- numeric
select 1.10, 100::numeric(5,2), 0.001::numeric(3,3), 12345678901234567890.123456789, 1e10::numeric, 1.5e-5::numeric;
select 1234.5::numeric(5,2);
select 1.005::numeric(5,2), 1.015::numeric(10,2), -1.005::numeric(5,2), 15::numeric(3,-1), 123456::numeric(3,-3);
select 'NaN'::numeric, 'Infinity'::numeric, '-inf'::numeric, 'nan'::numeric = 'nan', 'inf'::numeric - 'inf'::numeric;
select 1 / 3.0, 10.0 / 3, 1.0 / 7 * 7, 2.0 ^ 100, 2 ^ -2.0, 1e100::numeric / 3 > 1e99;
select 7.5 % 2, -7.5 % 2, 1.23 * 4.567, 1.1 + 2.22, 3.30 - 3.3;
select 1 / 0.0;
select round(2.5), round(-2.5), round(1234.5678, 2), round(1234.5678, -2), trunc(-1.999, 1), ceil(1.01), floor(-1.01), scale(1.230), trim_scale(1.230), min_scale(1.230);
select sqrt(2.0), exp(1.0), ln(2.0), log(2.0, 64.0), log(1000.0), power(2.5, 3.5);
select ln(-1.0);
select 1.0::int, 1.5::int, 2.5::int, -1.5::int, 99999999999.0::int8;
select 1e20::numeric::int8;
select 0.1::float8::numeric, 1e15::float8::numeric, 3.14159::float4::numeric;
select width_bucket(5.35, 0.024, 10.06, 5), width_bucket(35, array[10, 20, 30]);
select 'abc'::numeric;
select '1.2.3'::numeric;
select 1.0 = 1.00, 1.0 < 1.01, greatest(1, 2.5, 2), least(1.5, 1);
select sum(n), avg(n), min(n), max(n), count(n) from (values (1.1), (2.22), (3.333), (null)) v(n);
select sum(n::int8), avg(n::int2), sum(n::float4), avg(n::float8) from generate_series(1, 10) n;
select n from generate_series(1.0, 2.0, 0.25) n;
select to_hex(255), to_hex(-1::int8);
-- a smallint as an object's number
select 1259::int2::oid, 1259::int2::regclass, array[1259::int2]::oid[];
select relname from pg_class where oid = 1259::int2;
select relname from pg_class where oid = any (array[1259::int2, 1247::int2]::oid[]) order by oid;
