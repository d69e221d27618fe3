-- LISTEN and NOTIFY, without what comes back: that names a session.
listen na; listen "N b"; listen na;
select pg_listening_channels();
begin; unlisten na; savepoint s; listen nc; rollback to s; listen nd; commit;
select pg_listening_channels();
begin; listen ne; rollback;
select * from pg_listening_channels();
select pg_notify('', 'x');
select pg_notify(null, null);
select pg_notify(repeat('x', 64), '');
select pg_notify('n', repeat('x', 8000));
notify nz, 'nobody listens';
select pg_notify('nz', 'nobody');
select pg_notification_queue_usage();
unlisten *;
select count(*) from pg_listening_channels();
listen na; discard all; select count(*) from pg_listening_channels();
