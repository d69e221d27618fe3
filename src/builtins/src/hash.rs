//! PostgreSQL's hash functions: Bob Jenkins' lookup3 of 2006, byte for byte, since users see the values (`hashtext`) and
//! hash partitioning and tests rely on them. Source: common/hashfn.c of PostgreSQL 15.

/// The three words of state.
#[derive(Clone, Copy)]
struct State {
    a: u32,
    b: u32,
    c: u32,
}

impl State {
    fn new(length: usize) -> State {
        let start = 0x9e37_79b9_u32.wrapping_add(length as u32).wrapping_add(3_923_095);
        State { a: start, b: start, c: start }
    }

    /// Perturbs the start by a seed, zero being no seed.
    fn seeded(length: usize, seed: u64) -> State {
        let mut s = State::new(length);
        if seed != 0 {
            s.a = s.a.wrapping_add((seed >> 32) as u32);
            s.b = s.b.wrapping_add(seed as u32);
            s.mix();
        }
        s
    }

    fn mix(&mut self) {
        let State { mut a, mut b, mut c } = *self;
        a = a.wrapping_sub(c) ^ c.rotate_left(4);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(6);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(8);
        b = b.wrapping_add(a);
        a = a.wrapping_sub(c) ^ c.rotate_left(16);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(19);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(4);
        b = b.wrapping_add(a);
        *self = State { a, b, c };
    }

    fn finish(&mut self) {
        let State { mut a, mut b, mut c } = *self;
        c = (c ^ b).wrapping_sub(b.rotate_left(14));
        a = (a ^ c).wrapping_sub(c.rotate_left(11));
        b = (b ^ a).wrapping_sub(a.rotate_left(25));
        c = (c ^ b).wrapping_sub(b.rotate_left(16));
        a = (a ^ c).wrapping_sub(c.rotate_left(4));
        b = (b ^ a).wrapping_sub(a.rotate_left(14));
        c = (c ^ b).wrapping_sub(b.rotate_left(24));
        *self = State { a, b, c };
    }

