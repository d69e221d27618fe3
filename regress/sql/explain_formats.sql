--
-- EXPLAIN in other formats than text, and with its output columns.
--
create table ef_t(a int, b text);
explain (verbose, costs off) select a + 1, upper(b) from ef_t where a > 3;
explain (costs off, format json) select 1;
explain (costs off, format yaml) select * from ef_t where a = 1;
explain (costs off, format xml) select * from ef_t order by a;
drop table ef_t;
