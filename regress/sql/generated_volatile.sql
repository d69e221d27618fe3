--
-- A generated column's expression must be immutable.
--
create table gc_bad(a int generated always as (random()) stored);
