//! The messages of a client, put at the end of a buffer.

/// The first packet of a session: who it is and where it wants to.
pub fn startup(out: &mut Vec<u8>, user: &str, database: &str, application: &str) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&(3u32 << 16).to_be_bytes());
    for text in ["user", user, "database", database, "application_name", application] {
        push_text(out, text);
    }
    out.push(0);
    set_length(out, start);
}

/// The only packet of a connection that asks for a statement to be cancelled.
pub fn cancel((session, secret): (i32, i32)) -> Vec<u8> {
    [16, 80_877_102, session, secret].iter().flat_map(|word: &i32| word.to_be_bytes()).collect()
}

/// A query string.
pub fn query(out: &mut Vec<u8>, sql: &str) {
    message(out, b'Q', |out| push_text(out, sql));
}

/// Parse; the types of parameters are left to the server.
pub fn parse(out: &mut Vec<u8>, statement: &str, sql: &str) {
    message(out, b'P', |out| {
        push_text(out, statement);
        push_text(out, sql);
        out.extend_from_slice(&0u16.to_be_bytes());
    });
}

/// Bind to the unnamed portal; parameters and results are texts.
pub fn bind(out: &mut Vec<u8>, statement: &str, parameters: &[&str]) {
    message(out, b'B', |out| {
        push_text(out, "");
        push_text(out, statement);
        out.extend_from_slice(&0u16.to_be_bytes());
        out.extend_from_slice(&(parameters.len() as u16).to_be_bytes());
        for text in parameters {
            out.extend_from_slice(&(text.len() as u32).to_be_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        out.extend_from_slice(&0u16.to_be_bytes());
    });
}

/// Describe of the unnamed portal.
pub fn describe(out: &mut Vec<u8>) {
    message(out, b'D', |out| out.extend_from_slice(b"P\0"));
}

/// Execute of the unnamed portal, to its end.
pub fn execute(out: &mut Vec<u8>) {
    message(out, b'E', |out| out.extend_from_slice(&[0; 5]));
}

/// Sync.
pub fn sync(out: &mut Vec<u8>) {
    message(out, b'S', |_| {});
}

/// Terminate.
pub fn terminate(out: &mut Vec<u8>) {
    message(out, b'X', |_| {});
}

/// What libpq sends for a prepared statement: Bind, Describe, Execute, Sync.
pub fn run_prepared(out: &mut Vec<u8>, statement: &str, parameters: &[&str]) {
    bind(out, statement, parameters);
    describe(out);
    execute(out);
    sync(out);
}

fn message(out: &mut Vec<u8>, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(kind);
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out);
    set_length(out, start);
}

/// Fills in the length that stands at `start`: of all from there on.
fn set_length(out: &mut [u8], start: usize) {
    let length = (out.len() - start) as u32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.push(0);
}
