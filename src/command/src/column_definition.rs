//! A column's definition as a statement writes it: type, collation, and what its constraints say about the column itself. What they
//! say about the table is handed on.

use crate::Execution;
use crate::constraint;
use crate::relation::NewColumn;
use crate::sequence::ColumnSequence;
use crate::table::{at, resolve_type};
use analyze::TypeAndMod;
use analyze::expr::Expr;
use base::Oid;
use parser::ast::{self, ColumnDef, Constraint, ConstraintKind, DefElem, GeneratedWhen};
use report::{Error, Result, error, unsupported};

/// A column with all that was said about it.
pub(crate) struct Column {
    pub(crate) new: NewColumn,
    /// DEFAULT.
    pub(crate) default: Option<ast::Expr>,
    /// GENERATED ALWAYS AS.
    pub(crate) generated: Option<ast::Expr>,
    /// A sequence of its own: serial types and identity columns.
    pub(crate) sequence: Option<OwnSequence>,
    /// A default or generation expression that LIKE takes over: which LIKE clause, and the expression over its table.
    pub(crate) taken: Option<(usize, Expr)>,
    /// Where LIKE takes the column from: which clause, and the column's number there.
    pub(crate) source: Option<(usize, i16)>,
}

/// The sequence of a serial or identity column.
pub(crate) struct OwnSequence {
    /// What the statement says about it.
    pub(crate) options: Vec<DefElem>,
    /// The sequence, once it is made: before the table, as PostgreSQL does.
    pub(crate) made: Option<Oid>,
}

impl OwnSequence {
    pub(crate) const fn new(options: Vec<DefElem>) -> OwnSequence {
        OwnSequence { options, made: None }
    }
}

impl Column {
    /// Makes the column's sequence, if it has one.
    pub(crate) fn make_sequence(&mut self, ex: &Execution<'_, '_>, table: &str, target: (Oid, u8)) -> Result<()> {
        let Some(sequence) = &mut self.sequence else { return Ok(()) };
        let wanted = ColumnSequence {
            table,
            column: &self.new.name,
            target,
            column_type: self.new.type_oid,
            is_identity: self.new.identity != 0,
        };
        sequence.made = Some(wanted.make(ex.cx, &sequence.options)?);
        Ok(())
    }
}

/// A column's definition: the column, and the constraints that concern the table.
pub(crate) fn read_column(
    ex: &Execution<'_, '_>,
    column: &ColumnDef,
    table: &str,
) -> Result<(Column, Vec<Constraint>)> {
    let Some(type_name) = &column.type_name else { unsupported!("a column without a type") };
    let serial = serial_type(type_name);
    if serial.is_some() && !type_name.array_bounds.is_empty() {
        let error = error!(FEATURE_NOT_SUPPORTED, "array of serial is not implemented");
        return Err(at(error, ex.text, type_name.pos));
    }
    let (resolved, collation, dimensions) = match serial {
        Some(oid) => (TypeAndMod { oid, typmod: -1 }, Oid::INVALID, 0),
        None => resolve_type(ex, column.collation.as_ref(), type_name)?,
    };
    let made = Column {
        new: NewColumn { dimensions, ..NewColumn::new(&column.name, resolved.oid, resolved.typmod, collation) },
        default: None,
        generated: None,
        sequence: None,
        taken: None,
        source: None,
    };
    let mut reader = Reader { ex, column, table, made, constraints: Vec::new(), nullable: None };
    column.constraints.iter().try_for_each(|constraint| reader.read(constraint))?;
    if serial.is_some() {
        reader.read_serial()?;
    }
    Ok((reader.made, reader.constraints))
}

/// A definition that is being read.
struct Reader<'a, 'b, 'c> {
    ex: &'a Execution<'b, 'c>,
    column: &'a ColumnDef,
    table: &'a str,
    made: Column,
    constraints: Vec<Constraint>,
    /// What was said about null values.
    nullable: Option<bool>,
}

