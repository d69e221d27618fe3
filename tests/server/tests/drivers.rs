//! A driver as applications use it, with binary formats, prepared statements, COPY and portals: rust-postgres.

use postgres::error::SqlState;
use postgres::types::{Oid, Type};
use postgres::{Client, Config, NoTls};
use std::collections::HashMap;
use std::io::{Read, Write};
use testkit::Cluster;
use uuid::Uuid;

fn connect(cluster: &Cluster) -> Client {
    let mut config = Config::new();
    config.host_path(cluster.folder()).port(cluster.port()).user("postgres").dbname("postgres");
    config.connect(NoTls).expect("the driver logs in")
}

#[test]
fn values_of_all_common_types_come_back_as_they_were_sent() {
    let cluster = Cluster::started();
    let mut client = connect(&cluster);
    client
        .batch_execute(
            "create table v (b bool, c \"char\", s int2, i int4, l int8, f float4, d float8, t text, n name, vc varchar(10),
             bp char(3), o oid, by bytea, u uuid, j json, jb jsonb, ia int4[], ta text[], h text)",
        )
        .expect("the table is made");
    let (json, uuid) = (serde_json::json!({"a": [1, null, "x"]}), Uuid::from_u128(0x1234_5678));
    let insert = client
        .prepare("insert into v values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)")
        .expect("it is prepared");
    assert_eq!(insert.params()[13], Type::UUID);
    let (ints, texts) = (vec![Some(1), None, Some(-3)], vec!["a", "", "\"{}\""]);
    let changed = client
        .execute(
            &insert,
            &[
                &true,
                &7i8,
                &-2i16,
                &3i32,
                &i64::MIN,
                &1.5f32,
                &f64::NAN,
                &"zw\u{f6}lf",
                &"name",
                &"ten",
                &"abc",
                &42u32,
                &&[0u8, 255][..],
                &uuid,
                &json,
                &json,
                &ints,
                &texts,
                &None::<&str>,
            ],
        )
        .expect("it runs");
    assert_eq!(changed, 1);
    let row = client.query_one("select * from v", &[]).expect("one row");
    assert!(row.get::<_, bool>("b") && row.get::<_, f64>("d").is_nan());
    assert_eq!((row.get::<_, i8>("c"), row.get::<_, i16>("s"), row.get::<_, i32>("i")), (7, -2, 3));
    assert_eq!((row.get::<_, i64>("l"), row.get::<_, f32>("f"), row.get::<_, Oid>("o")), (i64::MIN, 1.5, 42));
    assert_eq!(
        (row.get::<_, &str>("t"), row.get::<_, &str>("n"), row.get::<_, &str>("vc")),
        ("zw\u{f6}lf", "name", "ten")
    );
    assert_eq!(
        (row.get::<_, &str>("bp"), row.get::<_, &[u8]>("by"), row.get::<_, Uuid>("u")),
        ("abc", &[0u8, 255][..], uuid)
    );
    assert_eq!((row.get::<_, serde_json::Value>("j"), row.get::<_, serde_json::Value>("jb")), (json.clone(), json));
    assert_eq!((row.get::<_, Vec<Option<i32>>>("ia"), row.get::<_, Vec<&str>>("ta")), (ints, texts));
    assert_eq!(row.get::<_, Option<&str>>("h"), None);
}

#[test]
fn types_that_the_driver_does_not_know_are_looked_up_in_the_catalogs() {
    let cluster = Cluster::started();
    let mut client = connect(&cluster);
    client
        .batch_execute("create type mood as enum ('sad', 'glad'); create type pair as (a int, b mood); create domain small as int check (value < 10)")
        .expect("types are made");
    let statement = client
        .prepare("select $1::mood, row(1, 'sad')::pair, array['glad']::mood[], 5::small")
        .expect("it is prepared");
    assert_eq!(statement.params()[0].name(), "mood");
    let kinds: Vec<String> = statement.columns().iter().map(|column| column.type_().name().to_owned()).collect();
    assert_eq!(kinds, ["mood", "pair", "_mood", "int4"]);
}

#[test]
fn a_prepared_statement_outlives_changes_of_its_table() {
    let cluster = Cluster::started();
    let mut client = connect(&cluster);
    client.batch_execute("create table t (id int primary key, v text); insert into t values (1, 'one')").expect("made");
    let by_id = client.prepare("select v from t where id = $1").expect("it is prepared");
    for _ in 0..8 {
        assert_eq!(client.query_one(&by_id, &[&1i32]).expect("found").get::<_, &str>(0), "one");
    }
    client.batch_execute("alter table t add column w int; create index on t (v); drop index t_v_idx").expect("changed");
    assert_eq!(client.query_one(&by_id, &[&1i32]).expect("found").get::<_, &str>(0), "one");
    client.batch_execute("alter table t alter v type int using 1").expect("changed");
    let error = client.query_one(&by_id, &[&1i32]).expect_err("its result is another one");
    assert_eq!(error.code(), Some(&SqlState::FEATURE_NOT_SUPPORTED));
    assert_eq!(error.as_db_error().map(|e| e.message()), Some("cached plan must not change result type"));
}

