//! Statements that the session has met before, so that a client which never prepares is served as fast as one that does.
//!
//! ```text
//! text ── template ──> one of the last few: literals read, plan ready
//!   └──── shape ──> met once ──> met again: learnt ──> known: literals read as parameters, plan ready
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
use crate::limits::PARSED_BYTES_MAX;
use crate::query::{Body, Statement, parse_options};
use crate::shared::{Seen, SharedStatements, write_key};
use analyze::expr::{Const, Expr, ParamKind};
use analyze::query::Query;
use analyze::walk::Mutator;
use analyze::{AnalyzedStatement, Parameters};
use base::Oid;
use command::with_analyze_context;
use exec::{Params, Sharing};
use instance::{Ctx, Prepared};
use parser::shape::{Literal, LiteralKind, Shape};
use parser::template::{LiteralValue, Template};
use report::Result;
use std::collections::HashMap;
use std::fmt::{Display, Write};
use std::sync::Arc;
use tuple::Datum;

/// Statements remembered. Beyond it those go that were not used for the longest time.
const STATEMENTS_MAX: usize = 64;

/// Of these the last few are compared with a text before its shape is taken. A transaction of a handful of statements fits.
const RECENT_MAX: usize = 8;

/// Longer query strings are not looked for: what is remembered of the last one would be as long. Unit: bytes.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// A statement that was learnt.
pub(crate) struct Known {
    pub(crate) statement: Statement,
    /// Its text, with parameters in place of literals.
    pub(crate) text: Arc<str>,
    /// What planning would compute, were the literals there. It is computed each time, so that its errors come in any case.
    folded: Arc<[Expr]>,
    /// The quick way to recognise it.
    template: Option<Arc<Template>>,
}

impl Known {
    /// A copy for another session.
    fn fork(&self) -> Option<Known> {
        Some(Known {
            statement: self.statement.fork()?,
            text: Arc::clone(&self.text),
            folded: Arc::clone(&self.folded),
            template: self.template.clone(),
        })
    }

    /// Reads a text's literals by the template. False if it is not this statement, or a literal is not what it should be.
    fn read(&self, cx: Ctx<'_>, text: &str, values: &mut Vec<Datum>) -> bool {
        let types = &self.statement.parameter_types;
        self.template.as_ref().is_some_and(|template| {
            template.read(text, |n, value| {
                let value = match value {
                    LiteralValue::Whole(value) => i32::try_from(value).map_or(Datum::Int8(value), Datum::Int4),
                    LiteralValue::String(text) => match read_text(cx, text, types[n]) {
                        Ok(value) => value,
                        Err(_) => return false,
                    },
                };
                values.push(value);
                true
            })
        })
    }