    fn absorb(mut self, bytes: &[u8]) -> State {
        let mut chunks = bytes.chunks_exact(12);
        for chunk in &mut chunks {
            self.a = self.a.wrapping_add(word(&chunk[0..4]));
            self.b = self.b.wrapping_add(word(&chunk[4..8]));
            self.c = self.c.wrapping_add(word(&chunk[8..12]));
            self.mix();
        }
        let rest = chunks.remainder();
        let mut tail = [0u8; 12];
        // The lowest byte of c is reserved for the length, so the ninth byte on goes one place up.
        let split = rest.len().min(8);
        tail[..split].copy_from_slice(&rest[..split]);
        if rest.len() > 8 {
            tail[9..9 + rest.len() - 8].copy_from_slice(&rest[8..]);
        }
        self.a = self.a.wrapping_add(word(&tail[0..4]));
        self.b = self.b.wrapping_add(word(&tail[4..8]));
        self.c = self.c.wrapping_add(word(&tail[8..12]));
        self.finish();
        self
    }
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// `hash_any` of PostgreSQL.
pub fn hash_bytes(bytes: &[u8]) -> u32 {
    State::new(bytes.len()).absorb(bytes).c
}

/// `hash_any_extended` of PostgreSQL.
pub fn hash_bytes_extended(bytes: &[u8], seed: u64) -> u64 {
    let s = State::seeded(bytes.len(), seed).absorb(bytes);
    u64::from(s.b) << 32 | u64::from(s.c)
}

/// `hash_uint32` of PostgreSQL: the same as the hash of the four bytes.
pub fn hash_uint32(value: u32) -> u32 {
    let mut s = State::new(4);
    s.a = s.a.wrapping_add(value);
    s.finish();
    s.c
}

/// `hash_uint32_extended` of PostgreSQL.
pub fn hash_uint32_extended(value: u32, seed: u64) -> u64 {
    let mut s = State::seeded(4, seed);
    s.a = s.a.wrapping_add(value);
    s.finish();
    u64::from(s.b) << 32 | u64::from(s.c)
}

/// The word that an int8 hashes as: equal int2, int4 and int8 values hash alike.
pub(crate) fn fold_i64(value: i64) -> u32 {
    let low = value as u32;
    let high = (value >> 32) as u32;
    low ^ if value >= 0 { high } else { !high }
}

fn signed(hash: u32) -> i32 {
    hash as i32
}

/// The bits of a float as they are hashed: zeros alike, NaNs alike.
fn float_hash(value: f64) -> Option<[u8; 8]> {
    if value == 0.0 {
        return None;
    }
    Some(if value.is_nan() { f64::NAN.to_le_bytes() } else { value.to_le_bytes() })
}

builtins! {
    fn hashint2(v: i16) -> i32 { signed(hash_uint32(i32::from(v) as u32)) }
    fn hashint4(v: i32) -> i32 { signed(hash_uint32(v as u32)) }
    fn hashint8(v: i64) -> i32 { signed(hash_uint32(fold_i64(v))) }
    fn hashoid(v: base::Oid) -> i32 { signed(hash_uint32(v.0)) }
    fn hashenum(v: base::Oid) -> i32 { signed(hash_uint32(v.0)) }
    fn hashchar(v: u8) -> i32 { signed(hash_uint32(i32::from(v as i8) as u32)) }
    fn hashfloat4(v: f32) -> i32 { float_hash(f64::from(v)).map_or(0, |b| signed(hash_bytes(&b))) }
    fn hashfloat8(v: f64) -> i32 { float_hash(v).map_or(0, |b| signed(hash_bytes(&b))) }
    fn hashname(v: &[u8]) -> i32 { signed(hash_bytes(v)) }
    fn hashtext(v: &[u8]) -> i32 { signed(hash_bytes(v)) }
    fn hashvarlena(v: &[u8]) -> i32 { signed(hash_bytes(v)) }
    fn hashbpchar(v: &str) -> i32 { signed(hash_bytes(v.trim_end_matches(' ').as_bytes())) }
    fn uuid_hash(v: &[u8]) -> i32 { signed(hash_bytes(v)) }
    fn hashinet(v: &[u8]) -> i32 { signed(hash_bytes(v)) }
    fn hashmacaddr(v: &[u8]) -> i32 { signed(hash_bytes(v)) }
    fn hashmacaddr8(v: &[u8]) -> i32 { signed(hash_bytes(v)) }
    fn hashtid(v: &[u8]) -> i32 { signed(hash_bytes(&crate::oid::tid_native(v))) }
    fn pg_lsn_hash(v: i64) -> i32 { signed(hash_uint32(fold_i64(v))) }
    fn hashint2extended(v: i16, seed: i64) -> i64 { hash_uint32_extended(i32::from(v) as u32, seed as u64) as i64 }
    fn hashint4extended(v: i32, seed: i64) -> i64 { hash_uint32_extended(v as u32, seed as u64) as i64 }
    fn hashint8extended(v: i64, seed: i64) -> i64 { hash_uint32_extended(fold_i64(v), seed as u64) as i64 }
    fn hashoidextended(v: base::Oid, seed: i64) -> i64 { hash_uint32_extended(v.0, seed as u64) as i64 }
    fn hashenumextended(v: base::Oid, seed: i64) -> i64 { hash_uint32_extended(v.0, seed as u64) as i64 }
    fn hashcharextended(v: u8, seed: i64) -> i64 { hash_uint32_extended(i32::from(v as i8) as u32, seed as u64) as i64 }
    fn hashfloat4extended(v: f32, seed: i64) -> i64 {
        float_hash(f64::from(v)).map_or(seed, |b| hash_bytes_extended(&b, seed as u64) as i64)
    }
    fn hashfloat8extended(v: f64, seed: i64) -> i64 {
        float_hash(v).map_or(seed, |b| hash_bytes_extended(&b, seed as u64) as i64)
    }
    fn hashnameextended(v: &[u8], seed: i64) -> i64 { hash_bytes_extended(v, seed as u64) as i64 }
    fn hashtextextended(v: &[u8], seed: i64) -> i64 { hash_bytes_extended(v, seed as u64) as i64 }
    fn hashvarlenaextended(v: &[u8], seed: i64) -> i64 { hash_bytes_extended(v, seed as u64) as i64 }
    fn hashbpcharextended(v: &str, seed: i64) -> i64 {
        hash_bytes_extended(v.trim_end_matches(' ').as_bytes(), seed as u64) as i64
    }
    fn uuid_hash_extended(v: &[u8], seed: i64) -> i64 { hash_bytes_extended(v, seed as u64) as i64 }
    fn hashinetextended(v: &[u8], seed: i64) -> i64 { hash_bytes_extended(v, seed as u64) as i64 }
    fn hashmacaddrextended(v: &[u8], seed: i64) -> i64 { hash_bytes_extended(v, seed as u64) as i64 }
    fn hashmacaddr8extended(v: &[u8], seed: i64) -> i64 { hash_bytes_extended(v, seed as u64) as i64 }
    fn hashtidextended(v: &[u8], seed: i64) -> i64 {
        hash_bytes_extended(&crate::oid::tid_native(v), seed as u64) as i64
    }
    fn pg_lsn_hash_extended(v: i64, seed: i64) -> i64 { hash_uint32_extended(fold_i64(v), seed as u64) as i64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_postgres() {
        assert_eq!(hash_uint32(1) as i32, -1905060026);
        assert_eq!(hash_bytes(b"") as i32, -1477818771);
        assert_eq!(hash_bytes(b"abc") as i32, -785388649);
        assert_eq!(hash_bytes(b"the quick brown fox jumps") as i32, 84238858);
        assert_eq!(hash_bytes_extended(b"abc", 7) as i64, 1967049030278966041);
        assert_eq!(hash_uint32(fold_i64(-5)), hash_uint32(-5i32 as u32));
    }
}
