//! The client's messages: a type byte, a length that counts itself, a body.

use crate::cursor::{Cursor, utf8};
use crate::limits::{AUTH_MESSAGE_BYTES_MAX, LARGE_MESSAGE_BYTES_MAX, SMALL_MESSAGE_BYTES_MAX};
use report::{Result, bail};
use smallvec::SmallVec;

/// Bytes before a message's body: type (1), length (4, big-endian, counts itself).
pub const HEAD_BYTES: usize = 5;

/// What a message is, before its body has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame {
    /// The type byte.
    pub kind: u8,
    /// Bytes in the body.
    pub body_bytes: usize,
}

impl Frame {
    /// Reads a message's head. 08P01 if the type is unknown or the length impossible for it.
    pub fn parse(head: [u8; HEAD_BYTES]) -> Result<Frame> {
        let [kind, length @ ..] = head;
        let limit = match kind {
            b'Q' | b'P' | b'B' | b'F' | b'd' => LARGE_MESSAGE_BYTES_MAX,
            b'p' => AUTH_MESSAGE_BYTES_MAX,
            b'D' | b'E' | b'C' | b'c' | b'f' | b'H' | b'S' | b'X' => SMALL_MESSAGE_BYTES_MAX,
            _ => bail!(PROTOCOL_VIOLATION, "invalid frontend message type {kind}"),
        };
        match u32::from_be_bytes(length) as usize {
            length if length >= 4 && length - 4 <= limit => Ok(Frame { kind, body_bytes: length - 4 }),
            _ => bail!(PROTOCOL_VIOLATION, "invalid message length"),
        }
    }
}

/// Whether a message names a prepared statement or a portal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A prepared statement.
    Statement,
    /// A portal.
    Portal,
}

