--
-- COLLATION FOR, flags of settings.
--
create table cf_t(a text, b text collate "C", c varchar collate "POSIX", n int);
insert into cf_t values ('a', 'b', 'c', 1);
select collation for (a), collation for (b), collation for (c), collation for (b || a), collation for (a || 'x') from cf_t;
select collation for (upper(b)), collation for ('x'), collation for ('x' collate "C"), collation for (b collate "POSIX") from cf_t;
select collation for (null), collation for (array[b]) from cf_t;
select collation for (n) from cf_t;
select collation for ((select b from cf_t));
select pg_collation_for(b) from cf_t;
select pg_settings_get_flags('no_such_setting') is null as none, pg_settings_get_flags('work_mem'), pg_settings_get_flags('DATESTYLE'), pg_settings_get_flags('server_version');
select name, pg_settings_get_flags(name) from pg_settings where pg_settings_get_flags(name) <> '{}' and name ~ '^(enable_|seq_page|random_page|work_mem|data_dir|wal_segment|transaction_|session_auth|role)' order by name;
drop table cf_t;
