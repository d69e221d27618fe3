//! What the name of a relation's file says.

use base::Fork;

/// `number[_fork][.segment]`: `16384`, `16384_fsm`, `16384.1`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FileName {
    /// The relation's, in its database.
    pub(crate) number: u32,
    pub(crate) fork: Fork,
    /// From 0, which has no place in the name.
    pub(crate) segment: u32,
}

impl FileName {
    /// `None` if a file with this name belongs to no relation.
    pub(crate) fn parse(name: &str) -> Option<FileName> {
        let (of_fork, segment) = match name.split_once('.') {
            Some((of_fork, segment)) => (of_fork, parse_number(segment)?),
            None => (name, 0),
        };
        // The main fork's suffix is empty, so it comes last.
        let fork = Fork::ALL.into_iter().rev().find(|fork| of_fork.ends_with(fork.suffix()))?;
        let number = parse_number(of_fork.strip_suffix(fork.suffix())?)?;
        Some(FileName { number, fork, segment })
    }
}

/// Digits alone: a sign is no part of a name.
fn parse_number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_relation_fork_and_segment() {
        let names = [
            ("1259", (1259, Fork::Main, 0)),
            ("1259.3", (1259, Fork::Main, 3)),
            ("1259_fsm", (1259, Fork::FreeSpace, 0)),
            ("1259_vm.12", (1259, Fork::Visibility, 12)),
            ("9_init", (9, Fork::Init, 0)),
            ("4294967295", (u32::MAX, Fork::Main, 0)),
        ];
        for (name, (number, fork, segment)) in names {
            assert_eq!(FileName::parse(name), Some(FileName { number, fork, segment }), "{name}");
        }
    }

    #[test]
    fn other_names_belong_to_no_relation() {
        let names = [
            "",
            "_fsm",
            ".1",
            "pg_control",
            "PG_VERSION",
            "pg_internal.init",
            "12_x",
            "12x",
            "t3_12",
            "+12",
            "12.",
            "12.+1",
            "12.1_fsm",
            "12.1.2",
            "4294967296",
        ];
        for name in names {
            assert_eq!(FileName::parse(name), None, "{name:?}");
        }
    }
}
