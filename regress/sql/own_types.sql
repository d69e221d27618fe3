-- what a table may hold of itself, and what its constraints may see
create type pair as (a int, b int);
alter type pair add attribute c pair;
alter type pair add attribute c pair[];
create type outer_pair as (p pair);
alter type pair add attribute c outer_pair;
alter type pair alter attribute b type outer_pair;
create domain pair_domain as pair;
alter type pair add attribute c pair_domain;
create table holder (n int);
alter table holder add column whole holder;
alter table holder add column parts holder[];
alter table holder add column p outer_pair;
\d holder
-- the table's own identity in a constraint
create table named (n int, check (tableoid = 'named'::regclass));
insert into named values (1);
alter table named add constraint other check (tableoid = 'holder'::regclass);
alter table named add constraint other check (tableoid = 'holder'::regclass) not valid;
insert into named values (2);
update named set n = 3;
select * from named;
create table bad (n int, check (ctid is not null));
create table bad (n int, check (xmin is not null));
drop table named, holder;
drop type outer_pair cascade;
drop type pair cascade;