#[test]
fn copy_goes_both_ways() {
    let cluster = Cluster::started();
    let mut client = connect(&cluster);
    client.batch_execute("create table c (id int, t text)").expect("made");
    let mut writer = client.copy_in("copy c from stdin").expect("it begins");
    for id in 0..10_000 {
        writeln!(writer, "{id}\tline {id}").expect("it is sent");
    }
    assert_eq!(writer.finish().expect("it is stored"), 10_000);
    let mut text = String::new();
    client
        .copy_out("copy (select * from c order by id desc) to stdout csv")
        .expect("it begins")
        .read_to_string(&mut text)
        .expect("it is read");
    assert_eq!(text.lines().next(), Some("9999,line 9999"));
    assert_eq!(text.lines().count(), 10_000);
    let mut writer = client.copy_in("copy c from stdin").expect("it begins");
    writer.write_all(b"nonsense\tx\n").expect("it is sent");
    let error = writer.finish().expect_err("it is no number");
    assert_eq!(error.code(), Some(&SqlState::INVALID_TEXT_REPRESENTATION));
    assert_eq!(client.query_one("select count(*) from c", &[]).expect("counted").get::<_, i64>(0), 10_000);
}

#[test]
fn transactions_savepoints_and_portals_nest() {
    let cluster = Cluster::started();
    let mut client = connect(&cluster);
    client.batch_execute("create table p (id int primary key)").expect("made");
    let mut transaction = client.transaction().expect("it begins");
    transaction.execute("insert into p select generate_series(1, 100)", &[]).expect("inserted");
    let mut savepoint = transaction.transaction().expect("a savepoint");
    let error = savepoint.execute("insert into p values (1)", &[]).expect_err("it is there");
    let details = error.as_db_error().expect("the server's");
    assert_eq!(
        (details.code(), details.constraint(), details.table()),
        (&SqlState::UNIQUE_VIOLATION, Some("p_pkey"), Some("p"))
    );
    savepoint.rollback().expect("undone");
    let portal = transaction.bind("select id from p order by id", &[]).expect("bound");
    let mut seen = Vec::new();
    loop {
        let rows = transaction.query_portal(&portal, 30).expect("rows");
        if rows.is_empty() {
            break;
        }
        seen.push(rows.len());
    }
    assert_eq!(seen, [30, 30, 30, 10]);
    transaction.commit().expect("committed");
    assert_eq!(client.query_one("select sum(id) from p", &[]).expect("summed").get::<_, i64>(0), 5050);
}

#[test]
fn a_cancelled_statement_leaves_its_session_whole() {
    let cluster = Cluster::started();
    let mut client = connect(&cluster);
    let (token, mut other) = (client.cancel_token(), connect(&cluster));
    let canceller = std::thread::spawn(move || {
        let runs = "select count(*) from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active'";
        while other.query_one(runs, &[]).expect("asked").get::<_, i64>(0) == 0 {}
        token.cancel_query(NoTls).expect("the request is sent");
    });
    let error = client.batch_execute("select pg_sleep(600)").expect_err("it is cancelled");
    canceller.join().expect("it ends");
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
    assert_eq!(client.query_one("select 1", &[]).expect("it goes on").get::<_, i32>(0), 1);
}

#[test]
fn simple_queries_give_text_and_several_results() {
    let cluster = Cluster::started();
    let mut client = connect(&cluster);
    let messages =
        client.simple_query("select 1 as a; insert into pg_temp.x values (1)").expect_err("there is no such table");
    assert_eq!(messages.code(), Some(&SqlState::UNDEFINED_TABLE));
    let messages = client
        .simple_query("create temp table x (a int); insert into x values (1), (2); select a, a * 2.5 as b from x")
        .expect("run");
    let rows: Vec<HashMap<&str, &str>> = messages
        .iter()
        .filter_map(|message| match message {
            postgres::SimpleQueryMessage::Row(row) => {
                Some(row.columns().iter().enumerate().map(|(n, c)| (c.name(), row.get(n).expect("no null"))).collect())
            }
            _ => None,
        })
        .collect();
    assert_eq!(rows, [HashMap::from([("a", "1"), ("b", "2.5")]), HashMap::from([("a", "2"), ("b", "5.0")])]);
}
