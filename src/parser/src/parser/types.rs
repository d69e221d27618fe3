//! Type names: PostgreSQL's own, and the SQL standard's many words for some of them.

use super::Parser;
use crate::ast::*;
use crate::keywords::Keyword as K;
use crate::lexer::TokenKind;
use report::{Result, SqlState};

impl Parser<'_> {
    /// A type, with SETOF and array bounds.
    pub(super) fn type_name(&mut self) -> Result<TypeName> {
        let setof = self.eat(K::Setof);
        let mut name = self.simple_type_name()?;
        name.setof = setof;
        if self.eat(K::Array) {
            let bound = if self.eat_char(b'[') {
                let size = self.iconst()?;
                self.expect_char(b']')?;
                Some(size)
            } else {
                None
            };
            name.array_bounds.push(bound);
            return Ok(name);
        }
        while self.eat_char(b'[') {
            let bound = if self.is_char(b']') { None } else { Some(self.iconst()?) };
            self.expect_char(b']')?;
            name.array_bounds.push(bound);
        }
        Ok(name)
    }

    /// A function's argument or result type, which may be `column%TYPE`.
    pub(super) fn func_type(&mut self) -> Result<TypeName> {
        let setof_at = usize::from(self.is(K::Setof));
        if self.is_pct_type(setof_at) {
            let setof = self.eat(K::Setof);
            let pos = self.pos();
            let first = self.type_function_name()?;
            let name = self.attrs(first, pos)?;
            self.expect_char(b'%')?;
            self.expect(K::Type)?;
            return Ok(TypeName { setof, pct_type: true, ..TypeName::named(name) });
        }
        self.type_name()
    }

    fn is_pct_type(&self, start: usize) -> bool {
        if !self.is_type_function_name_at(start) {
            return false;
        }
        let mut n = start + 1;
        while self.peek(n) == TokenKind::Char(b'.') {
            n += 2;
        }
        n > start + 1 && self.peek(n) == TokenKind::Char(b'%') && self.peek_is(n + 1, K::Type)
    }

    /// A type without SETOF and array bounds.
    pub(super) fn simple_type_name(&mut self) -> Result<TypeName> {
        let pos = self.pos();
        if let Some(name) = self.builtin_type(false)? {
            return Ok(name);
        }
        if self.is(K::Interval) {
            self.advance();
            let mut name = system_type("interval", pos);
            name.typmods = if self.is_char(b'(') { self.interval_precision()? } else { self.opt_interval()? };
            return Ok(name);
        }
        let first = self.type_function_name()?;
        let mut name = TypeName::named(self.attrs(first, pos)?);
        name.typmods = self.opt_parens(Self::expr)?;
        Ok(name)
    }

    /// A type of the standard that is spelt with keywords, but interval. For a constant (`constant`), lengths that are
    /// not given are not filled in.
    pub(super) fn builtin_type(&mut self, constant: bool) -> Result<Option<TypeName>> {
        let pos = self.pos();
        let Some(keyword) = self.keyword() else {
            return Ok(None);
        };
        let plain = match keyword {
            K::Int | K::Integer => "int4",
            K::Smallint => "int2",
            K::Bigint => "int8",
            K::Real => "float4",
            K::Boolean => "bool",
            K::Decimal | K::Dec | K::Numeric => return self.numeric_type(pos).map(Some),
            K::Float => return self.float_type(pos).map(Some),
            K::Double if self.peek_is(1, K::Precision) => return Ok(Some(self.double_precision(pos))),
            K::Bit => return self.bit_type(pos, constant).map(Some),
            K::Char | K::Character | K::Nchar | K::Varchar | K::National => {
                return self.character_type(pos, constant).map(Some);
            }
            K::Time | K::Timestamp => return self.datetime_type(pos).map(Some),
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(system_type(plain, pos)))
    }

    fn numeric_type(&mut self, pos: Pos) -> Result<TypeName> {
        self.advance();
        let typmods = self.opt_parens(Self::expr)?;
        Ok(TypeName { typmods, ..system_type("numeric", pos) })
    }

    fn double_precision(&mut self, pos: Pos) -> TypeName {
        self.at += 2;
        system_type("float8", pos)
    }

    fn float_type(&mut self, pos: Pos) -> Result<TypeName> {
        self.advance();
        if !self.eat_char(b'(') {
            return Ok(system_type("float8", pos));
        }
        let at = self.pos();
        let bits = self.iconst()?;
        self.expect_char(b')')?;
        let name = match bits {
            1..=24 => "float4",
            25..=53 => "float8",
            _ => return Err(self.bad_float_precision(at, bits)),
        };
        Ok(system_type(name, pos))
    }

    #[cold]
    fn bad_float_precision(&self, at: Pos, bits: i32) -> report::Error {
        let message = if bits < 1 {
            "precision for type float must be at least 1 bit"
        } else {
            "precision for type float must be less than 54 bits"
        };
        self.error_at(at, SqlState::INVALID_PARAMETER_VALUE, message)
    }

    fn bit_type(&mut self, pos: Pos, constant: bool) -> Result<TypeName> {
        self.advance();
        let varying = self.eat(K::Varying);
        let mut name = system_type(if varying { "varbit" } else { "bit" }, pos);
        if self.is_char(b'(') {
            name.typmods = self.parens(Self::expr)?;
        } else if !varying && !constant {
            name.typmods = vec![int(1, Pos::NONE)];
        }
        Ok(name)
    }

    fn character_type(&mut self, pos: Pos, constant: bool) -> Result<TypeName> {
        let first = self.advance().kind;
        if first == TokenKind::Keyword(K::National) && !self.eat(K::Character) {
            self.expect(K::Char)?;
        }
        let varying = first == TokenKind::Keyword(K::Varchar) || self.eat(K::Varying);
        let mut name = system_type(if varying { "varchar" } else { "bpchar" }, pos);
        if self.eat_char(b'(') {
            name.typmods = vec![Expr::Const(self.int_const()?)];
            self.expect_char(b')')?;
        } else if !varying && !constant {
            name.typmods = vec![int(1, Pos::NONE)];
        }
        Ok(name)
    }

    fn datetime_type(&mut self, pos: Pos) -> Result<TypeName> {
        let time = self.advance().kind == TokenKind::Keyword(K::Time);
        let mut typmods = Vec::new();
        if self.eat_char(b'(') {
            typmods.push(Expr::Const(self.int_const()?));
            self.expect_char(b')')?;
        }
        let zone = self.opt_time_zone()?;
        let name = match (time, zone) {
            (true, true) => "timetz",
            (true, false) => "time",
            (false, true) => "timestamptz",
            (false, false) => "timestamp",
        };
        Ok(TypeName { typmods, ..system_type(name, pos) })
    }

    fn opt_time_zone(&mut self) -> Result<bool> {
        if self.is_seq(&[K::With, K::Time]) {
            self.expect_seq(&[K::With, K::Time, K::Zone])?;
            return Ok(true);
        }
        if self.eat(K::Without) {
            self.expect_seq(&[K::Time, K::Zone])?;
        }
        Ok(false)
    }

    /// `(precision)` after INTERVAL.
    pub(super) fn interval_precision(&mut self) -> Result<Vec<Expr>> {
        self.expect_char(b'(')?;
        let precision = self.int_const()?;
        self.expect_char(b')')?;
        Ok(vec![int(interval_mask::FULL_RANGE, Pos::NONE), Expr::Const(precision)])
    }

    /// The fields of an interval, as type modifiers.
    pub(super) fn opt_interval(&mut self) -> Result<Vec<Expr>> {
        let pos = self.pos();
        let Some(first) = self.keyword().and_then(interval_field) else {
            return Ok(Vec::new());
        };
        self.advance();
        if first == interval_mask::SECOND {
            return self.interval_second(first, pos);
        }
        if first == interval_mask::MONTH || !self.is(K::To) {
            return Ok(vec![int(first, pos)]);
        }
        self.advance();
        let last = self.keyword().and_then(interval_field).filter(|last| interval_range(first, *last));
        let Some(last) = last else {
            return Err(self.syntax_error());
        };
        self.advance();
        let mask = fields_between(first, last);
        if last == interval_mask::SECOND {
            return self.interval_second(mask, pos);
        }
        Ok(vec![int(mask, pos)])
    }

    fn interval_second(&mut self, mask: i32, pos: Pos) -> Result<Vec<Expr>> {
        let mut typmods = vec![int(mask, pos)];
        if self.eat_char(b'(') {
            typmods.push(Expr::Const(self.int_const()?));
            self.expect_char(b')')?;
        }
        Ok(typmods)
    }
}

