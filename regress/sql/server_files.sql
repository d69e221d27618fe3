--
-- Files of the server: who may list and read them, and where.
--
select pg_read_file('PG_VERSION');
select pg_read_file('./base/../PG_VERSION', 0, 2), pg_read_file('PG_VERSION', 1, 1), pg_read_file('PG_VERSION', 100, 3) = '' as beyond;
select pg_read_file('PG_VERSION', -3, 2), pg_read_binary_file('PG_VERSION', 0, 2), pg_read_binary_file('PG_VERSION');
select length(pg_read_file('/proc/self/stat')) > 0 as has_no_length;
select pg_read_file('PG_VERSION', -100, 3);
select pg_read_file('PG_VERSION', 0, -1);
select pg_read_file('PG_VERSION', 0, 2147483647);
select pg_read_file('no_such_file');
select pg_read_file('no_such_file', 0, 10, true) is null as missing, pg_read_binary_file('no_such_file', 0, 10, true) is null as missing;
select pg_read_file('base');
select pg_read_file(null) is null as strict;
-- what is known of a file
select size, isdir, creation is null as no_creation, modification > '2000-01-01', change >= '2000-01-01' from pg_stat_file('PG_VERSION');
select isdir from pg_stat_file('base');
select (pg_stat_file('PG_VERSION')).size;
select pg_stat_file('no_such_file');
select pg_stat_file('no_such_file', true) is null as missing;
-- folders
select name from pg_ls_dir('.') as name where name in ('PG_VERSION', 'base', 'global', 'pg_wal', '.', '..') order by 1;
select name from pg_ls_dir('base', false, true) as name where name in ('1', '4', '5', '.', '..') order by 1;
select * from pg_ls_dir('no_such_folder');
select * from pg_ls_dir('no_such_folder', true, true);
select * from pg_ls_dir('PG_VERSION');
select count(*) > 0 as some from (select pg_ls_dir('base')) s;
select count(*) > 0 as some, bool_and(size = 16777216) as same_size, bool_and(modification > '2000-01-01') as young from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$';
select count(*) from pg_ls_archive_statusdir();
select count(*) from pg_ls_tmpdir() where name !~ '^pgsql_tmp';
select count(*) from pg_ls_tmpdir((select oid from pg_tablespace where spcname = 'pg_default')) where name !~ '^pgsql_tmp';
select * from pg_ls_tmpdir(1);
select * from pg_ls_logicalsnapdir();
select * from pg_ls_logicalmapdir();
select * from pg_ls_replslotdir('no_such_slot');
-- which databases, which relation
select count(*) from pg_tablespace_databases((select oid from pg_tablespace where spcname = 'pg_default')) d join pg_database on d = pg_database.oid where datname in ('template0', 'template1', 'postgres');
select * from pg_tablespace_databases((select oid from pg_tablespace where spcname = 'pg_global'));
select * from pg_tablespace_databases(7);
create table sf_t(a int);
select pg_filenode_relation(0, pg_relation_filenode('sf_t')), pg_filenode_relation(1663, pg_relation_filenode('sf_t')), pg_filenode_relation(0, 1) is null as none;
drop table sf_t;
-- others need leave for the functions, and for files elsewhere
create role regress_sf_plain;
create role regress_sf_monitor in role pg_monitor;
create role regress_sf_reader in role pg_read_server_files;
grant execute on function pg_read_file(text), pg_stat_file(text), pg_ls_dir(text) to regress_sf_plain, regress_sf_reader;
set role regress_sf_plain;
select pg_read_file('PG_VERSION');
select pg_read_file('/etc/passwd');
select pg_read_file('../x');
select pg_read_file('base/../../x');
select pg_read_file(current_setting('data_directory') || '/PG_VERSION');
select pg_stat_file('/');
show data_directory;
select name from pg_settings where name in ('data_directory', 'log_directory', 'log_connections') order by 1;
select count(*) from pg_ls_dir('/etc');
select pg_read_file('PG_VERSION', 0, 1);
select count(*) from pg_ls_waldir();
select pg_read_file_old('PG_VERSION', 0, 1);
reset role;
set role regress_sf_monitor;
select name from pg_settings where name in ('data_directory', 'log_directory', 'log_connections') order by 1;
select count(*) > 0 as some from pg_ls_waldir();
select count(*) from pg_ls_dir('.');
reset role;
set role regress_sf_reader;
select length(pg_read_file('/proc/self/stat')) > 0 as anywhere;
select isdir from pg_stat_file('/');
reset role;
revoke all on function pg_read_file(text), pg_stat_file(text), pg_ls_dir(text) from regress_sf_plain, regress_sf_reader;
drop role regress_sf_plain, regress_sf_monitor, regress_sf_reader;
