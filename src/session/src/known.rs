//! Statements that the session has met before, so that a client which never prepares is served as fast as one that does.
//!
//! ```text
//! text ── shape ──> met once ──> met again: learnt ──> known: literals read as parameters, plan ready
//!                                              └─────> refused: such statements are analysed each time
//! ```
//! Statements that differ in their literals alone share an analysed form in which parameters stand for the literals. To learn
//! one is to prove that this form means the same: the statement is analysed with its literals and with parameters, and the two
//! trees must be equal once the values are put in. The types of all literals are part of the shape, so that the proof holds
//! for other values too. The texts that Parse is given for the unnamed statement are remembered as they are. A plan is shared only if no value could lead to another one (`exec::Sharing`).
//!
//! What is known is good as long as nothing has changed that names, types or plans depend on: the catalogs, settings, the user,
//! the schema of temporary tables. A transaction that has changed catalogs itself uses none of it.

use crate::extended::payload;
use crate::query::{Body, Statement, parse_options};
use analyze::expr::{Const, Expr, ParamKind};
use analyze::query::Query;
use analyze::walk::Mutator;
use analyze::{AnalyzedStatement, Parameters};
use base::Oid;
use command::with_analyze_context;
use exec::{Params, Sharing};
use instance::{Ctx, Prepared};
use parser::shape::{Literal, LiteralKind, Shape};
use report::Result;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use tuple::Datum;

/// Statements remembered. Beyond it those go that were not used for the longest time.
const STATEMENTS_MAX: usize = 64;

/// Longer texts of Parse are not kept. Unit: bytes.
const PARSED_BYTES_MAX: usize = 8192;

/// A statement that was learnt.
pub(crate) struct Known {
    pub(crate) statement: Statement,
    /// Its text, with parameters in place of literals.
    pub(crate) text: String,
    /// What planning would compute, were the literals there. It is computed each time, so that its errors come in any case.
    folded: Vec<Expr>,
}

impl Known {
    fn check_folded(&self, cx: Ctx<'_>, values: &[Datum]) -> Result<()> {
        for part in &self.folded {
            let mut bound = part.clone();
            PutValues { values }.expr(&mut bound)?;
            exec::evaluate(cx, &bound)?;
        }
        Ok(())
    }
}

/// What is remembered of a shape, or of a text that Parse was given.
enum Memory {
    Met,
    Known(Arc<Known>),
    Refused,
    Parsed(Arc<Prepared>),
}

struct Entry {
    memory: Memory,
    last_used: u64,
}

/// What names, types and plans depend on.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Surroundings {
    catalog_changes: u64,
    settings: u64,
    user: Oid,
    temp_namespace: Oid,
}

impl Surroundings {
    /// Those of now; none if the transaction has changed catalogs.
    fn of(cx: Ctx<'_>) -> Option<Surroundings> {
        Some(Surroundings {
            catalog_changes: cx.catalog().changes()?,
            settings: cx.session.settings.borrow().meaning(),
            user: cx.session.current_user(),
            temp_namespace: cx.session.temp_namespace.get(),
        })
    }
}

/// A session's known statements.
#[derive(Default)]
pub(crate) struct KnownStatements {
    entries: HashMap<Box<str>, Entry>,
    surroundings: Surroundings,
    /// Grows with each use.
    clock: u64,
    shape: Shape,
    /// The key of what Parse was given last.
    parsed: String,
}

impl KnownStatements {
    /// The learnt statement that a simple query is, with the values of its literals. `None`: it is to be parsed.
    ///
    /// A transaction must be open. Whatever is wrong with the text is not told here: the ordinary way finds it again.
    pub(crate) fn find(&mut self, cx: Ctx<'_>, text: &str) -> Option<(Arc<Known>, Arc<Params>)> {
        if !self.shape.take(text, &parse_options(cx.session)) {
            return None;
        }
        self.keep_if_current(cx)?;
        self.clock += 1;
        let Some(entry) = self.entries.get_mut(self.shape.key()) else {
            self.remember(self.shape.key().into(), Memory::Met);
            return None;
        };
        entry.last_used = self.clock;
        if let Memory::Met = entry.memory {
            let learnt = learn(cx, text, &self.shape).ok().flatten();
            entry.memory = learnt.map_or(Memory::Refused, |known| Memory::Known(Arc::new(known)));
        }
        let Memory::Known(known) = &entry.memory else { return None };
        let known = Arc::clone(known);
        let values = values_of(cx, text, self.shape.literals(), &known.statement.parameter_types).ok()?;
        known.check_folded(cx, &values).ok()?;
        Some((known, Arc::new(Params { values })))
    }

    /// Forgets all if something has changed. `None` if nothing may be used now.
    fn keep_if_current(&mut self, cx: Ctx<'_>) -> Option<()> {
        let now = Surroundings::of(cx)?;
        if now != self.surroundings {
            self.entries.clear();
            self.surroundings = now;
        }
        Some(())
    }