impl Reader<'_, '_, '_> {
    fn read(&mut self, constraint: &Constraint) -> Result<()> {
        match &constraint.kind {
            ConstraintKind::Null => self.set_nullable(true, constraint.pos)?,
            ConstraintKind::NotNull => self.set_nullable(false, constraint.pos)?,
            ConstraintKind::Default(expression) => {
                if self.made.default.is_some() {
                    return Err(self.refuse("multiple default values specified", constraint.pos));
                }
                self.made.default = Some(expression.clone());
                self.made.new.has_default = true;
            }
            ConstraintKind::Identity(when, options) => self.read_identity(*when, options, constraint.pos)?,
            ConstraintKind::Generated(expression) => {
                if self.made.generated.is_some() {
                    return Err(self.refuse("multiple generation clauses specified", constraint.pos));
                }
                self.made.generated = Some(expression.clone());
                (self.made.new.generated, self.made.new.has_default) = (b's', true);
            }
            ConstraintKind::AttrDeferrable
            | ConstraintKind::AttrNotDeferrable
            | ConstraintKind::AttrDeferred
            | ConstraintKind::AttrImmediate => constraint::attribute_of_last(&mut self.constraints, constraint)?,
            _ => self.constraints.push(constraint::of_column(constraint, &self.column.name)),
        }
        self.check_value_sources(constraint.pos)
    }

    fn read_identity(&mut self, when: GeneratedWhen, options: &[DefElem], pos: ast::Pos) -> Result<()> {
        if self.made.new.identity != 0 {
            return Err(self.refuse("multiple identity specifications", pos));
        }
        self.made.new.identity = if when == GeneratedWhen::Always { b'a' } else { b'd' };
        self.made.sequence = Some(OwnSequence::new(options.to_vec()));
        self.set_nullable(false, pos)
    }

    /// A serial column is one that is not null and has a default, which is its sequence.
    fn read_serial(&mut self) -> Result<()> {
        if self.made.default.is_some() {
            return Err(self.refuse("multiple default values specified", ast::Pos::NONE));
        }
        if self.made.sequence.is_some() {
            return Err(self.refuse("both default and identity specified", ast::Pos::NONE));
        }
        if self.made.generated.is_some() {
            return Err(self.refuse("both default and generation expression specified", ast::Pos::NONE));
        }
        self.made.new.has_default = true;
        self.made.sequence = Some(OwnSequence::new(Vec::new()));
        self.set_nullable(false, ast::Pos::NONE)
    }

    fn set_nullable(&mut self, nullable: bool, pos: ast::Pos) -> Result<()> {
        if self.nullable.is_some_and(|said| said != nullable) {
            return Err(self.refuse("conflicting NULL/NOT NULL declarations", pos));
        }
        self.nullable = Some(nullable);
        self.made.new.not_null = !nullable;
        Ok(())
    }

    /// A column's value comes from one source.
    fn check_value_sources(&self, pos: ast::Pos) -> Result<()> {
        let (default, generated) = (self.made.default.is_some(), self.made.generated.is_some());
        let identity = self.made.new.identity != 0;
        let what = match (default, identity, generated) {
            (true, true, _) => "both default and identity specified",
            (true, _, true) => "both default and generation expression specified",
            (_, true, true) => "both identity and generation expression specified",
            _ => return Ok(()),
        };
        Err(self.refuse(what, pos))
    }

    fn refuse(&self, what: &str, pos: ast::Pos) -> Error {
        let (name, table) = (&self.column.name, self.table);
        at(error!(SYNTAX_ERROR, "{what} for column \"{name}\" of table \"{table}\""), self.ex.text, pos)
    }
}

/// The integer type behind serial, bigserial, smallserial.
fn serial_type(name: &ast::TypeName) -> Option<Oid> {
    let [word] = &name.name.parts[..] else { return None };
    match word.as_str() {
        "serial" | "serial4" => Some(Oid(23)),
        "bigserial" | "serial8" => Some(Oid(20)),
        "smallserial" | "serial2" => Some(Oid(21)),
        _ => None,
    }
}
