//! SCRAM-SHA-256, server side (RFC 5802, RFC 7677), as PostgreSQL speaks it.
//!
//! ```text
//! client-first   n,,n=,r=<client nonce>                     -> Exchange::start
//! server-first   r=<both nonces>,s=<salt>,i=<iterations>    <- start
//! client-final   c=biws,r=<both nonces>,p=<proof>           -> finish
//! server-final   v=<server signature>                       <- finish
//! ```
//!
//! The role's password is never stored: a [`Verifier`] is. For an unknown role the exchange runs with a made-up verifier
//! ([`Verifier::mock`]) and fails at the end like a wrong password, so that names cannot be probed.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use report::{Result, bail};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The mechanism's name.
pub const MECHANISM: &str = "SCRAM-SHA-256";
/// Rounds of hashing for a new password: PostgreSQL's default.
pub const DEFAULT_ITERATIONS: u32 = 4096;
/// Bytes of salt for a new password.
pub const SALT_BYTES: usize = 16;
/// Bytes of the server's nonce before it is encoded.
pub const NONCE_BYTES: usize = 18;

type Key = [u8; 32];

/// What the server keeps of a password: enough to check a login, not enough to log in.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    iterations: u32,
    salt: Vec<u8>,
    stored_key: Key,
    server_key: Key,
}

impl Verifier {
    /// The verifier of a password.
    pub fn of_password(password: &str, salt: &[u8], iterations: u32) -> Verifier {
        let prepared = stringprep::saslprep(password).unwrap_or(password.into());
        let salted = salted_password(prepared.as_bytes(), salt, iterations);
        Verifier {
            iterations,
            salt: salt.to_vec(),
            stored_key: Sha256::digest(hmac(&salted, &[b"Client Key"])).into(),
            server_key: hmac(&salted, &[b"Server Key"]),
        }
    }

    /// A verifier that no password satisfies, the same each time for the same role and secret.
    pub fn mock(user: &str, secret: &[u8]) -> Verifier {
        let salt = hmac(secret, &[user.as_bytes()])[..SALT_BYTES].to_vec();
        Verifier { iterations: DEFAULT_ITERATIONS, salt, stored_key: [0; 32], server_key: [0; 32] }
    }

    /// Reads pg_authid.rolpassword: `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`.
    pub fn parse(text: &str) -> Option<Verifier> {
        let (head, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let (iterations, salt) = head.split_once(':')?;
        let (stored, server) = keys.split_once(':')?;
        let key = |text: &str| -> Option<Key> { BASE64.decode(text).ok()?.try_into().ok() };
        Some(Verifier {
            iterations: iterations.parse().ok().filter(|n| *n > 0)?,
            salt: BASE64.decode(salt).ok()?,
            stored_key: key(stored)?,
            server_key: key(server)?,
        })
    }

    /// True if this plain password is the one.
    pub fn matches(&self, password: &str) -> bool {
        let other = Verifier::of_password(password, &self.salt, self.iterations);
        bool::from(other.stored_key.ct_eq(&self.stored_key))
    }
}

impl std::fmt::Display for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [salt, stored, server] = [&self.salt[..], &self.stored_key, &self.server_key].map(|b| BASE64.encode(b));
        write!(f, "SCRAM-SHA-256${}:{salt}${stored}:{server}", self.iterations)
    }
}

/// An exchange after the server's first message.
pub struct Exchange {
    verifier: Verifier,
    /// `n,,` or `y,,` as the client sent it: it must come back, encoded, in the final message.
    gs2_header: String,
    client_first_bare: String,
    server_first: String,
    nonce: String,
    /// A mock exchange fails even with a proof that fits.
    is_mock: bool,
}

