--
-- to_char and to_number: patterns of numbers.
--
select to_char(1234.567, '9,999.99'), to_char(-5, '999PR'), to_char(12, '00000'), to_char(0.5, 'FM0.00'), to_char(1234, 'FMRN'), to_char(485, 'L999'), to_char(123.4, '9.99EEEE');
select to_number('1,234.56', '9,999.99'), to_number('-5', 'S9'), to_char(1e5, 'FM999,999,999');
select to_char(n, '999') from generate_series(-1, 1) n;
select to_char(1234.5, '9G999D99'), to_char(0, '9.9'), to_char(-0.1, '99.99'), to_char(12345, '999'), to_char(148.5, 'MI999.9'), to_char(-148.5, '999.9S'), to_char(12, 'S99'), to_char(1.5::float8, '9.99'), to_char(3, '9th');
select to_number('12,454.8-', '99G999D9S'), to_number('$1.5', 'L9.9'), to_number('  7', '999');