/// A type of pg_catalog.
pub(super) fn system_type(name: &str, pos: Pos) -> TypeName {
    TypeName::named(QualifiedName::system(name, pos))
}

pub(super) fn int(value: i32, pos: Pos) -> Expr {
    Expr::Const(Const { value: Literal::Int(value), pos })
}

fn interval_field(keyword: K) -> Option<i32> {
    Some(match keyword {
        K::Year => interval_mask::YEAR,
        K::Month => interval_mask::MONTH,
        K::Day => interval_mask::DAY,
        K::Hour => interval_mask::HOUR,
        K::Minute => interval_mask::MINUTE,
        K::Second => interval_mask::SECOND,
        _ => return None,
    })
}

/// The fields from coarse to fine.
const FIELDS: [i32; 6] = [
    interval_mask::YEAR,
    interval_mask::MONTH,
    interval_mask::DAY,
    interval_mask::HOUR,
    interval_mask::MINUTE,
    interval_mask::SECOND,
];

fn field_index(field: i32) -> usize {
    FIELDS.iter().position(|f| *f == field).expect("it is a field")
}

fn interval_range(first: i32, last: i32) -> bool {
    let (first, last) = (field_index(first), field_index(last));
    first < last && (last == 1 || first >= 2)
}

fn fields_between(first: i32, last: i32) -> i32 {
    FIELDS[field_index(first)..=field_index(last)].iter().fold(0, |mask, f| mask | f)
}
