//! CREATE INDEX, VIEW, SEQUENCE, STATISTICS, TRIGGER, RULE, POLICY; REFRESH MATERIALIZED VIEW.

use super::Parser;
use super::statement::option;
use crate::ast::*;
use crate::keywords::Keyword as K;
use crate::lexer::TokenKind;
use report::Result;

impl Parser<'_> {
    // Indexes

    /// CREATE \[UNIQUE\] INDEX, behind INDEX.
    pub(super) fn create_index(&mut self, unique: bool) -> Result<Statement> {
        let concurrently = self.eat(K::Concurrently);
        let if_not_exists = self.if_not_exists()?;
        let name = if !if_not_exists && self.is(K::On) { None } else { Some(self.name()?) };
        self.expect(K::On)?;
        let relation = self.relation_expr()?;
        let access_method = self.opt_access_method()?;
        let elements = self.parens(Self::index_elem)?;
        let including = if self.eat(K::Include) { self.parens(Self::index_elem)? } else { Vec::new() };
        let nulls_not_distinct = self.opt_null_treatment()?;
        let options = self.opt_reloptions()?;
        let tablespace = self.opt_tablespace()?;
        let filter = self.opt_expr(K::Where)?;
        Ok(Statement::CreateIndex(Box::new(IndexStmt {
            name,
            relation,
            unique,
            concurrently,
            if_not_exists,
            access_method,
            elements,
            including,
            nulls_not_distinct,
            options,
            tablespace,
            filter,
        })))
    }

    /// A column, a call or an expression in parentheses.
    pub(super) fn index_key(&mut self) -> Result<IndexKey> {
        if self.is_char(b'(') {
            return Ok(IndexKey::Expr(self.in_parens(Self::expr)?));
        }
        if self.starts_call() {
            return Ok(IndexKey::Expr(self.windowless_call()?));
        }
        let name = self.col_id()?;
        self.refuse_subscript()?;
        Ok(IndexKey::Column(name))
    }

    pub(super) fn opt_collation(&mut self) -> Result<Option<QualifiedName>> {
        if self.eat(K::Collate) { self.any_name().map(Some) } else { Ok(None) }
    }

    pub(super) fn index_elem(&mut self) -> Result<IndexElem> {
        let key = self.index_key()?;
        let collation = self.opt_collation()?;
        // NULLS FIRST is an order; NULLS alone may be an operator class.
        let nulls_order = self.is(K::Nulls) && (self.peek_is(1, K::First) || self.peek_is(1, K::Last));
        let opclass = if self.is_col_id() && !nulls_order { Some(self.any_name()?) } else { None };
        let opclass_options = if opclass.is_some() && self.is_char(b'(') { self.reloptions()? } else { Vec::new() };
        let direction = self.opt_direction();
        let nulls = self.opt_nulls()?;
        Ok(IndexElem { key, collation, opclass, opclass_options, direction, nulls })
    }

    // Views

    /// CREATE VIEW, behind the words before \[RECURSIVE\] VIEW.
    pub(super) fn create_view(&mut self, or_replace: bool, persistence: Persistence) -> Result<Statement> {
        let recursive = self.eat(K::Recursive);
        self.expect(K::View)?;
        let view = RangeVar { persistence, ..self.qualified_name()? };
        let columns = if recursive { self.column_list()? } else { self.opt_column_list()? };
        let options = self.opt_reloptions()?;
        self.expect(K::As)?;
        let mut query = Box::new(self.select()?);
        let check_pos = self.pos();
        let check_option = self.opt_check_option()?;
        if recursive {
            if check_option != CheckOption::None {
                return Err(self.unsupported_at(check_pos, "WITH CHECK OPTION not supported on recursive views"));
            }
            query = Box::new(recursive_view(&view.name, &columns, *query));
        }
        Ok(Statement::CreateView(Box::new(ViewStmt { view, columns, query, or_replace, options, check_option })))
    }

    fn opt_check_option(&mut self) -> Result<CheckOption> {
        if !self.eat(K::With) {
            return Ok(CheckOption::None);
        }
        let option = if self.eat(K::Local) {
            CheckOption::Local
        } else {
            self.eat(K::Cascaded);
            CheckOption::Cascaded
        };
        self.expect_seq(&[K::Check, K::Option])?;
        Ok(option)
    }

    pub(super) fn refresh(&mut self) -> Result<Statement> {
        self.expect_seq(&[K::Refresh, K::Materialized, K::View])?;
        let concurrently = self.eat(K::Concurrently);
        let relation = self.qualified_name()?;
        let skip_data = !self.opt_with_data()?;
        Ok(Statement::RefreshMatView(Box::new(RefreshMatViewStmt { concurrently, relation, skip_data })))
    }

    // Sequences

    /// CREATE SEQUENCE, behind SEQUENCE.
    pub(super) fn create_sequence(&mut self, persistence: Persistence) -> Result<Statement> {
        let if_not_exists = self.if_not_exists()?;
        let sequence = RangeVar { persistence, ..self.qualified_name()? };
        let options = self.sequence_options()?;
        Ok(Statement::CreateSequence(Box::new(CreateSeqStmt { sequence, options, if_not_exists })))
    }

    pub(super) fn sequence_options(&mut self) -> Result<Vec<DefElem>> {
        let mut options = Vec::new();
        while let Some(option) = self.opt_sequence_option()? {
            options.push(option);
        }
        Ok(options)
    }

    pub(super) fn opt_parens_sequence_options(&mut self) -> Result<Vec<DefElem>> {
        if !self.eat_char(b'(') {
            return Ok(Vec::new());
        }
        let options = self.sequence_options()?;
        if options.is_empty() {
            return Err(self.syntax_error());
        }
        self.expect_char(b')')?;
        Ok(options)
    }

    pub(super) fn opt_sequence_option(&mut self) -> Result<Option<DefElem>> {
        let pos = self.pos();
        let Some(k) = self.keyword() else {
            return Ok(None);
        };
        if !matches!(
            k,
            K::As
                | K::Cache
                | K::Cycle
                | K::No
                | K::Increment
                | K::Logged
                | K::Unlogged
                | K::Maxvalue
                | K::Minvalue
                | K::Owned
                | K::Sequence
                | K::Start
                | K::Restart
        ) {
            return Ok(None);
        }
        self.advance();
        let (name, arg) = match k {
            K::As => ("as", Some(DefArg::Type(Box::new(self.simple_type_name()?)))),
            K::Cycle => ("cycle", Some(DefArg::Boolean(true))),
            K::Logged | K::Unlogged => (k.text(), None),
            K::No => self.no_sequence_option()?,
            K::Owned => {
                self.expect(K::By)?;
                ("owned_by", Some(DefArg::Name(self.any_name()?)))
            }
            K::Sequence => {
                self.expect(K::Name)?;
                ("sequence_name", Some(DefArg::Name(self.any_name()?)))
            }
            K::Restart if !(self.is(K::With) || self.is_numeric_only()) => ("restart", None),
            _ => {
                match k {
                    K::Increment => self.eat(K::By),
                    K::Start | K::Restart => self.eat(K::With),
                    _ => false,
                };
                (k.text(), Some(self.numeric_arg()?))
            }
        };
        Ok(Some(option(name, arg, pos)))
    }

    fn no_sequence_option(&mut self) -> Result<(&'static str, Option<DefArg>)> {
        let found = match self.keyword() {
            Some(K::Cycle) => ("cycle", Some(DefArg::Boolean(false))),
            Some(K::Maxvalue) => ("maxvalue", None),
            Some(K::Minvalue) => ("minvalue", None),
            _ => return Err(self.syntax_error()),
        };
        self.advance();
        Ok(found)
    }

    // Statistics

    /// CREATE STATISTICS, behind STATISTICS.
    pub(super) fn create_statistics(&mut self) -> Result<Statement> {
        let if_not_exists = self.if_not_exists()?;
        let name = self.any_name()?;
        let kinds = self.opt_parens(Self::name)?;
        self.expect(K::On)?;
        let exprs = self.list(Self::index_key)?;
        self.expect(K::From)?;
        let relations = self.list(Self::table_ref)?;
        let stmt = CreateStatsStmt { name, kinds, exprs, relations, if_not_exists };
        Ok(Statement::CreateStatistics(Box::new(stmt)))
    }

    // Triggers

    /// CREATE \[CONSTRAINT\] TRIGGER, behind TRIGGER.
    pub(super) fn create_trigger(&mut self, or_replace: bool, constraint: bool) -> Result<Statement> {
        let name = self.name()?;
        let timing = self.trigger_timing(constraint)?;
        let (events, columns) = self.trigger_events()?;
        self.expect(K::On)?;
        let relation = self.qualified_name()?;
        let mut trigger = CreateTrigStmt {
            or_replace,
            constraint,
            name,
            relation,
            function: QualifiedName { parts: Vec::new(), pos: Pos::NONE },
            args: Vec::new(),
            row: constraint,
            timing,
            events,
            columns,
            when: None,
            transitions: Vec::new(),
            deferrable: false,
            initially_deferred: false,
            constraint_table: None,
        };
        if constraint {
            self.constraint_trigger(&mut trigger)?;
        } else {
            self.plain_trigger(&mut trigger)?;
        }
        if self.eat(K::When) {
            trigger.when = Some(self.in_parens(Self::expr)?);
        }
        (trigger.function, trigger.args) = self.trigger_function()?;
        if constraint && or_replace {
            let message = "CREATE OR REPLACE CONSTRAINT TRIGGER is not supported";
            return Err(self.unsupported_at(Pos::NONE, message));
        }
        Ok(Statement::CreateTrigger(Box::new(trigger)))
    }

    fn trigger_timing(&mut self, constraint: bool) -> Result<TriggerTiming> {
        if !constraint && self.eat(K::Before) {
            return Ok(TriggerTiming::Before);
        }
        if !constraint && self.eat(K::Instead) {
            self.expect(K::Of)?;
            return Ok(TriggerTiming::InsteadOf);
        }
        self.expect(K::After)?;
        Ok(TriggerTiming::After)
    }

    fn trigger_events(&mut self) -> Result<(TriggerEvents, Vec<String>)> {
        let mut events = TriggerEvents::default();
        let mut columns = Vec::new();
        loop {
            let seen = match self.keyword() {
                Some(K::Insert) => &mut events.insert,
                Some(K::Delete) => &mut events.delete,
                Some(K::Update) => &mut events.update,
                Some(K::Truncate) => &mut events.truncate,
                _ => return Err(self.syntax_error()),
            };
            let again = std::mem::replace(seen, true);
            let update = self.is(K::Update);
            self.advance();
            if update && self.eat(K::Of) {
                columns.extend(self.list(Self::col_id)?);
            }
            if again {
                return Err(self.error_here("duplicate trigger events specified"));
            }
            if !self.eat(K::Or) {
                return Ok((events, columns));
            }
        }
    }

    fn constraint_trigger(&mut self, trigger: &mut CreateTrigStmt) -> Result<()> {
        if self.eat(K::From) {
            trigger.constraint_table = Some(self.qualified_name()?);
        }
        let attributes = self.deferral("TRIGGER")?;
        trigger.deferrable = attributes.deferrable;
        trigger.initially_deferred = attributes.initially_deferred;
        self.expect_seq(&[K::For, K::Each, K::Row])
    }

    fn plain_trigger(&mut self, trigger: &mut CreateTrigStmt) -> Result<()> {
        if self.eat(K::Referencing) {
            trigger.transitions.push(self.transition()?);
            while self.is_any(&[K::New, K::Old]) {
                trigger.transitions.push(self.transition()?);
            }
        }
        if self.eat(K::For) {
            self.eat(K::Each);
            trigger.row = self.eat(K::Row);
            if !trigger.row {
                self.expect(K::Statement)?;
            }
        }
        Ok(())
    }

    fn transition(&mut self) -> Result<TriggerTransition> {
        let is_new = self.eat(K::New);
        if !is_new {
            self.expect(K::Old)?;
        }
        let is_table = self.eat(K::Table);
        if !is_table {
            self.expect(K::Row)?;
        }
        self.eat(K::As);
        Ok(TriggerTransition { name: self.col_id()?, is_new, is_table })
    }

    fn trigger_function(&mut self) -> Result<(QualifiedName, Vec<String>)> {
        self.expect(K::Execute)?;
        if !self.eat(K::Function) {
            self.expect(K::Procedure)?;
        }
        let function = self.func_name()?;
        self.expect_char(b'(')?;
        let args = if self.is_char(b')') { Vec::new() } else { self.list(Self::trigger_arg)? };
        self.expect_char(b')')?;
        Ok((function, args))
    }

    fn trigger_arg(&mut self) -> Result<String> {
        if self.is_string() {
            return self.string();
        }
        if self.is_number() {
            return Ok(match self.number_literal() {
                Literal::Int(value) => value.to_string(),
                Literal::Float(text) => text,
                _ => String::new(),
            });
        }
        self.col_label()
    }

    /// CREATE EVENT TRIGGER, behind TRIGGER.
    pub(super) fn create_event_trigger(&mut self) -> Result<Statement> {
        let name = self.name()?;
        self.expect(K::On)?;
        let event = self.col_label()?;
        let mut when = Vec::new();
        if self.eat(K::When) {
            loop {
                let pos = self.pos();
                let variable = self.col_id()?;
                self.expect(K::In)?;
                let values = self.parens(Self::string)?;
                when.push(option(&variable, Some(DefArg::List(values)), pos));
                if !self.eat(K::And) {
                    break;
                }
            }
        }
        let (function, args) = self.trigger_function_without_args()?;
        debug_assert!(args.is_empty());
        Ok(Statement::CreateEventTrigger(Box::new(CreateEventTrigStmt { name, event, when, function })))
    }

    fn trigger_function_without_args(&mut self) -> Result<(QualifiedName, Vec<String>)> {
        self.expect(K::Execute)?;
        if !self.eat(K::Function) {
            self.expect(K::Procedure)?;
        }
        let function = self.func_name()?;
        self.expect_char(b'(')?;
        self.expect_char(b')')?;
        Ok((function, Vec::new()))
    }

    // Rules

    /// CREATE RULE, behind RULE.
    pub(super) fn create_rule(&mut self, or_replace: bool) -> Result<Statement> {
        let name = self.name()?;
        self.expect_seq(&[K::As, K::On])?;
        let event = match self.keyword() {
            Some(K::Select) => RuleEvent::Select,
            Some(K::Update) => RuleEvent::Update,
            Some(K::Delete) => RuleEvent::Delete,
            Some(K::Insert) => RuleEvent::Insert,
            _ => return Err(self.syntax_error()),
        };
        self.advance();
        self.expect(K::To)?;
        let relation = self.qualified_name()?;
        let filter = self.opt_expr(K::Where)?;
        self.expect(K::Do)?;
        let instead = self.eat(K::Instead);
        if !instead {
            self.eat(K::Also);
        }
        let actions = self.rule_actions()?;
        let rule = RuleStmt { or_replace, name, relation, event, filter, instead, actions };
        Ok(Statement::CreateRule(Box::new(rule)))
    }

    fn rule_actions(&mut self) -> Result<Vec<Statement>> {
        if self.eat(K::Nothing) {
            return Ok(Vec::new());
        }
        if !self.is_char(b'(') || self.starts_subquery(0) && !self.has_semicolon_inside() {
            return Ok(vec![self.rule_action()?]);
        }
        self.advance();
        let mut actions = Vec::new();
        loop {
            if !self.is_char(b';') && !self.is_char(b')') {
                actions.push(self.rule_action()?);
            }
            if !self.eat_char(b';') {
                self.expect_char(b')')?;
                return Ok(actions);
            }
        }
    }

    /// Whether the parenthesis that is next holds a semicolon of its own level: a list of actions, not a query.
    fn has_semicolon_inside(&mut self) -> bool {
        let close = self.closing_paren(self.at);
        self.tokens[self.at..close].iter().any(|t| t.kind == TokenKind::Char(b';'))
    }

    fn rule_action(&mut self) -> Result<Statement> {
        if self.is(K::Notify) {
            return self.notify();
        }
        let action = self.preparable()?;
        Ok(action)
    }

    // Policies

    /// CREATE POLICY, behind POLICY.
    pub(super) fn create_policy(&mut self) -> Result<Statement> {
        let name = self.name()?;
        self.expect(K::On)?;
        let table = self.qualified_name()?;
        let permissive = self.opt_permissive()?;
        let command = self.opt_policy_command()?;
        let roles =
            if self.eat(K::To) { self.role_list()? } else { vec![RoleSpec { role: Role::Public, pos: Pos::NONE }] };
        let (using, with_check) = self.policy_conditions()?;
        let policy = CreatePolicyStmt { name, table, command, permissive, roles, using, with_check };
        Ok(Statement::CreatePolicy(Box::new(policy)))
    }

    fn opt_permissive(&mut self) -> Result<bool> {
        if !self.eat(K::As) {
            return Ok(true);
        }
        let pos = self.pos();
        match self.ident()?.as_str() {
            "permissive" => Ok(true),
            "restrictive" => Ok(false),
            other => {
                let error = self.grammar_error(pos, format!("unrecognized row security option \"{other}\""));
                Err(error.hint("Only PERMISSIVE or RESTRICTIVE policies are supported currently."))
            }
        }
    }

    fn opt_policy_command(&mut self) -> Result<PolicyCommand> {
        if !self.eat(K::For) {
            return Ok(PolicyCommand::All);
        }
        let command = match self.keyword() {
            Some(K::All) => PolicyCommand::All,
            Some(K::Select) => PolicyCommand::Select,
            Some(K::Insert) => PolicyCommand::Insert,
            Some(K::Update) => PolicyCommand::Update,
            Some(K::Delete) => PolicyCommand::Delete,
            _ => return Err(self.syntax_error()),
        };
        self.advance();
        Ok(command)
    }

    pub(super) fn policy_conditions(&mut self) -> Result<(Option<Expr>, Option<Expr>)> {
        let using = if self.eat(K::Using) { Some(self.in_parens(Self::expr)?) } else { None };
        let mut with_check = None;
        if self.eat(K::With) {
            self.expect(K::Check)?;
            with_check = Some(self.in_parens(Self::expr)?);
        }
        Ok((using, with_check))
    }
}

/// What CREATE RECURSIVE VIEW stands for: `WITH RECURSIVE name (columns) AS (query) SELECT columns FROM name`.
fn recursive_view(name: &str, columns: &[String], query: SelectStmt) -> SelectStmt {
    let cte = CommonTableExpr {
        name: name.to_owned(),
        columns: columns.to_vec(),
        materialized: None,
        query: Box::new(Statement::Select(Box::new(query))),
        search: None,
        cycle: None,
        pos: Pos::NONE,
    };
    let target = |column: &String| Target {
        expr: super::primary::column(vec![Field::Name(column.clone())], Pos::NONE),
        name: None,
        pos: Pos::NONE,
    };
    let select = SimpleSelect {
        targets: columns.iter().map(target).collect(),
        from: vec![TableRef::Relation(RangeVar::named(name))],
        ..SimpleSelect::default()
    };
    SelectStmt {
        with: Some(Box::new(WithClause { recursive: true, ctes: vec![cte], pos: Pos::NONE })),
        ..SelectStmt::from_body(SelectBody::Simple(Box::new(select)))
    }
}
