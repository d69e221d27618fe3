--
-- A domain that allows no nulls, for a column that an INSERT leaves out.
--
create domain dn_code as text not null;
create table dn_t(a int, c dn_code);
insert into dn_t values (1);
insert into dn_t(a) values (1);
insert into dn_t values (1, null);
insert into dn_t values (1, 'x');
select * from dn_t;
drop table dn_t;
drop domain dn_code;
