-- Calls of functions, if track_functions asks for them. The functions are SECURITY DEFINER, so that nobody puts them in line.

CREATE FUNCTION calls_inner(int) RETURNS int LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT $1 + 1 $$;
CREATE FUNCTION calls_outer(int) RETURNS int LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT calls_inner($1) + calls_inner($1) $$;

-- Not counted unless it is asked for.
SHOW track_functions;
SELECT calls_outer(1);
SET track_functions = 'pl';
SELECT calls_outer(1);
SELECT pg_stat_force_next_flush();
SELECT funcname, calls FROM pg_stat_user_functions WHERE funcname ~ '^calls_' ORDER BY funcname;

SET track_functions = 'all';
SELECT count(calls_outer(g)) FROM generate_series(1, 5) g;
SELECT pg_stat_force_next_flush();
SELECT schemaname, funcname, calls, total_time >= self_time AS fits, self_time >= 0 AS took
  FROM pg_stat_user_functions WHERE funcname ~ '^calls_' ORDER BY funcname;

-- What the transaction itself counted.
BEGIN;
SELECT pg_stat_get_xact_function_calls('calls_inner(int)'::regprocedure) AS none_yet;
SELECT calls_inner(1), calls_inner(2);
SELECT funcname, calls, total_time >= self_time AS fits FROM pg_stat_xact_user_functions WHERE funcname ~ '^calls_' ORDER BY funcname;
ROLLBACK;
SELECT pg_stat_force_next_flush();
SELECT funcname, calls FROM pg_stat_user_functions WHERE funcname ~ '^calls_' ORDER BY funcname;

-- Resets.
SELECT pg_stat_reset_single_function_counters('calls_inner(int)'::regprocedure);
SELECT funcname, calls FROM pg_stat_user_functions WHERE funcname ~ '^calls_' AND calls > 0 ORDER BY funcname;
SELECT pg_stat_have_stats('function', (SELECT oid FROM pg_database WHERE datname = current_database()),
                          'calls_outer(int)'::regprocedure::oid);
SELECT pg_stat_get_function_calls('calls_outer(int)'::regprocedure), pg_stat_get_function_calls(0);
RESET track_functions;
DROP FUNCTION calls_outer, calls_inner;
