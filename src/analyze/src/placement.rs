//! Where aggregates, window functions and set-returning functions may stand.
//!
//! Source: PostgreSQL 15 parse_agg.c, parse_func.c and ParseExprKindName of parse_expr.c.

use crate::expr::Location;
use crate::state::{Analyzer, ExprKind};
use report::{Result, error};

/// How a misplaced function is reported.
enum Place {
    /// It may stand there.
    Fine,
    /// `... are not allowed in {the clause's name}`.
    Named,
    /// `... are not allowed in {words}`.
    Words(&'static str),
}

/// What is placed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// An aggregate.
    Aggregate,
    /// GROUPING.
    Grouping,
    /// A window function.
    Window,
    /// A set-returning function.
    Set,
}

impl ExprKind {
    /// The clause's name in messages.
    pub fn name(self) -> &'static str {
        use ExprKind as K;
        match self {
            K::Other => "extension expression",
            K::JoinOn => "JOIN/ON",
            K::JoinUsing => "JOIN/USING",
            K::FromSubselect => "sub-SELECT in FROM",
            K::FromFunction => "function in FROM",
            K::Where | K::CopyWhere => "WHERE",
            K::Having => "HAVING",
            K::Filter => "FILTER",
            K::WindowPartition => "window PARTITION BY",
            K::WindowOrder => "window ORDER BY",
            K::WindowFrameRange => "window RANGE",
            K::WindowFrameRows => "window ROWS",
            K::WindowFrameGroups => "window GROUPS",
            K::SelectTarget => "SELECT",
            K::InsertTarget => "INSERT",
            K::UpdateSource | K::UpdateTarget => "UPDATE",
            K::GroupBy => "GROUP BY",
            K::OrderBy => "ORDER BY",
            K::DistinctOn => "DISTINCT ON",
            K::Limit => "LIMIT",
            K::Offset => "OFFSET",
            K::Returning => "RETURNING",
            K::Values | K::ValuesSingle => "VALUES",
            K::CheckConstraint | K::DomainCheck => "CHECK",
            K::ColumnDefault | K::FunctionDefault => "DEFAULT",
            K::IndexExpression => "index expression",
            K::IndexPredicate => "index predicate",
            K::StatsExpression => "statistics expression",
            K::AlterColTransform => "USING",
            K::ExecuteParameter => "EXECUTE",
            K::PartitionExpression => "PARTITION BY",
            K::CallArgument => "CALL",
            K::GeneratedColumn => "GENERATED AS",
            K::CycleMark => "CYCLE",
        }
    }

    /// What schema definitions call the clause.
    fn definition_words(self) -> Option<&'static str> {
        use ExprKind as K;
        Some(match self {
            K::JoinOn | K::JoinUsing => "JOIN conditions",
            K::CheckConstraint | K::DomainCheck => "check constraints",
            K::ColumnDefault | K::FunctionDefault => "DEFAULT expressions",
            K::IndexExpression => "index expressions",
            K::IndexPredicate => "index predicates",
            K::StatsExpression => "statistics expressions",
            K::AlterColTransform => "transform expressions",
            K::ExecuteParameter => "EXECUTE parameters",
            K::PartitionExpression => "partition key expressions",
            K::GeneratedColumn => "column generation expressions",
            K::CallArgument => "CALL arguments",
            K::CopyWhere => "COPY FROM WHERE conditions",
            _ => return None,
        })
    }

    fn place(self, placed: Placed) -> Place {
        use ExprKind as K;
        if let Some(words) = self.definition_words() {
            return Place::Words(words);
        }
        match (placed, self) {
            (_, K::Other) => Place::Fine,
            (Placed::Aggregate | Placed::Grouping, kind) => match kind {
                K::FromSubselect => Place::Words("FROM clause of their own query level"),
                K::FromFunction => Place::Words("functions in FROM"),
                K::Having | K::WindowPartition | K::WindowOrder | K::SelectTarget | K::OrderBy | K::DistinctOn => {
                    Place::Fine
                }
                K::WindowFrameRange => Place::Words("window RANGE"),
                K::WindowFrameRows => Place::Words("window ROWS"),
                K::WindowFrameGroups => Place::Words("window GROUPS"),
                _ => Place::Named,
            },
            (Placed::Window, kind) => match kind {
                K::FromFunction => Place::Words("functions in FROM"),
                K::WindowPartition
                | K::WindowOrder
                | K::WindowFrameRange
                | K::WindowFrameRows
                | K::WindowFrameGroups => Place::Words("window definitions"),
                K::SelectTarget | K::OrderBy | K::DistinctOn => Place::Fine,
                _ => Place::Named,
            },
            (Placed::Set, kind) => match kind {
                K::WindowFrameRange | K::WindowFrameRows | K::WindowFrameGroups => Place::Words("window definitions"),
                K::FromFunction
                | K::WindowPartition
                | K::WindowOrder
                | K::SelectTarget
                | K::InsertTarget
                | K::GroupBy
                | K::OrderBy
                | K::DistinctOn
                | K::ValuesSingle => Place::Fine,
                _ => Place::Named,
            },
        }
    }
}

impl Analyzer<'_, '_> {
    /// The clause being analysed.
    pub fn kind(&self) -> ExprKind {
        self.top().kind.unwrap_or(ExprKind::Other)
    }

    /// Checks that a function may stand in the clause being analysed.
    pub fn check_placement(&self, placed: Placed, location: Location) -> Result<()> {
        self.check_placement_at(placed, 0, location)
    }

    /// The same for what belongs to an enclosing query: it stands in that query's clause.
    pub fn check_placement_at(&self, placed: Placed, levels_up: u32, location: Location) -> Result<()> {
        let kind = self.level(levels_up).kind.unwrap_or(ExprKind::Other);
        let words = match kind.place(placed) {
            Place::Fine => return Ok(()),
            Place::Named => kind.name(),
            Place::Words(words) => words,
        };
        let err = match placed {
            Placed::Aggregate => error!(GROUPING_ERROR, "aggregate functions are not allowed in {words}"),
            Placed::Grouping => error!(GROUPING_ERROR, "grouping operations are not allowed in {words}"),
            Placed::Window => error!(WINDOWING_ERROR, "window functions are not allowed in {words}"),
            Placed::Set => error!(FEATURE_NOT_SUPPORTED, "set-returning functions are not allowed in {words}"),
        };
        Err(self.at(err, location))
    }

    /// Checks that a set-returning function may stand here. `last_srf` is how many there were before its arguments.
    pub fn check_srf_placement(&mut self, last_srf: u32, location: Location) -> Result<()> {
        self.check_placement(Placed::Set, location)?;
        let (count, inner) = self.top().last_srf;
        match self.kind() {
            ExprKind::Other => {}
            ExprKind::FromFunction if count != last_srf => {
                let err = error!(FEATURE_NOT_SUPPORTED, "set-returning functions must appear at top level of FROM");
                return Err(self.at(err, inner));
            }
            ExprKind::FromFunction => {}
            _ => self.state().has_target_srfs = true,
        }
        Ok(())
    }
}
