//! The state of an analysis: a stack of query levels.

use crate::context::{AnalyzeContext, Parameters};
use crate::expr::{Expr, Location};
use crate::oids;
use crate::query::{Alias, CommonTableExpr, Query, RangeTblEntry};
use base::Oid;
use parser::ast;
use report::{Error, Result};
use std::rc::Rc;

/// Which part of a statement an expression stands in; decides what it may contain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "PostgreSQL's ParseExprKind, name by name")]
pub enum ExprKind {
    Other,
    JoinOn,
    JoinUsing,
    FromSubselect,
    FromFunction,
    Where,
    Having,
    Filter,
    WindowPartition,
    WindowOrder,
    WindowFrameRange,
    WindowFrameRows,
    WindowFrameGroups,
    SelectTarget,
    InsertTarget,
    UpdateSource,
    UpdateTarget,
    GroupBy,
    OrderBy,
    DistinctOn,
    Limit,
    Offset,
    Returning,
    Values,
    ValuesSingle,
    CheckConstraint,
    DomainCheck,
    ColumnDefault,
    FunctionDefault,
    IndexExpression,
    IndexPredicate,
    StatsExpression,
    AlterColTransform,
    ExecuteParameter,
    PartitionExpression,
    CallArgument,
    CopyWhere,
    GeneratedColumn,
    CycleMark,
}

/// A column that a name can mean.
#[derive(Clone, Debug)]
pub struct NsColumn {
    /// The relation to refer to, zero if the column was dropped.
    pub varno: i32,
    /// The column there.
    pub attno: i16,
    /// Its type.
    pub type_oid: Oid,
    /// Its type modifier.
    pub typmod: i32,
    /// Its collation.
    pub collation: Oid,
    /// The relation and column as the user sees them.
    pub syntactic: (i32, i16),
    /// `*` does not include it.
    pub dont_expand: bool,
}

/// What a table name in a query means: its columns.
#[derive(Debug)]
pub struct NsData {
    /// The name and the columns' names. A dropped column has an empty name.
    pub names: Alias,
    /// The range table entry.
    pub rtindex: i32,
    /// The columns, in the order of the names.
    pub columns: Vec<NsColumn>,
}

/// An entry of a namespace.
#[derive(Clone, Debug)]
pub struct NsItem {
    /// What it means.
    pub data: Rc<NsData>,
    /// Its name can be used.
    pub rel_visible: bool,
    /// Its columns can be used without its name.
    pub cols_visible: bool,
    /// It can be used by LATERAL items only.
    pub lateral_only: bool,
    /// If `lateral_only`, whether it may be used at all.
    pub lateral_ok: bool,
}

impl NsItem {
    /// An entry that is visible in every way.
    pub fn new(data: NsData) -> NsItem {
        NsItem { data: Rc::new(data), rel_visible: true, cols_visible: true, lateral_only: false, lateral_ok: true }
    }
}

/// A query of WITH, known to its level.
#[derive(Clone, Debug)]
pub struct CteEntry {
    /// The query and its columns; a placeholder while it is analysed.
    pub cte: CommonTableExpr,
    /// Its analysis is done.
    pub analyzed: bool,
    /// It was written as INSERT, UPDATE or DELETE.
    pub modifying: bool,
    /// Its columns are known although its analysis goes on (its non-recursive part is done).
    pub columns_known: bool,
}