/// A message, with views into the receive buffer.
#[derive(Debug)]
pub enum Message<'a> {
    /// `Q`: statements separated by semicolons.
    Query(&'a str),
    /// `P`: prepares one statement.
    Parse {
        /// The statement's name; empty for the unnamed one.
        name: &'a str,
        /// Its text.
        query: &'a str,
        /// Types of its parameters, zero where to be inferred.
        types: Vec<u32>,
    },
    /// `B`: makes a portal of a prepared statement.
    Bind(Bind<'a>),
    /// `D`: asks for a description.
    Describe(Target, &'a str),
    /// `E`: runs a portal.
    Execute {
        /// The portal's name.
        portal: &'a str,
        /// Rows to return before it is suspended; 0 for all.
        row_limit: u32,
    },
    /// `C`: forgets a statement or portal.
    Close(Target, &'a str),
    /// `H`: asks that what is pending be sent.
    Flush,
    /// `S`: ends a pipeline.
    Sync,
    /// `F`: calls a function by oid (the old fast path).
    FunctionCall(&'a [u8]),
    /// `d`: part of a COPY's input.
    CopyData(&'a [u8]),
    /// `c`: the COPY's input is complete.
    CopyDone,
    /// `f`: the client gives up the COPY, saying why.
    CopyFail(&'a str),
    /// `p`: an answer to an authentication request.
    Password(&'a [u8]),
    /// `X`: the client leaves.
    Terminate,
}

/// Values for a statement's parameters.
#[derive(Debug)]
pub struct Bind<'a> {
    /// The portal to make; empty for the unnamed one.
    pub portal: &'a str,
    /// The prepared statement.
    pub statement: &'a str,
    /// The values' formats: none (all text), one (for all), or one each.
    pub parameter_formats: Formats,
    /// The values; `None` is null.
    pub parameters: SmallVec<[Option<&'a [u8]>; 4]>,
    /// The result columns' formats: none (all text), one (for all), or one each.
    pub result_formats: Formats,
}

/// Formats of values: none (all text), one (for all), or one each. As large as a `Vec`, and a short list needs no memory of its own.
pub type Formats = SmallVec<[Format; 16]>;

/// How a value is written on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// As the type's output function writes it.
    #[default]
    Text,
    /// As the type's send function writes it.
    Binary,
}

impl Format {
    fn from_code(code: i16) -> Result<Format> {
        match code {
            0 => Ok(Format::Text),
            1 => Ok(Format::Binary),
            _ => bail!(INVALID_PARAMETER_VALUE, "unsupported format code: {code}"),
        }
    }

    /// The format of column `index` in a list of none, one, or one each.
    pub fn of(formats: &[Format], index: usize) -> Format {
        match formats {
            [] => Format::Text,
            [all] => *all,
            each => each[index],
        }
    }
}

impl<'a> Message<'a> {
    /// Reads a message's body.
    pub fn parse(kind: u8, body: &'a [u8]) -> Result<Message<'a>> {
        let mut cursor = Cursor::new(body);
        let message = match kind {
            b'Q' => Message::Query(cursor.c_str()?),
            b'P' => parse_parse(&mut cursor)?,
            b'B' => Message::Bind(parse_bind(&mut cursor)?),
            b'D' => {
                let (target, name) = parse_target(&mut cursor, "DESCRIBE")?;
                Message::Describe(target, name)
            }
            b'C' => {
                let (target, name) = parse_target(&mut cursor, "CLOSE")?;
                Message::Close(target, name)
            }
            b'E' => Message::Execute { portal: cursor.c_str()?, row_limit: cursor.i32()?.max(0) as u32 },
            b'H' => Message::Flush,
            b'S' => Message::Sync,
            b'X' => return Ok(Message::Terminate),
            b'c' => Message::CopyDone,
            b'f' => Message::CopyFail(cursor.c_str()?),
            b'd' => return Ok(Message::CopyData(body)),
            b'p' => return Ok(Message::Password(body)),
            b'F' => return Ok(Message::FunctionCall(cursor.rest())),
            _ => bail!(PROTOCOL_VIOLATION, "invalid frontend message type {kind}"),
        };
        cursor.finish()?;
        Ok(message)
    }

    /// True for the messages of the extended protocol, which are skipped after an error until Sync.
    pub fn is_skipped_until_sync(kind: u8) -> bool {
        !matches!(kind, b'S' | b'X')
    }
}

fn parse_parse<'a>(cursor: &mut Cursor<'a>) -> Result<Message<'a>> {
    let (name, query) = (cursor.c_str()?, cursor.c_str()?);
    let count = cursor.count(4)?;
    let types = (0..count).map(|_| cursor.u32()).collect::<Result<_>>()?;
    Ok(Message::Parse { name, query, types })
}

fn parse_bind<'a>(cursor: &mut Cursor<'a>) -> Result<Bind<'a>> {
    let (portal, statement) = (cursor.c_str()?, cursor.c_str()?);
    let parameter_formats = parse_formats(cursor)?;
    let count = cursor.count(4)?;
    let parameters = (0..count).map(|_| parse_value(cursor)).collect::<Result<_>>()?;
    let result_formats = parse_formats(cursor)?;
    Ok(Bind { portal, statement, parameter_formats, parameters, result_formats })
}

fn parse_formats(cursor: &mut Cursor<'_>) -> Result<Formats> {
    let count = cursor.count(2)?;
    (0..count).map(|_| Format::from_code(cursor.i16()?)).collect()
}

fn parse_value<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a [u8]>> {
    match cursor.i32()? {
        -1 => Ok(None),
        length => Ok(Some(cursor.bytes(usize::try_from(length).unwrap_or(usize::MAX))?)),
    }
}

fn parse_target<'a>(cursor: &mut Cursor<'a>, what: &str) -> Result<(Target, &'a str)> {
    let target = match cursor.u8()? {
        b'S' => Target::Statement,
        b'P' => Target::Portal,
        other => bail!(PROTOCOL_VIOLATION, "invalid {what} message subtype {other}"),
    };
    Ok((target, cursor.c_str()?))
}

/// A text parameter's bytes as text; 22021 if they are not UTF-8.
pub fn parameter_text(bytes: &[u8]) -> Result<&str> {
    utf8(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_bind() {
        let mut body = b"p\0s\0".to_vec();
        body.extend([0, 1, 0, 1]); // one parameter format, binary
        body.extend([0, 2]);
        body.extend([0, 0, 0, 2, 7, 8]);
        body.extend([0xFF; 4]);
        body.extend([0, 0]);
        let Message::Bind(bind) = Message::parse(b'B', &body).unwrap() else { panic!("not Bind") };
        assert_eq!((bind.portal, bind.statement), ("p", "s"));
        assert_eq!(bind.parameters.as_slice(), [Some(&[7u8, 8][..]), None]);
        assert_eq!(Format::of(&bind.parameter_formats, 1), Format::Binary);
        assert_eq!(Format::of(&bind.result_formats, 5), Format::Text);
    }

    #[test]
    fn a_forged_count_or_length_is_a_protocol_violation() {
        for body in [&b"\0\0\x7F\xFF"[..], &b"\0\0\0\0\0\x01\x7F\xFF\xFF\xFF"[..], &b"\0\0\0\0\0\0\0"[..], &b"x"[..]] {
            assert_eq!(Message::parse(b'B', body).unwrap_err().code().as_str(), "08P01");
        }
    }

    #[test]
    fn lengths_are_limited_by_kind() {
        assert!(Frame::parse([b'S', 0, 0, 0, 3]).is_err());
        assert!(Frame::parse([b'S', 0, 1, 0, 0]).is_err());
        assert!(Frame::parse([b'!', 0, 0, 0, 4]).is_err());
        assert_eq!(Frame::parse([b'Q', 0, 1, 0, 0]).unwrap().body_bytes, 65532);
    }

    #[test]
    fn text_must_be_utf8() {
        let error = Message::parse(b'Q', b"select '\xe2\x28'\0").unwrap_err();
        assert_eq!(error.code().as_str(), "22021");
        assert_eq!(error.message(), "invalid byte sequence for encoding \"UTF8\": 0xe2 0x28 0x27");
    }
}