impl Exchange {
    /// Takes the client's first message; `nonce` is fresh randomness. `is_mock` says that the role cannot log in at all.
    /// Errors: 08P01 for a malformed message, with PostgreSQL's detail.
    pub fn start(client_first: &str, verifier: Verifier, nonce: [u8; NONCE_BYTES], is_mock: bool) -> Result<Exchange> {
        let (gs2_header, bare) = split_gs2(client_first)?;
        let mut attributes = bare.split(',');
        let first = attributes.next().unwrap_or_default();
        if first.starts_with("m=") {
            return malformed("Client requires an unsupported SCRAM extension.");
        }
        if !first.starts_with("n=") {
            return malformed("Expected attribute \"n\".");
        }
        let Some(client_nonce) = attributes.next().and_then(|a| a.strip_prefix("r=")) else {
            return malformed("Expected attribute \"r\".");
        };
        if client_nonce.is_empty() || !client_nonce.bytes().all(|b| (0x21..=0x7E).contains(&b)) {
            return malformed("Non-printable characters in SCRAM nonce.");
        }
        let nonce = format!("{client_nonce}{}", BASE64.encode(nonce));
        let server_first = format!("r={nonce},s={},i={}", BASE64.encode(&verifier.salt), verifier.iterations);
        Ok(Exchange {
            verifier,
            gs2_header: gs2_header.to_owned(),
            client_first_bare: bare.to_owned(),
            server_first,
            nonce,
            is_mock,
        })
    }

    /// What to send after `start`.
    pub fn server_first(&self) -> &str {
        &self.server_first
    }

    /// Takes the client's final message. `Ok(Some(text))`: the password is right, and `text` is the server's final message.
    /// `Ok(None)`: it is wrong. Errors: 08P01 for a malformed message.
    pub fn finish(&self, client_final: &str) -> Result<Option<String>> {
        let Some((without_proof, proof)) = client_final.rsplit_once(",p=") else {
            return malformed("Expected attribute \"p\".");
        };
        let mut attributes = without_proof.split(',');
        let Some(binding) = attributes.next().and_then(|a| a.strip_prefix("c=")) else {
            return malformed("Expected attribute \"c\".");
        };
        if binding != BASE64.encode(&self.gs2_header) {
            bail!(PROTOCOL_VIOLATION, "unexpected SCRAM channel-binding attribute in client-final-message");
        }
        if attributes.next().and_then(|a| a.strip_prefix("r=")) != Some(&self.nonce) {
            let error = report::error!(PROTOCOL_VIOLATION, "invalid SCRAM response");
            return Err(error.detail("Nonce does not match."));
        }
        let Some(proof) = BASE64.decode(proof).ok().and_then(|p| Key::try_from(p).ok()) else {
            return malformed("Malformed proof in client-final-message.");
        };
        Ok(self.check_proof(without_proof, proof))
    }

    fn check_proof(&self, client_final_without_proof: &str, proof: Key) -> Option<String> {
        let parts = [
            self.client_first_bare.as_bytes(),
            b",",
            self.server_first.as_bytes(),
            b",",
            client_final_without_proof.as_bytes(),
        ];
        let signature = hmac(&self.verifier.stored_key, &parts);
        let client_key: Key = std::array::from_fn(|i| proof[i] ^ signature[i]);
        let stored: Key = Sha256::digest(client_key).into();
        let is_right = bool::from(stored.ct_eq(&self.verifier.stored_key)) && !self.is_mock;
        is_right.then(|| format!("v={}", BASE64.encode(hmac(&self.verifier.server_key, &parts))))
    }
}

/// Splits the client's first message after its GS2 header: channel binding flag and an authorisation identity we refuse.
fn split_gs2(message: &str) -> Result<(&str, &str)> {
    match message.bytes().next() {
        Some(b'n' | b'y') => {}
        Some(b'p') => bail!(
            PROTOCOL_VIOLATION,
            "client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data"
        ),
        _ => return malformed("Unexpected channel-binding flag."),
    }
    if message.get(1..2) != Some(",") {
        return malformed("Comma expected.");
    }
    if message.get(2..3) == Some("a") {
        report::unsupported!("a SASL authorization identity");
    }
    if message.get(2..3) != Some(",") {
        return malformed("Unexpected attribute in client-first-message.");
    }
    Ok(message.split_at(3))
}

