//! Statements: what analysis is asked for, and what it answers.

use crate::context::{AnalyzeContext, Parameters};
use crate::expr::{Expr, ParamKind};
use crate::oids;
use crate::query::Query;
use crate::select::leftmost_into;
use crate::state::Analyzer;
use crate::walk::Mutator;
use base::Oid;
use parser::ast::{self, CreateTableAsStmt, SelectBody, SelectStmt, Statement};
use report::{Error, Result, SqlState, error};

/// A statement whose names and types are resolved.
#[derive(Clone, Debug)]
pub enum AnalyzedStatement {
    /// SELECT, INSERT, UPDATE, DELETE.
    Query(Box<Query>),
    /// Anything else.
    Utility(Box<UtilityStatement>),
}

/// A statement that is not planned itself; some contain one that is.
#[derive(Clone, Debug)]
pub enum UtilityStatement {
    /// EXPLAIN.
    Explain(ast::ExplainStmt, AnalyzedStatement),
    /// CREATE TABLE AS, SELECT INTO, CREATE MATERIALIZED VIEW. EXECUTE stays a utility statement.
    CreateTableAs(CreateTableAsStmt, AnalyzedStatement),
    /// DECLARE CURSOR.
    DeclareCursor(ast::DeclareCursorStmt, Box<Query>),
    /// CALL: the procedure's call.
    Call(ast::CallStmt, Expr),
    /// As parsed.
    Plain(Statement),
}

/// The answer to [`analyze`].
#[derive(Clone, Debug)]
pub struct Analyzed {
    /// The statement.
    pub statement: AnalyzedStatement,
    /// The types of its parameters, those inferred included.
    pub param_types: Vec<Oid>,
}

/// Analyses a statement.
///
/// Errors: PostgreSQL's, with positions in the context's source text.
pub fn analyze(cx: &AnalyzeContext<'_>, stmt: &Statement, params: Parameters) -> Result<Analyzed> {
    let mut analyzer = Analyzer::new(cx, params);
    let mut statement = analyzer.transform_statement(stmt)?;
    analyzer.check_parameters(&mut statement)?;
    let param_types = match analyzer.params {
        Parameters::None => Vec::new(),
        Parameters::Fixed(types) | Parameters::Variable(types) => types,
    };
    Ok(Analyzed { statement, param_types })
}