    fn check_folded(&self, cx: Ctx<'_>, values: &[Datum]) -> Result<()> {
        for part in self.folded.iter() {
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
    /// Those with a template that were used last, the very last one first.
    recent: Vec<Arc<Known>>,
    surroundings: Surroundings,
    /// Grows with each use.
    clock: u64,
    shape: Shape,
    /// The key of what Parse was given last.
    parsed: String,
    /// What all sessions have learnt, and the key under which they share what was met last.
    shared: Option<Arc<SharedStatements>>,
    shared_key: String,
    /// The literals' values of the last query: those of the next are put where they were.
    params: Arc<Params>,
}

impl KnownStatements {
    /// The learnt statement that a simple query is, with the values of its literals. `None`: it is to be parsed.
    ///
    /// A transaction must be open. Whatever is wrong with the text is not told here: the ordinary way finds it again.
    pub(crate) fn find(&mut self, cx: Ctx<'_>, text: &str) -> Option<(Arc<Known>, Arc<Params>)> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        self.keep_if_current(cx)?;
        if let Some(known) = self.find_recent(cx, text) {
            return Some((known, Arc::clone(&self.params)));
        }
        if !self.shape.take(text, &parse_options(cx.session)) {
            return None;
        }
        self.clock += 1;
        let known = self.find_by_shape(cx, text)?;
        let values = room_for_values(&mut self.params);
        read_values(cx, text, self.shape.literals(), &known.statement.parameter_types, values).ok()?;
        known.check_folded(cx, values).ok()?;
        if known.template.is_some() && !self.recent.iter().any(|recent| Arc::ptr_eq(recent, &known)) {
            self.recent.truncate(RECENT_MAX - 1);
            self.recent.insert(0, Arc::clone(&known));
        }
        Some((known, Arc::clone(&self.params)))
    }

    /// The statement of the present shape, if it is known, or met again.
    fn find_by_shape(&mut self, cx: Ctx<'_>, text: &str) -> Option<Arc<Known>> {
        let is_met = match self.entries.get_mut(self.shape.key()) {
            Some(entry) => {
                entry.last_used = self.clock;
                match &entry.memory {
                    Memory::Known(known) => return Some(Arc::clone(known)),
                    Memory::Met => true,
                    Memory::Refused | Memory::Parsed(_) => return None,
                }
            }
            None => false,
        };
        let memory = if is_met { self.learn_and_tell(cx, text) } else { self.meet(cx, text) };
        let known = if let Memory::Known(known) = &memory { Some(Arc::clone(known)) } else { None };
        self.remember(self.shape.key().into(), memory);
        known
    }

    /// A statement that this session meets for the first time. Another one may have met or learnt it.
    fn meet(&mut self, cx: Ctx<'_>, text: &str) -> Memory {
        let shared = Arc::clone(self.shared.get_or_insert_with(|| cx.instance.shared.get()));
        if write_key(cx, self.shape.key(), &mut self.shared_key).is_none() {
            return Memory::Met;
        }
        let seen = {
            let _for_all = memory::Aside::begin();
            shared.meet(&self.shared_key, self.surroundings.catalog_changes)
        };
        match seen {
            Seen::Never => Memory::Met,
            Seen::Once => self.learn_and_tell(cx, text),
            Seen::Refused => Memory::Refused,
            Seen::Learnt(model) => model.fork().map_or(Memory::Met, |known| Memory::Known(Arc::new(known))),
        }
    }

    /// Learns a statement, for this session and for others.
    fn learn_and_tell(&mut self, cx: Ctx<'_>, text: &str) -> Memory {
        if write_key(cx, self.shape.key(), &mut self.shared_key).is_none() {
            let learnt = learn(cx, text, &self.shape).ok().flatten();
            return learnt.map_or(Memory::Refused, |known| Memory::Known(Arc::new(known)));
        }
        let for_all = memory::Aside::begin();
        // What went wrong may be this session's own affair: others find out for themselves.
        let Ok(learnt) = learn(cx, text, &self.shape) else { return Memory::Refused };
        let Some(model) = learnt.map(Arc::new) else {
            self.tell(cx, Seen::Refused);
            return Memory::Refused;
        };
        drop(for_all);
        // The session's own is run, the model is not.
        let Some(own) = model.fork() else { return Memory::Known(model) };
        self.tell(cx, Seen::Learnt(model));
        Memory::Known(Arc::new(own))
    }

    /// From now on others know this of the statement that was met last.
    fn tell(&mut self, cx: Ctx<'_>, seen: Seen) {
        let _for_all = memory::Aside::begin();
        let shared = self.shared.get_or_insert_with(|| cx.instance.shared.get());
        shared.enter(&self.shared_key, self.surroundings.catalog_changes, seen);
    }

    /// One of the last few statements, if the text is that with other literals. Their values are in `params` then.
    fn find_recent(&mut self, cx: Ctx<'_>, text: &str) -> Option<Arc<Known>> {
        let values = room_for_values(&mut self.params);
        let at = self.recent.iter().position(|known| {
            values.clear();
            known.read(cx, text, values)
        })?;
        self.recent[at].check_folded(cx, values).ok()?;
        self.recent[..=at].rotate_right(1);
        Some(Arc::clone(&self.recent[0]))
    }

    /// Forgets all if something has changed. `None` if nothing may be used now.
    fn keep_if_current(&mut self, cx: Ctx<'_>) -> Option<()> {
        let now = Surroundings::of(cx)?;
        if now != self.surroundings {
            self.clear();
            self.surroundings = now;
        }
        Some(())
    }

    fn remember(&mut self, key: Box<str>, memory: Memory) {
        if self.entries.len() >= STATEMENTS_MAX && !self.entries.contains_key(&key) {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last_used).map(|(key, _)| key.clone());
            oldest.map(|key| self.entries.remove(&key));
        }
        self.entries.insert(key, Entry { memory, last_used: self.clock });
    }

    /// The unnamed statement that an earlier Parse with this text and these types has made. A transaction must be open.
    pub(crate) fn find_parsed(&mut self, cx: Ctx<'_>, text: &str, types: &[u32]) -> Option<Arc<Prepared>> {
        self.keep_if_current(cx)?;
        self.clock += 1;
        write_parsed_key(&mut self.parsed, text, types.iter());
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
        write_parsed_key(&mut self.parsed, &prepared.text, types.iter());
        self.remember(self.parsed.as_str().into(), Memory::Parsed(Arc::clone(prepared)));
    }

    /// Forgets all: DISCARD PLANS.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.recent.clear();
    }
}

