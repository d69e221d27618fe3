-- inet, cidr, macaddr and macaddr8: what PostgreSQL's own scripts inet, macaddr and macaddr8 do not look at.

-- What is an address: fewer bytes, dots too many, classes, hexadecimal digits, an IPv4 address inside an IPv6 one.
select text, text::inet from (values ('10.1.2.3'), ('10.1.2.3.'), ('10./8'), ('10.1/12'), ('000010.1.2.3/08'), ('::'),
  ('::1.2.3.4'), ('::1..2'), ('::1.2'), ('::ffff:1.2.3.4/120'), ('1:2:3:4:5:6:7:8:/64'), ('2001:DB8::0:1/32'),
  ('1:0:0:2:0:0:0:3'), ('0:0:0:0:0:0:1:0'), ('0:0:0:0:0:0:0:2'), ('1::/0')) v(text);
select text, text::cidr, abbrev(text::cidr) from (values ('10'), ('10.1'), ('172.16'), ('192.168'), ('224'), ('225'), ('240'),
  ('0xC0A8'), ('0xC0A81'), ('0/0'), ('10.128/9'), ('::/0'), ('::1'), ('100::/8'), ('1:2:3::/48'), ('::ffff:1.2.3.0/120'),
  ('::1.2.0.0/112'), ('1:0:0:2:0:3:0:0'), ('1:0:0:2::')) v(text);
select ''::inet;
select '10'::inet;
select '10.1/24'::inet;
select '10.1.2.256'::inet;
select '10.1.2.3/33'::inet;
select '1::2::3'::inet;
select '::/129'::inet;
select '::1.2.3.256'::inet;
select '10.1..2'::cidr;
select '10.1.2.3/8'::cidr;
select '1:2::/16'::cidr;
select inet '10.1.2.3/x';

-- Text shows the netmask always, output only when it says something.
select a, a::text, a::varchar, host(a), abbrev(a), a::cidr, a::cidr::text, family(a), masklen(a), format('%s', a)
from (values (inet '10.1.2.3'), ('10.1.2.3/8'), ('1:2::3'), ('1:2::3/16')) v(a);
select '10.1.2.3/16'::text::inet, '10.1.0.0/16'::varchar::cidr;
select broadcast(a), network(a), netmask(a), hostmask(a), set_masklen(a, 4), set_masklen(a, -1), set_masklen(a::cidr, 4)
from (values (inet '10.1.2.3/0'), ('10.1.2.3/9'), ('10.1.2.3'), ('1:2::3/0'), ('1:2::3/17'), ('1:2::3')) v(a);
select set_masklen(inet '10.1.2.3', 33);
select set_masklen(cidr '10.0.0.0/8', -2);

-- Networks within networks.
select a, b, a << b as "<<", a <<= b as "<<=", a >> b as ">>", a >>= b as ">>=", a && b as "&&", a < b as "<", a = b as "="
from (values (inet '10.1.2.3/8'), ('10.1.0.0/16'), ('11.0.0.0/8'), ('::/0'), ('::10.1.0.0/112')) v(a),
  (values (inet '10.1.2.3/8'), ('10.1.0.0/16'), ('0.0.0.0/0'), ('::/0')) w(b);
select inet_merge(a, b), inet_same_family(a, b)
from (values (inet '10.1.2.3/24', inet '10.1.3.3/24'), ('10.1.2.3/8', '10.1.2.3'), ('1::1', '1::ff/64'), ('0.0.0.0', '255.0.0.0')) v(a, b);
select inet_merge('10.1.2.3', '::1');

-- Arithmetic carries over all bytes, and ends at the ends.
select ~a, a & '255.255.0.1/20', a | '0.0.255.1', a + 256, 256 + a, a - 256 from (values (inet '10.1.2.3/8'), ('10.1.2.3')) v(a);
select ~a, a & '::ffff/20', a | 'ff::/9', a + 65536, a - 65536, a - '1:2::' from (values (inet '1:2::3/16'), ('1:1:ffff:ffff:ffff:ffff:ffff:ffff')) v(a);
select inet '10.1.2.3' - '10.1.3.2', inet '10.1.3.2' - '10.1.2.3', inet '::' - 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
select inet '255.255.255.255' + 1;
select inet '::' - 1;
select inet '10.1.2.3' - (-9223372036854775808);
select inet '8000::' - '::';
select inet '10.1.2.3' & '::1';
select inet '10.1.2.3' | '::1';
select inet '10.1.2.3' - '::1';

