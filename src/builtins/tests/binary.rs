//! Every type with binary functions reads back what it sends.

use base::Oid;
use builtins::{BuiltinTypes, FnCtx, FormatSettings, Memo};

const SAMPLES: &[(u32, &[&str])] = &[
    (16, &["t", "f"]),
    (17, &["\\x00ff", "\\x"]),
    (18, &["a", "\\200"]),
    (19, &["name"]),
    (20, &["-9223372036854775808"]),
    (21, &["-5"]),
    (23, &["123456"]),
    (25, &["h\u{e9}llo", ""]),
    (26, &["4294967295"]),
    (27, &["(7,8)"]),
    (28, &["17"]),
    (29, &["4"]),
    (22, &["1 2 3", ""]),
    (30, &["16384 5", ""]),
    (114, &["{\"a\": [1, null]}"]),
    (3802, &["{\"a\": [1, null], \"bb\": \"x\"}"]),
    (700, &["1.5", "NaN", "-Infinity"]),
    (701, &["1e-300", "0.1"]),
    (650, &["10.0.0.0/8", "1:2::/32", "::1/128"]),
    (774, &["08:00:2b:01:02:03:04:05"]),
    (790, &["$1,234.56"]),
    (829, &["08:00:2b:01:02:03"]),
    (869, &["10.1.2.3/8", "10.1.2.3", "1:2::3/64", "::"]),
    (1042, &["abc  "]),
    (1043, &["abc"]),
    (1700, &["123456.7890", "-0.0001", "NaN", "Infinity", "-Infinity", "0.00", "1e30"]),
    (2950, &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    (3220, &["16/B374D848"]),
    (5069, &["18446744073709551615"]),
    (1007, &["{1,NULL,3}", "{}", "[0:1]={5,6}"]),
    (1009, &["{{a,\"b c\"},{NULL,\"\"}}"]),
    (1231, &["{1.50,NaN}"]),
    (3807, &["{\"{\\\"a\\\": 1}\"}"]),
];

#[test]
fn what_is_sent_reads_back() {
    let settings = FormatSettings::default();
    let mut memo = Memo::new(1, Box::new(|| 0));
    let mut cx = FnCtx::new(&settings, &BuiltinTypes, &mut memo);
    for (oid, texts) in SAMPLES {
        for text in *texts {
            let oid = Oid(*oid);
            let value = builtins::input(&mut cx, oid, -1, text).unwrap();
            let (mut sent, mut shown) = (Vec::new(), Vec::new());
            builtins::send(&mut cx, oid, &value, &mut sent).unwrap();
            let back = builtins::receive(&mut cx, oid, -1, &sent).unwrap();
            builtins::output(&mut cx, oid, &back, &mut shown).unwrap();
            let wanted = if *text == "1e30" { format!("1{}", "0".repeat(30)) } else { (*text).to_owned() };
            assert_eq!(String::from_utf8(shown).unwrap(), wanted, "type {oid}");
        }
    }
}

#[test]
fn short_messages_are_refused() {
    let settings = FormatSettings::default();
    let mut memo = Memo::new(1, Box::new(|| 0));
    let mut cx = FnCtx::new(&settings, &BuiltinTypes, &mut memo);
    for (oid, texts) in SAMPLES.iter().filter(|(oid, _)| !matches!(oid, 17 | 19 | 25 | 114 | 1042 | 1043)) {
        let oid = Oid(*oid);
        let value = builtins::input(&mut cx, oid, -1, texts[0]).unwrap();
        let mut sent = Vec::new();
        builtins::send(&mut cx, oid, &value, &mut sent).unwrap();
        sent.pop();
        assert!(builtins::receive(&mut cx, oid, -1, &sent).is_err(), "type {oid}");
    }
}
