--
-- psql's \d family over objects of every kind.
--
create schema pd;
set search_path = pd;
create table base(id int primary key, name varchar(30) not null default 'n', ref int references base, amount numeric(10,2) check (amount >= 0), tags text[], made timestamptz default now());
create index base_name on base(name);
create unique index base_part on base(ref) where ref > 0;
create view v as select id, name from base;
create materialized view mv as select count(*) from base;
create sequence seq start 5;
create type kind as enum ('a', 'b');
create type pair as (x int, y text);
create domain small as int check (value < 10);
comment on table base is 'the base table';
comment on column base.name is 'a name';
comment on view v is 'a view';
\d
\d base
\d+ base
\d v
\d+ v
\d mv
\d seq
\d base_name
\d base_pkey
\d pair
\d missing
\dt
\dt pd.*
\dt+ pd.missing
\di
\ds
\dv
\dm
\dT
\dD
\dn pd
\dd base
\df abs
\df pg_catalog.initcap
\dp base
\dx no_such
\do pd.*
\dL no_such
\dc pd.*
\dC no_such
\des
\dRp
\dAc no_such
\db pg_default
\z base
\d pd.*
\sv v
\dti base*
\dtvs pd.b*
\dtS pg_class
\d pg_namespace
\dew
\dy
\dF pd.*
drop schema pd cascade;