/// A level of query nesting.
#[derive(Debug, Default)]
pub struct State {
    /// The range table so far.
    pub rtable: Vec<RangeTblEntry>,
    /// For each relation of the range table, what its names mean.
    pub items: Vec<Option<NsItem>>,
    /// What names in expressions can mean.
    pub namespace: Vec<NsItem>,
    /// Expressions being analysed are those of a LATERAL item.
    pub lateral_active: bool,
    /// WITH.
    pub ctes: Vec<CteEntry>,
    /// Names in WITH that are yet to be analysed.
    pub future_ctes: Vec<String>,
    /// Level and index of the query of WITH that this is.
    pub parent_cte: Option<(usize, usize)>,
    /// Windows of WINDOW and OVER; OVER's are appended as they are met.
    pub window_defs: Vec<ast::WindowDef>,
    /// Where the expression being analysed stands.
    pub kind: Option<ExprKind>,
    /// Number of the next target entry.
    pub next_resno: i16,
    /// FOR UPDATE and the like.
    pub locking: Vec<ast::LockingClause>,
    /// An enclosing query locks all rows of this one.
    pub locked_from_parent: bool,
    /// Unknown literals in the target list become text.
    pub resolve_unknowns: bool,
    /// The target of a change: its item.
    pub target: Option<NsItem>,
    /// Within INSERT.
    pub is_insert: bool,
    /// Found an aggregate.
    pub has_aggs: bool,
    /// Found a window function.
    pub has_window_funcs: bool,
    /// Found a set-returning function in the target list.
    pub has_target_srfs: bool,
    /// Found a sub-select in an expression.
    pub has_sublinks: bool,
    /// Found a data-modifying query in WITH.
    pub has_modifying_cte: bool,
    /// The last set-returning function met, and how many there were.
    pub last_srf: (u32, Location),
}

/// An analysis in progress.
pub struct Analyzer<'c, 'a> {
    /// What it was given.
    pub cx: &'c AnalyzeContext<'a>,
    /// Query levels, the innermost last.
    pub states: Vec<State>,
    /// Types of parameters.
    pub params: Parameters,
    /// Parameters are replaced by these columns' values: names of SQL functions' arguments are not supported yet.
    pub column_hook: Option<ColumnHook>,
}

/// A special meaning of bare names.
#[derive(Clone, Debug)]
pub enum ColumnHook {
    /// `VALUE` in a domain's check means this.
    DomainValue(Expr),
}

impl<'c, 'a> Analyzer<'c, 'a> {
    /// An analysis with one query level.
    pub fn new(cx: &'c AnalyzeContext<'a>, params: Parameters) -> Analyzer<'c, 'a> {
        let state = State { resolve_unknowns: true, next_resno: 1, ..State::default() };
        Analyzer { cx, states: vec![state], params, column_hook: None }
    }

    /// The innermost query level.
    pub fn state(&mut self) -> &mut State {
        self.states.last_mut().expect("there is a level while an analysis runs")
    }

    /// The innermost query level, read-only.
    pub fn top(&self) -> &State {
        self.states.last().expect("there is a level while an analysis runs")
    }

    /// The level that is `levels_up` above the innermost.
    pub fn level(&self, levels_up: u32) -> &State {
        &self.states[self.states.len() - 1 - levels_up as usize]
    }

    /// The level that is `levels_up` above the innermost, to be changed.
    pub fn level_mut(&mut self, levels_up: u32) -> &mut State {
        let index = self.states.len() - 1 - levels_up as usize;
        &mut self.states[index]
    }

    /// Runs `work` in a new query level within the present one.
    pub fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.states.push(State { resolve_unknowns: true, next_resno: 1, ..State::default() });
        let result = work(self);
        self.states.pop();
        result
    }

    /// `error` with its position.
    pub fn at(&self, error: Error, location: impl Into<Location>) -> Error {
        self.cx.at(error, location)
    }

    /// The number of the next target entry.
    pub fn take_resno(&mut self) -> i16 {
        let state = self.state();
        let resno = state.next_resno;
        state.next_resno += 1;
        resno
    }

    /// Moves what the level has gathered into the query that it makes.
    pub fn finish_query(&mut self, query: &mut Query) {
        let state = self.state();
        query.rtable = std::mem::take(&mut state.rtable);
        query.has_sublinks = state.has_sublinks;
        query.has_window_funcs = state.has_window_funcs;
        query.has_target_srfs = state.has_target_srfs;
        query.has_aggs = state.has_aggs;
        query.has_modifying_cte = state.has_modifying_cte;
        query.ctes = std::mem::take(&mut state.ctes).into_iter().map(|entry| entry.cte).collect();
        query.can_set_tag = true;
    }
}

/// True for a literal whose type is not known yet.
pub fn is_unknown_const(expr: &Expr) -> bool {
    matches!(expr, Expr::Const(constant) if constant.type_oid == oids::UNKNOWN)
}
