//! No input makes an input, receive or pattern function panic: random bytes and texts, always the same ones.

use base::{Oid, Prng};
use builtins::{BuiltinTypes, FnCtx, FormatSettings, Memo};
use tuple::Datum;

const TYPES: &[u32] = &[
    16, 17, 18, 19, 20, 21, 22, 23, 25, 26, 27, 28, 29, 30, 114, 650, 700, 701, 774, 790, 829, 869, 1000, 1005, 1007,
    1009, 1016, 1022, 1042, 1043, 1231, 1700, 2249, 2287, 2950, 3220, 3802, 3807, 5069,
];

fn random_bytes(random: &mut Prng) -> Vec<u8> {
    let length = random.below(40);
    let small = random.one_in(2);
    (0..length).map(|_| if small { random.below(8) as u8 } else { random.next_u64() as u8 }).collect()
}

fn random_text(random: &mut Prng) -> String {
    const ALPHABET: &[char] = &[
        '0', '1', '9', '.', '-', '+', 'e', 'E', '{', '}', '[', ']', '(', ')', '"', '\\', ',', ':', ' ', 'x', 'n', 'a',
        'N', 'u', '\u{e9}', '\u{20ac}', '/', '=', '$', '*', '?', '|', '^', 'd', '<', '!',
    ];
    (0..random.below(14)).map(|_| ALPHABET[random.below(ALPHABET.len() as u64) as usize]).collect()
}

#[test]
fn input_and_receive_never_panic() {
    let settings = FormatSettings::default();
    let mut memo = Memo::new(1, Box::new(|| 0));
    let mut cx = FnCtx::new(&settings, &BuiltinTypes, &mut memo);
    let mut random = Prng::new(42);
    let mut accepted = 0;
    for round in 0..20_000 {
        let oid = Oid(TYPES[round % TYPES.len()]);
        let bytes = random_bytes(&mut random);
        let value = builtins::receive(&mut cx, oid, -1, &bytes).ok();
        let text = random_text(&mut random);
        let read = builtins::input(&mut cx, oid, -1, &text).ok();
        for value in value.into_iter().chain(read) {
            let mut out = Vec::new();
            builtins::output(&mut cx, oid, &value, &mut out).unwrap();
            accepted += 1;
        }
    }
    assert!(accepted > 1000, "{accepted} values were accepted");
}

#[test]
fn text_functions_never_panic() {
    let settings = FormatSettings::default();
    let mut memo = Memo::new(1, Box::new(|| 0));
    let mut cx = FnCtx::new(&settings, &BuiltinTypes, &mut memo);
    let mut random = Prng::new(43);
    let symbols = [
        "textregexeq",
        "texticregexeq",
        "regexp_match_no_flags",
        "textlike",
        "texticlike",
        "like_escape",
        "text_format",
        "regexp_split_to_array_no_flags",
        "similar_to_escape_2",
        "textregexsubstr",
        "parse_ident",
        "binary_decode",
        "text_to_array",
        "btrim",
        "textpos",
        "quote_ident",
        "unistr",
        "json_object_field",
        "unicode_normalize_func",
    ];
    for round in 0..20_000 {
        let function = builtins::by_symbol(symbols[round % symbols.len()]).unwrap();
        let second = match symbols[round % symbols.len()] {
            "parse_ident" => Datum::Bool(random.one_in(2)),
            _ => Datum::from(random_text(&mut random)),
        };
        let args = [Datum::from(random_text(&mut random)), second];
        let types = [builtins::type_oid::TEXT; 2];
        let mut call = cx.call(&types, builtins::type_oid::TEXT, Oid(100));
        let _ = function(&mut call, &args);
    }
}
