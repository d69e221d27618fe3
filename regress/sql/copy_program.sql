-- COPY from and to programs of the server's machine
create table cp_program_t (a int, b text);
copy cp_program_t from program 'printf "1\tone\n2\ttwo\n"';
copy cp_program_t from program 'echo "3,three"; echo "4,\"four, and\""' (format csv);
select * from cp_program_t order by a;
copy cp_program_t to program 'cat > /dev/null';
copy (select a from cp_program_t order by a) to program 'grep -q 3';
copy (select a from cp_program_t order by a) to program 'grep -q 5';
-- what it says at its end
copy cp_program_t from program 'echo 5; exit 3';
copy cp_program_t from program 'printf "6\tsix\n"; exit 3';
copy cp_program_t from program 'cp_no_such_program 2> /dev/null';
copy cp_program_t from program 'kill -9 $$';
copy (select generate_series(1, 100000)) to program 'exit 2';
copy (select generate_series(1, 100000)) to program 'true';
select count(*) from cp_program_t;
-- the end of the data is not the program's
copy cp_program_t from program 'printf "7\tseven\n\\\\.\n"; yes';
select * from cp_program_t where a > 4;
-- much of it
copy cp_program_t (a) from program 'seq 1 100000';
select count(*), sum(a) from cp_program_t;
copy cp_program_t (a) from program 'seq 1 10; echo x';
create role cp_role;
grant insert, select on cp_program_t to cp_role;
set role cp_role;
copy cp_program_t from program 'true';
copy cp_program_t to program 'true';
reset role;
grant pg_execute_server_program to cp_role;
set role cp_role;
copy cp_program_t from program 'true';
copy cp_program_t from '/nowhere';
reset role;
copy cp_program_t from '/nowhere/at all';
copy cp_program_t to '/nowhere/at all';
copy cp_program_t to 'relative';
copy cp_program_t from '/';
copy cp_program_t to '/';
drop table cp_program_t;
drop role cp_role;