#[cold]
fn malformed<T>(detail: &str) -> Result<T> {
    Err(report::error!(PROTOCOL_VIOLATION, "malformed SCRAM message").detail(detail))
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// Hi() of RFC 5802: PBKDF2 with one block.
fn salted_password(password: &[u8], salt: &[u8], iterations: u32) -> Key {
    let keyed = Hmac::<Sha256>::new_from_slice(password).expect("HMAC takes a key of any length");
    let round = |data: &[&[u8]]| -> Key {
        let mut mac = keyed.clone();
        data.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    };
    let mut last = round(&[salt, &1u32.to_be_bytes()]);
    let mut sum = last;
    for _ in 1..iterations {
        last = round(&[&last]);
        sum.iter_mut().zip(last).for_each(|(s, l)| *s ^= l);
    }
    sum
}

/// The md5 form of a password in pg_authid: `md5` and the hash of password and role name.
pub fn md5_of_password(user: &str, password: &str) -> String {
    format!("md5{}", md5_hex(&[password.as_bytes(), user.as_bytes()]))
}

/// True if `answer` is what a client sends for the stored md5 password and this salt.
pub fn md5_answer_matches(stored: &str, salt: [u8; 4], answer: &str) -> bool {
    let Some(inner) = stored.strip_prefix("md5") else { return false };
    let expected = format!("md5{}", md5_hex(&[inner.as_bytes(), &salt]));
    bool::from(expected.as_bytes().ct_eq(answer.as_bytes()))
}

fn md5_hex(parts: &[&[u8]]) -> String {
    let mut hash = md5::Md5::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client's side of RFC 7677 section 3: user "user", password "pencil".
    const RFC_SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";

    fn rfc_exchange() -> Exchange {
        let verifier = Verifier::of_password("pencil", &BASE64.decode(RFC_SALT).unwrap(), 4096);
        let mut exchange =
            Exchange::start("n,,n=user,r=rOprNGfwEbeRWgbNEkqO", verifier, [0; NONCE_BYTES], false).unwrap();
        // The RFC fixes the server's nonce too, in another alphabet than ours.
        exchange.nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".to_owned();
        exchange.server_first = format!("r={},s={RFC_SALT},i=4096", exchange.nonce);
        exchange
    }

    #[test]
    fn the_rfc_exchange_succeeds() {
        let answer = rfc_exchange()
            .finish("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
            .unwrap();
        assert_eq!(answer.as_deref(), Some("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    }

    #[test]
    fn a_wrong_proof_a_mock_and_a_foreign_nonce_fail() {
        let right = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        let wrong = right.replace("p=dH", "p=dI");
        assert_eq!(rfc_exchange().finish(&wrong).unwrap(), None);
        let mock = Exchange { is_mock: true, ..rfc_exchange() };
        assert_eq!(mock.finish(right).unwrap(), None);
        assert!(rfc_exchange().finish(&right.replace("r=rO", "r=xO")).is_err());
        assert!(rfc_exchange().finish(&right.replace("c=biws", "c=eSws")).is_err());
    }

    #[test]
    fn a_verifier_survives_its_text() {
        let verifier = Verifier::of_password("se\u{AD}cret", b"0123456789abcdef", 4096);
        let read = Verifier::parse(&verifier.to_string()).unwrap();
        assert!(read == verifier && read.matches("secret") && !read.matches("Secret"));
        assert!(Verifier::parse("SCRAM-SHA-256$0:AAAA$AAAA:AAAA").is_none());
    }

    #[test]
    fn md5_is_what_libpq_sends() {
        let stored = md5_of_password("joe", "pw");
        let answer = format!("md5{}", md5_hex(&[&stored.as_bytes()[3..], &[1, 2, 3, 4]]));
        assert!(md5_answer_matches(&stored, [1, 2, 3, 4], &answer));
        assert!(!md5_answer_matches(&stored, [1, 2, 3, 5], &answer));
    }
}