impl Analyzer<'_, '_> {
    fn transform_statement(&mut self, stmt: &Statement) -> Result<AnalyzedStatement> {
        let query = match stmt {
            Statement::Select(select) => match select_into(select) {
                Some(create) => return self.transform_create_as(create),
                None => self.transform_select(select)?,
            },
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) | Statement::Merge(_) => {
                self.transform_modifying(stmt)?
            }
            Statement::Explain(explain) => {
                let inner = self.transform_statement(&explain.query)?;
                return Ok(utility(UtilityStatement::Explain((**explain).clone(), inner)));
            }
            Statement::CreateTableAs(create) => return self.transform_create_as((**create).clone()),
            Statement::DeclareCursor(declare) => {
                let query = self.transform_declare_cursor(declare)?;
                return Ok(utility(UtilityStatement::DeclareCursor((**declare).clone(), Box::new(query))));
            }
            Statement::Call(call) => {
                let mut made = self.transform_procedure_call(&call.call)?;
                self.assign_collations(&mut made)?;
                return Ok(utility(UtilityStatement::Call((**call).clone(), made)));
            }
            other => return Ok(utility(UtilityStatement::Plain(other.clone()))),
        };
        Ok(AnalyzedStatement::Query(Box::new(query)))
    }

    fn transform_create_as(&mut self, create: CreateTableAsStmt) -> Result<AnalyzedStatement> {
        let inner = self.transform_statement(&create.query)?;
        if create.materialized_view
            && let AnalyzedStatement::Query(query) = &inner
            && query.has_modifying_cte
        {
            let message = "materialized views must not use data-modifying statements in WITH";
            return Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message));
        }
        Ok(utility(UtilityStatement::CreateTableAs(create, inner)))
    }

    fn transform_declare_cursor(&mut self, declare: &ast::DeclareCursorStmt) -> Result<Query> {
        let options = &declare.options;
        if options.scroll && options.no_scroll {
            return Err(error!(INVALID_CURSOR_DEFINITION, "cannot specify both SCROLL and NO SCROLL"));
        }
        if options.asensitive && options.insensitive {
            return Err(error!(INVALID_CURSOR_DEFINITION, "cannot specify both INSENSITIVE and ASENSITIVE"));
        }
        let query = self.transform_select(&declare.query)?;
        if query.has_modifying_cte {
            return Err(error!(
                FEATURE_NOT_SUPPORTED,
                "DECLARE CURSOR must not contain data-modifying statements in WITH"
            ));
        }
        if let Some(mark) = query.row_marks.first().filter(|_| query.has_for_update) {
            let name = match mark.strength {
                crate::query::LockStrength::ForKeyShare => "FOR KEY SHARE",
                crate::query::LockStrength::ForShare => "FOR SHARE",
                crate::query::LockStrength::ForNoKeyUpdate => "FOR NO KEY UPDATE",
                crate::query::LockStrength::ForUpdate => "FOR UPDATE",
            };
            let (kind, detail) = if options.hold {
                ("WITH HOLD", "Holdable cursors must be READ ONLY.")
            } else if options.scroll {
                ("SCROLL", "Scrollable cursors must be READ ONLY.")
            } else if options.insensitive {
                ("INSENSITIVE", "Insensitive cursors must be READ ONLY.")
            } else {
                return Ok(query);
            };
            let code = if options.insensitive && !options.hold && !options.scroll {
                report::SqlState::INVALID_CURSOR_DEFINITION
            } else {
                report::SqlState::FEATURE_NOT_SUPPORTED
            };
            let message = match kind {
                "INSENSITIVE" => format!("DECLARE INSENSITIVE CURSOR ... {name} is not valid"),
                "WITH HOLD" => format!("DECLARE CURSOR WITH HOLD ... {name} is not supported"),
                _ => format!("DECLARE SCROLL CURSOR ... {name} is not supported"),
            };
            return Err(report::Error::new(code, message).detail(detail));
        }
        Ok(query)
    }

    /// Checks that every use of a parameter took the type that was inferred for it in the end.
    fn check_parameters(&self, statement: &mut AnalyzedStatement) -> Result<()> {
        let Parameters::Variable(types) = &self.params else { return Ok(()) };
        if types.is_empty() {
            return Ok(());
        }
        let mut check = CheckParams { analyzer: self, types };
        match statement {
            AnalyzedStatement::Query(query) => check.query(query),
            AnalyzedStatement::Utility(stmt) => match &mut **stmt {
                UtilityStatement::Explain(_, inner) | UtilityStatement::CreateTableAs(_, inner) => {
                    self.check_parameters(inner)
                }
                UtilityStatement::DeclareCursor(_, query) => check.query(query),
                UtilityStatement::Call(_, call) => check.expr(call),
                UtilityStatement::Plain(_) => Ok(()),
            },
        }
    }
}

struct CheckParams<'p, 'c, 'a> {
    analyzer: &'p Analyzer<'c, 'a>,
    types: &'p [Oid],
}

impl Mutator for CheckParams<'_, '_, '_> {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        if let Expr::Param(param) = expr
            && param.kind == ParamKind::Extern
        {
            let known = self.types.get(param.id as usize - 1).copied().unwrap_or_default();
            if param.type_oid != known || known == oids::UNKNOWN {
                let err = error!(AMBIGUOUS_PARAMETER, "could not determine data type of parameter ${}", param.id);
                return Err(self.analyzer.at(err, param.location));
            }
        }
        self.children(expr)
    }
}

fn utility(stmt: UtilityStatement) -> AnalyzedStatement {
    AnalyzedStatement::Utility(Box::new(stmt))
}

/// SELECT INTO as the CREATE TABLE AS that it is.
fn select_into(select: &SelectStmt) -> Option<CreateTableAsStmt> {
    let into = leftmost_into(select)?.clone();
    let mut query = select.clone();
    take_into(&mut query);
    Some(CreateTableAsStmt {
        select_into: true,
        query: Box::new(Statement::Select(Box::new(query))),
        into,
        materialized_view: false,
        if_not_exists: false,
    })
}

fn take_into(select: &mut SelectStmt) {
    match &mut select.body {
        SelectBody::Simple(simple) => simple.into = None,
        SelectBody::Values(_) => {}
        SelectBody::SetOperation(operation) => take_into(&mut operation.left),
    }
}