/// The values' memory, empty; another one if somebody still looks at the old values.
fn room_for_values(params: &mut Arc<Params>) -> &mut Vec<Datum> {
    if Arc::get_mut(params).is_none() {
        *params = Arc::default();
    }
    let values = &mut Arc::get_mut(params).expect("nobody else has the room").values;
    values.clear();
    values
}

/// Analyses a statement with parameters for its literals. `None` if that does not mean the same.
fn learn(cx: Ctx<'_>, text: &str, shape: &Shape) -> Result<Option<Known>> {
    let Some(original) = analyzed(cx, text)? else { return Ok(None) };
    let text_of_shape = shape.lifted(text);
    let raw = parser::parse(&text_of_shape, &parse_options(cx.session))?.remove(0);
    let given = Parameters::Variable(shape.literals().iter().map(|literal| type_of(literal.kind)).collect());
    let statement = Statement::analyze_shared(cx, &raw, &text_of_shape, given, Sharing::AnyValues)?;
    let Body::Query(query) = &statement.body else { return Ok(None) };
    let mut values = Vec::new();
    read_values(cx, text, shape.literals(), &statement.parameter_types, &mut values)?;
    let cached = query.cached();
    let mut bound = cached.query().clone();
    PutValues { values: &values }.query(&mut bound)?;
    // What cannot be planned with parameters is not the same either: an arbiter index that a literal implies.
    let is_same = bound == original && cached.plan(cx, &Params { values })?.is_some();
    let folded = plan::foldable_parts(cached.query(), &exec::CatalogLookup(cx));
    let template = Template::of(text, shape).map(Arc::new);
    Ok(is_same.then_some(Known { statement, text: text_of_shape.into(), folded: folded.into(), template }))
}

/// The types that Parse was given and the text; no shape begins like this.
pub(crate) fn write_parsed_key(key: &mut String, text: &str, types: impl Iterator<Item = impl Display>) {
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
fn read_values(cx: Ctx<'_>, text: &str, literals: &[Literal], types: &[Oid], out: &mut Vec<Datum>) -> Result<()> {
    for (literal, type_oid) in literals.iter().zip(types) {
        out.push(value_of(cx, literal, &literal.text(text), *type_oid)?);
    }
    Ok(())
}

fn value_of(cx: Ctx<'_>, literal: &Literal, text: &str, type_oid: Oid) -> Result<Datum> {
    match (literal.kind, text.parse::<i64>()) {
        (LiteralKind::Int4, Ok(value)) if i32::try_from(value).is_ok() => Ok(Datum::Int4(value as i32)),
        (LiteralKind::Int8, Ok(value)) => Ok(Datum::Int8(value)),
        _ => read_text(cx, text, type_oid),
    }
}

fn read_text(cx: Ctx<'_>, text: &str, type_oid: Oid) -> Result<Datum> {
    exec::with_fn_ctx(cx, |fx| builtins::input(fx, type_oid, -1, text))
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
