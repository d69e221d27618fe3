--
-- text, varchar, char, name, bytea, uuid; string functions, LIKE, regular expressions.
--
select 'a''b', E'tab\there', E'\x41\u00e9', U&'d\0061t\+000061', 'two '
  'parts', $$dollar 'quoted'$$, $x$a $$ b$x$;
select 'abc'::varchar(2), 'abc'::char(5) || '|', 'abc'::char(2), 'a  '::char(5) = 'a'::char(5), 'a '::text = 'a'::text, length('ab   '::char(10));
select upper('straße'), lower('ABC'), initcap('hello wORLD-foo bar'), length('héllo'), octet_length('héllo'), char_length('日本'), bit_length('ab');
select substring('hello' from 2 for 3), substring('hello', 4), substr('hello', -1, 3), substring('hello' from 10), left('hello', -2), right('hello', 3), left('hello', 0) = '';
select substring('hello' for -1);
select position('l' in 'hello'), strpos('hello', 'xyz'), overlay('hello' placing 'XX' from 2 for 3), replace('banana', 'an', 'o'), translate('12345', '143', 'ax'), reverse('héllo');
select trim('  x  ') || '|', ltrim('xxyx', 'x'), rtrim('xyxx', 'x'), btrim('xyxtrimyyx', 'xy'), trim(leading '0' from '007'), trim(both 'ab' from 'abcba');
select lpad('hi', 5, 'xy'), rpad('hi', 5), lpad('hello', 2), repeat('ab', 3), repeat('a', -1) = '', concat('a', null, 1, true), concat_ws(',', 'a', null, 'b'), 'a' || null;
select split_part('a,b,c', ',', 2), split_part('a,b,c', ',', -1), split_part('a,b,c', ',', 9) = '', string_to_array('a,b,,c', ','), string_to_array('abc', null), string_to_array('a,b', ',', 'b'), array_to_string(array['a', null, 'c'], '-', '*');
select split_part('a', ',', 0);
select ascii('é'), chr(233), chr(65), md5('abc'), encode(sha256('abc'), 'hex'), quote_ident('a b'), quote_ident('plain'), quote_literal(E'it''s \\'), quote_nullable(null), starts_with('hello', 'he'), 'hello' ^@ 'he';
select chr(0);
select format('%s and %I and %L', 'x', 'My Col', 'it''s'), format('%2$s %1$s', 'a', 'b'), format('%-5s|%5s|', 'a', 'b'), format('%%');
select format('%s');
select format('%y', 1);
-- like
select 'hello' like 'h%', 'hello' like '_ello', 'hello' like 'H%', 'hello' ilike 'H%', 'a%b' like 'a\%b', 'axb' like 'a\%b', 'a_b' like 'a#_b' escape '#', null like 'a', 'abc' not like 'a%', '' like '%';
select 'abc' like 'abc\';
select 'hello' similar to '(h|j)e%', 'abc' similar to 'a_c', 'x' like any (array['a%', 'x']), 'x' !~~ 'y';
-- regular expressions
select 'abc' ~ '^a.c$', 'abc' ~* 'ABC', 'abc' !~ 'b', 'foobar' ~ 'o{2}', 'a1b22' ~ '\d\d', 'word end' ~ '\mend\M', 'abab' ~ '^(ab)\1$';
select substring('foobar' from 'o(.)b'), substring('foobar' from 'o.b'), substring('foobar', 'x'), regexp_replace('foobarbaz', 'b..', 'X'), regexp_replace('foobarbaz', 'b..', 'X', 'g'), regexp_replace('foobarbaz', 'b(..)', '[\1\&]', 'g');
select regexp_match('foobarbequebaz', '(bar)(beque)'), regexp_split_to_array('the quick  fox', '\s+'), regexp_count('ababab', 'ab'), regexp_instr('hello', 'l', 1, 2), regexp_substr('number 42 of 99', '\d+', 1, 2), regexp_like('ABC', 'b', 'i');
select regexp_matches('foobarbequebazilbarfbonk', '(b[^b]+)(b[^b]+)', 'g');
select * from regexp_split_to_table('a-b--c', '-') x;
select 'x' ~ '(';
select 'x' ~ '[a';
select 'x' ~ 'a{2,1}';
-- comparing
select 'a' < 'b', 'B' < 'a', 'abc' < 'abcd', 'a' || 'b' = 'ab', 'x' collate "C" < 'y';
select x from unnest(array['b', 'A', 'a', 'B', 'é', '']) x order by x;
select string_agg(x, '' order by x desc), min(x), max(x) from unnest(array['b', 'A', 'a']) x;
-- name and "char"
select 'abc'::name, length(repeat('x', 70)::name::text), 'abc'::"char", ''::"char" = '';
-- bytea
select '\xDEADbeef'::bytea, 'abc\000\\'::bytea, length('\x0011'::bytea), '\x00'::bytea || '\xff'::bytea, substring('\x01020304'::bytea from 2 for 2), get_byte('\x0102'::bytea, 1), set_byte('\x0102'::bytea, 0, 255), encode('\x0102ff'::bytea, 'base64'), decode('AQL/', 'base64'), encode('a\000b'::bytea, 'escape');
select '\xabc'::bytea;
select '\xzz'::bytea;
select '\x01'::bytea < '\x0100'::bytea, convert_from('\xc3a9'::bytea, 'UTF8'), convert_to('é', 'LATIN1'), md5('\x00'::bytea), position('\x02'::bytea in '\x0102'::bytea);
set bytea_output = escape;
select '\x41ff00'::bytea;
reset bytea_output;
-- uuid
select 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid, '{a0eebc999c0b4ef8bb6d6bb9bd380a11}'::uuid, 'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11'::uuid < 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid;
select 'a0eebc99'::uuid;
select length(gen_random_uuid()::text), gen_random_uuid() <> gen_random_uuid();