-- Order, hashes, aggregates, arrays, rows.
create table network_hosts(host inet, net cidr, mac macaddr, mac8 macaddr8);
insert into network_hosts select inet '10.0.0.0/8' + n * 70000, cidr '10.0.0.0/24' + n * 256, ('08:00:2b:01:02:' || lpad(n::text, 2, '0'))::macaddr,
  ('08:00:2b:01:02:03:04:' || lpad(n::text, 2, '0'))::macaddr8 from generate_series(0, 99) n;
insert into network_hosts values ('::1', '::/0', null, null), ('10.0.0.0/9', '10.0.0.0/8', null, null), (null, null, 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00:00:00');
insert into network_hosts(mac8) values ('00:00:00:00:00:00:00:00');
select min(host), max(host), min(net), max(net), count(distinct host), count(distinct net), count(distinct mac) from network_hosts;
select host, net from network_hosts where host < '10.0.0.2/8' or host > '10.100.0.0' order by host nulls first;
select net from network_hosts where net >= '10.0.98.0/24' or net <= '10.0.0.0/16' order by net desc nulls last;
select hashinet(a), hashinetextended(a, 7), hash_array(array[a]), hash_record(row(a)) from (values (inet '10.1.2.3'), ('10.1.2.3/8'), ('1:2::3')) v(a);
select hashmacaddr(a), hashmacaddrextended(a, 7), hashmacaddr8(a), hashmacaddr8extended(a, 7) from (values (macaddr '08:00:2b:01:02:03')) v(a);
select array[inet '10.1.2.3', '::1', null], '{10.1.2.3/8,"::1/64"}'::inet[], '{10}'::cidr[], array['08002b010203']::macaddr[]::text[];
select array_agg(net order by net) from network_hosts where net <<= '10.0.0.0/21' and masklen(net) = 24;
select inet '10.1.2.3' = any (array['10.1.2.4', '10.1.2.3']::inet[]), (inet '10.1.2.3', 1) < (inet '10.1.2.3', 2);
select to_json(inet '10.1.2.3/8'), row(inet '10.1.2.3', cidr '10'), quote_literal(inet '::1'), 'x' || inet '::1', inet '10.1.2.3' || 'y', concat(inet '::1');
select inet '10.1.2.3' in ('10.1.2.3', '10.1.2.4'), case inet '::1' when '::1' then 'loop' end, nullif(inet '::1', '::1'), greatest(inet '::1', '10.1.2.3');
\d network_hosts

-- Conditions that a B-tree has.
create index network_hosts_host on network_hosts(host);
create unique index network_hosts_net on network_hosts(net);
set enable_seqscan to off;
set enable_bitmapscan to off;
explain (costs off) select * from network_hosts where host << '10.0.0.0/16';
explain (costs off) select * from network_hosts where host <<= '10.3.0.0/16';
explain (costs off) select * from network_hosts where '10.3.0.0/16' >>= host;
explain (costs off) select * from network_hosts where net <<= '10.0.48.0/20';
explain (costs off) select * from network_hosts where net && '10.0.48.0/20';
explain (costs off) select * from network_hosts where host = '10.1.17.112/8';
explain (costs off) select * from network_hosts where host between '10.1.17.112' and '10.2.0.0';
select host from network_hosts where host << '10.0.0.0/7' and host >> '10.100.0.0' order by host;
select count(*) from network_hosts where host <<= '10.0.0.0/8';
select count(*) from network_hosts where host << '10.0.0.0/8';
select count(*) from network_hosts where '10.0.48.0/20' >> net;
select net from network_hosts where net <<= '10.0.96.0/20' order by net desc;
insert into network_hosts(net) values ('10.0.7/24');
reset enable_seqscan;
reset enable_bitmapscan;
create table network_rules(net inet primary key, name text);
insert into network_rules values ('10.0.0.0/8', 'ours'), ('10.0.16.0/20', 'lab'), ('::/0', 'new');
select name, count(*) from network_hosts h join network_rules r on h.net <<= r.net group by name order by name;
select count(*) from network_hosts h where exists (select from network_rules r where r.net >> h.net);
select r.net, r.name from network_rules r join network_hosts h on h.net = r.net order by r.net;
insert into network_rules values ('10.0.0.0/8', 'again');

-- MAC addresses in all their notations.
select text, text::macaddr, text::macaddr8, macaddr8_set7bit(text::macaddr8) from (values ('08:00:2b:01:02:03'), ('08-00-2b-01-02-03'),
  ('08002b:010203'), ('08002b-010203'), ('0800.2b01.0203'), ('0800-2b01-0203'), (' 08002b010203 ')) v(text);
select ' 8:0:+2b:0x1:100000002:3 '::macaddr, '08002b0102030'::macaddr8, '08:00:2b:01:02:03:04:05'::macaddr8;
select ~a, a & 'ff:ff:00:00:00:0f', a | 'f0:00:00:00:00:00', trunc(a), a::macaddr8, a::macaddr8::macaddr, ~a::macaddr8, trunc(a::macaddr8) from (values (macaddr '08:00:2b:01:02:03')) v(a);
select min(mac::text), macaddr '1:2:3:4:5:6' < '1:2:3:4:5:7', macaddr8 '01:02:03:04:05:06' > '01:02:03:04:05:06:07:08' from network_hosts;
select '08:00:2b:01:02'::macaddr;
select '08:00-2b:01:02:03'::macaddr;
select '100:0:0:0:0:0'::macaddr;
select '-1:0:0:0:0:0'::macaddr;
select '08:00:2b:01:02:0g'::macaddr8;
select '08:00:2b:01:02:03:04'::macaddr8;
select '08:00:2b:01:02:03:04:05'::macaddr8::macaddr;
select min(mac) from network_hosts;

-- Binary forms, as clients get them.
select inet_send('10.1.2.3/8'), inet_send('1:2::3'), cidr_send('10'), macaddr_send('08:00:2b:01:02:03'), macaddr8_send('08:00:2b:01:02:03');

-- The catalogs' rows.
select oid, typname, typlen, typbyval, typcategory, typispreferred, typdelim, typelem, typarray, typalign, typstorage, typinput, typsend
from pg_type where typname ~ '^_?(inet|cidr|macaddr8?)$' order by oid;
select oid, oprname, oprleft::regtype, oprright::regtype, oprresult::regtype, oprcom, oprnegate, oprcode, oprrest, oprjoin, oprcanmerge, oprcanhash
from pg_operator where oprleft in (650, 774, 829, 869) or oprright in (650, 774, 829, 869) order by oid;
select castsource::regtype, casttarget::regtype, castfunc::regproc, castcontext, castmethod
from pg_cast where castsource in (650, 774, 829, 869) or casttarget in (650, 774, 829, 869) order by 1, 2;
select c.oid, opcname, amname, opcintype::regtype, opcdefault, opfname
from pg_opclass c join pg_am a on a.oid = opcmethod join pg_opfamily f on f.oid = opcfamily
where opcintype in (650, 774, 829, 869) and amname in ('btree', 'hash') order by c.oid;
-- int8pl_inet is written in SQL there.
select p.oid, proname, prosrc, prokind, proleakproof, proisstrict, provolatile, proparallel, pg_get_function_arguments(p.oid), prorettype::regtype
from pg_proc p where (proargtypes::oid[] && array[650, 774, 829, 869]::oid[] or prorettype in (650, 774, 829, 869))
  and not proargtypes::oid[] @> array['internal'::regtype::oid] and proname <> 'int8pl_inet' order by p.oid;
select pg_typeof(inet_client_addr()), pg_typeof(inet_server_addr()), inet_client_addr() is null,
  (select atttypid::regtype from pg_attribute where attrelid = 'pg_stat_activity'::regclass and attname = 'client_addr');
