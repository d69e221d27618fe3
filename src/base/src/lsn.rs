//! Log sequence number.

use std::fmt;
use std::str::FromStr;

/// A byte position in the write-ahead log. Zero is "no position". Prints as PostgreSQL does: `16/B374D848`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lsn(pub u64);

impl Lsn {
    /// No position.
    pub const INVALID: Lsn = Lsn(0);

    /// True unless it is zero.
    pub const fn is_valid(self) -> bool {
        self.0 != 0
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl fmt::Debug for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lsn({self})")
    }
}

/// The text is not of the form `hex/hex`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLsn;

impl FromStr for Lsn {
    type Err = BadLsn;

    fn from_str(text: &str) -> Result<Lsn, BadLsn> {
        let (high, low) = text.split_once('/').ok_or(BadLsn)?;
        let half = |s: &str| match s.len() {
            1..=8 => u32::from_str_radix(s, 16).map_err(|_| BadLsn),
            _ => Err(BadLsn),
        };
        Ok(Lsn(u64::from(half(high)?) << 32 | u64::from(half(low)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_as_postgres() {
        assert_eq!(Lsn(0x16_B374_D848).to_string(), "16/B374D848");
        assert_eq!("16/B374D848".parse(), Ok(Lsn(0x16_B374_D848)));
        assert_eq!("16".parse::<Lsn>(), Err(BadLsn));
        assert_eq!("1/123456789".parse::<Lsn>(), Err(BadLsn));
    }
}