    fn remember(&mut self, key: Box<str>, memory: Memory) {
        if self.entries.len() == STATEMENTS_MAX {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last_used).map(|(key, _)| key.clone());
            oldest.map(|key| self.entries.remove(&key));
        }
        self.entries.insert(key, Entry { memory, last_used: self.clock });
    }

    /// The unnamed statement that an earlier Parse with this text and these types has made. A transaction must be open.
    pub(crate) fn find_parsed(&mut self, cx: Ctx<'_>, text: &str, types: &[u32]) -> Option<Arc<Prepared>> {
        self.keep_if_current(cx)?;
        self.clock += 1;
        write_parsed_key(&mut self.parsed, text, types);
        let entry = self.entries.get_mut(self.parsed.as_str())?;
        entry.last_used = self.clock;
        match &entry.memory {
            Memory::Parsed(prepared) => Some(Arc::clone(prepared)),
            _ => None,
        }
    }

    /// Keeps what Parse has made, for the next one with the same text.
    pub(crate) fn keep_parsed(&mut self, cx: Ctx<'_>, types: &[u32], prepared: &Arc<Prepared>) {
        let is_query = payload(prepared).is_some_and(|statement| matches!(statement.body, Body::Query(_)));
        if !is_query || prepared.text.len() > PARSED_BYTES_MAX || self.keep_if_current(cx).is_none() {
            return;
        }
        write_parsed_key(&mut self.parsed, &prepared.text, types);
        self.remember(self.parsed.as_str().into(), Memory::Parsed(Arc::clone(prepared)));
    }

    /// Forgets all: DISCARD PLANS.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

/// Analyses a statement with parameters for its literals. `None` if that does not mean the same.
fn learn(cx: Ctx<'_>, text: &str, shape: &Shape) -> Result<Option<Known>> {
    let Some(original) = analyzed(cx, text)? else { return Ok(None) };
    let text_of_shape = shape.lifted(text);
    let raw = parser::parse(&text_of_shape, &parse_options(cx.session))?.remove(0);
    let given = Parameters::Variable(shape.literals().iter().map(|literal| type_of(literal.kind)).collect());
    let statement = Statement::analyze_shared(cx, &raw, &text_of_shape, given, Sharing::AnyValues)?;
    let Body::Query(query) = &statement.body else { return Ok(None) };
    let values = values_of(cx, text, shape.literals(), &statement.parameter_types)?;
    let cached = query.cached();
    let mut bound = cached.query().clone();
    PutValues { values: &values }.query(&mut bound)?;
    // What cannot be planned with parameters is not the same either: an arbiter index that a literal implies.
    let is_same = bound == original && cached.plan(cx, &Params { values })?.is_some();
    let folded = plan::foldable_parts(cached.query(), &exec::CatalogLookup(cx));
    Ok(is_same.then_some(Known { statement, text: text_of_shape, folded }))
}

/// The types that Parse was given and the text; no shape begins like this.
fn write_parsed_key(key: &mut String, text: &str, types: &[u32]) {
    key.clear();
    for oid in types {
        write!(key, "{oid} ").expect("a string takes all that is written");
    }
    key.push('\0');
    key.push_str(text);
}

/// The analysed query that a text is, literals and all.
fn analyzed(cx: Ctx<'_>, text: &str) -> Result<Option<Query>> {
    let raw = parser::parse(text, &parse_options(cx.session))?.remove(0);
    let made = with_analyze_context(cx, text, |context| analyze::analyze(context, &raw.stmt, Parameters::None))?;
    Ok(match made.statement {
        AnalyzedStatement::Query(query) => Some(*query),
        AnalyzedStatement::Utility(_) => None,
    })
}

/// The type of a literal before its surroundings are known: zero for a string's.
fn type_of(kind: LiteralKind) -> Oid {
    match kind {
        LiteralKind::Int4 => analyze::oids::INT4,
        LiteralKind::Int8 => analyze::oids::INT8,
        LiteralKind::Numeric => analyze::oids::NUMERIC,
        LiteralKind::String => Oid::INVALID,
    }
}

/// The literals' values, of the types that the parameters have.
fn values_of(cx: Ctx<'_>, text: &str, literals: &[Literal], types: &[Oid]) -> Result<Vec<Datum>> {
    literals
        .iter()
        .zip(types)
        .map(|(literal, type_oid)| value_of(cx, literal, &literal.text(text), *type_oid))
        .collect()
}

fn value_of(cx: Ctx<'_>, literal: &Literal, text: &str, type_oid: Oid) -> Result<Datum> {
    match (literal.kind, text.parse::<i64>()) {
        (LiteralKind::Int4, Ok(value)) if i32::try_from(value).is_ok() => Ok(Datum::Int4(value as i32)),
        (LiteralKind::Int8, Ok(value)) => Ok(Datum::Int8(value)),
        _ => exec::with_fn_ctx(cx, |fx| builtins::input(fx, type_oid, -1, text)),
    }
}

/// Puts constants in place of the client's parameters.
struct PutValues<'a> {
    values: &'a [Datum],
}

impl Mutator for PutValues<'_> {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        if let Expr::Param(param) = expr
            && param.kind == ParamKind::Extern
            && let Some(value) = self.values.get(param.id as usize - 1)
        {
            let (typmod, collation) = (param.typmod, param.collation);
            *expr = Const { typmod, collation, ..Const::new(param.type_oid, value.clone()) }.into();
            return Ok(());
        }
        self.children(expr)
    }
}
