create type comp as (f1 integer, f2 text);
create table t (a integer primary key, b text, c numeric(10,2));
create table u (a integer, d timestamptz, e integer[]);
create table v (x varchar(10), y boolean, z jsonb);
create table w (id bigint, k comp, n name, ch char(3));
create table "Odd" ("Col" integer, "select" text);
