-- What a bitmap scan looks at again: not what its filter tests in any case.
create table br_words(n int, word text, host inet) with (autovacuum_enabled = off);
insert into br_words select n, 'w' || n, inet '10.0.0.0' + n from generate_series(1, 1000) n;
create index br_words_n on br_words(n);
create index br_words_word on br_words(word text_pattern_ops);
create index br_words_host on br_words(host);
set enable_seqscan to off;
set enable_indexscan to off;
explain (costs off) select * from br_words where word like 'w12%';
explain (costs off) select * from br_words where word like 'w12%4';
explain (costs off) select * from br_words where word ~ '^w12';
explain (costs off) select * from br_words where word like 'w125';
explain (costs off) select * from br_words where host << '10.0.1.0/24';
explain (costs off) select * from br_words where '10.0.1.0/24' >>= host;
explain (costs off) select * from br_words where host << '10.0.1.0/24' and n between 300 and 310;
explain (costs off) select * from br_words where word like 'w12%' or n = 7;
explain (costs off) select * from br_words where n = 8 or n = 7;
explain (costs off) select * from br_words where (n < 8 or n > 990) and host <<= '10.0.0.0/29';
select count(*) from br_words where word like 'w12%';
select n from br_words where word like 'w12%4' or n = 7 order by n;
select count(*) from br_words where host << '10.0.1.0/24' and n between 300 and 310;
-- Pages without rows: each row of a page is looked at.
set work_mem to '64kB';
select count(*) from br_words where word like 'w%4' and host <<= '10.0.0.0/23';
reset all;
drop table br_words;
