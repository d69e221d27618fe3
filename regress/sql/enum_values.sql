-- Values that a transaction adds to an enum cannot be used before it commits.
create type ev_old as enum ('a', 'c');
begin; alter type ev_old add value 'b' before 'c'; select 'b'::ev_old; rollback;
begin; alter type ev_old add value 'd'; select enum_last(null::ev_old); rollback;
begin; alter type ev_old add value 'd'; select enum_range(null::ev_old); rollback;
begin; alter type ev_old add value 'd'; select enum_first(null::ev_old), 'a'::ev_old; commit;
select enum_range(null::ev_old);
begin; create type ev_new as enum ('x'); alter type ev_new add value 'y'; select 'y'::ev_new; rollback;
alter type ev_old add value 'd';
alter type ev_old add value if not exists 'd';
alter type ev_old rename value 'd' to 'e';
select enum_range('c'::ev_old, null);
drop type ev_old;
