//! Transactions, settings, cursors, COPY, EXPLAIN and maintenance as SQL.

use super::{Printer, quote_identifier, quote_string};
use crate::ast::*;

impl Printer {
    pub(super) fn utility_statement(&mut self, statement: &Statement) {
        use Statement as S;
        match statement {
            S::Transaction(s) => self.transaction(s),
            S::VariableSet(s) => self.variable_set(s),
            S::VariableShow(s) => {
                self.put("SHOW");
                self.setting(&s.name);
            }
            S::ConstraintsSet(s) => self.constraints_set(s),
            S::Discard(target) => self.put(match target {
                DiscardTarget::All => "DISCARD ALL",
                DiscardTarget::Plans => "DISCARD PLANS",
                DiscardTarget::Sequences => "DISCARD SEQUENCES",
                DiscardTarget::Temp => "DISCARD TEMP",
            }),
            S::Prepare(s) => {
                self.opt_name("PREPARE", Some(&s.name));
                self.opt_parens(&s.arg_types, Self::type_name);
                self.put("AS");
                self.statement(&s.query);
            }
            S::Execute(s) => {
                self.opt_name("EXECUTE", Some(&s.name));
                self.opt_parens(&s.params, Self::expr);
            }
            S::Deallocate(s) => self.name_or_all("DEALLOCATE", s.name.as_ref(), "ALL"),
            S::DeclareCursor(s) => self.declare_cursor(s),
            S::Fetch(s) => self.fetch(s),
            S::ClosePortal(s) => self.name_or_all("CLOSE", s.cursor.as_ref(), "ALL"),
            S::Listen(s) => self.opt_name("LISTEN", Some(&s.channel)),
            S::Unlisten(s) => self.name_or_all("UNLISTEN", s.channel.as_ref(), "*"),
            S::Notify(s) => {
                self.opt_name("NOTIFY", Some(&s.channel));
                if let Some(payload) = &s.payload {
                    self.raw(",");
                    self.string(payload);
                }
            }
            S::Lock(s) => self.lock(s),
            S::Explain(s) => {
                self.put("EXPLAIN");
                self.utility_options(&s.options);
                self.statement(&s.query);
            }
            S::Copy(s) => self.copy(s),
            other => self.more_utility(other),
        }
    }

    fn more_utility(&mut self, statement: &Statement) {
        use Statement as S;
        match statement {
            S::Call(s) => {
                self.put("CALL");
                self.call(&s.call);
            }
            S::Do(s) => {
                self.put("DO");
                for elem in &s.args {
                    self.put_if(elem.name == "language", "LANGUAGE");
                    if let Some(arg) = &elem.arg {
                        self.def_arg(arg);
                    }
                }
            }
            S::Load(s) => {
                self.put("LOAD");
                self.string(&s.filename);
            }
            S::Checkpoint => self.put("CHECKPOINT"),
            S::Return(s) => self.opt_expr("RETURN", Some(&s.value)),
            S::Vacuum(s) => {
                self.put(if s.is_vacuum { "VACUUM" } else { "ANALYZE" });
                self.utility_options(&s.options);
                self.list(&s.relations, |p, r| {
                    p.relation(&r.relation);
                    p.opt_names(&r.columns);
                });
            }
            S::Cluster(s) => {
                self.put("CLUSTER");
                match &s.relation {
                    None => self.put_if(!s.options.is_empty(), "VERBOSE"),
                    Some(relation) => {
                        self.utility_options(&s.options);
                        self.relation(relation);
                    }
                }
                self.opt_name("USING", s.index.as_ref());
            }
            S::Reindex(s) => self.reindex(s),
            S::Truncate(s) => {
                self.put("TRUNCATE");
                self.relations(&s.relations);
                self.put_if(s.restart_identity, "RESTART IDENTITY");
                self.behavior(s.behavior);
            }
            other => self.object_statement(other),
        }
    }

    fn name_or_all(&mut self, verb: &str, name: Option<&String>, all: &str) {
        self.put(verb);
        match name {
            Some(name) => self.name(name),
            None => self.put(all),
        }
    }

    fn transaction(&mut self, stmt: &TransactionStmt) {
        use TransactionStmt as T;
        match stmt {
            T::Begin(modes) => {
                self.put("BEGIN");
                self.transaction_modes(modes);
            }
            T::Start(modes) => {
                self.put("START TRANSACTION");
                self.transaction_modes(modes);
            }
            T::Commit { chain } => self.put(if *chain { "COMMIT AND CHAIN" } else { "COMMIT" }),
            T::Rollback { chain } => self.put(if *chain { "ROLLBACK AND CHAIN" } else { "ROLLBACK" }),
            T::Savepoint(name) => self.opt_name("SAVEPOINT", Some(name)),
            T::Release(name) => self.opt_name("RELEASE SAVEPOINT", Some(name)),
            T::RollbackTo(name) => self.opt_name("ROLLBACK TO SAVEPOINT", Some(name)),
            T::Prepare(gid) => self.put(&format!("PREPARE TRANSACTION {}", quote_string(gid))),
            T::CommitPrepared(gid) => self.put(&format!("COMMIT PREPARED {}", quote_string(gid))),
            T::RollbackPrepared(gid) => self.put(&format!("ROLLBACK PREPARED {}", quote_string(gid))),
        }
    }

    fn transaction_modes(&mut self, modes: &[DefElem]) {
        self.list(modes, |p, elem| match (elem.name.as_str(), &elem.arg) {
            ("transaction_isolation", Some(DefArg::String(level))) => {
                p.put("ISOLATION LEVEL");
                p.put(&level.to_ascii_uppercase());
            }
            ("transaction_read_only", Some(DefArg::Integer(only))) => {
                p.put(if *only == 1 { "READ ONLY" } else { "READ WRITE" });
            }
            (_, arg) => p.put(if *arg == Some(DefArg::Integer(1)) { "DEFERRABLE" } else { "NOT DEFERRABLE" }),
        });
    }

    /// A setting's name, whose dots separate identifiers.
    pub(super) fn setting(&mut self, name: &str) {
        let parts: Vec<String> = name.split('.').map(quote_identifier).collect();
        self.put(&parts.join("."));
    }

    pub(super) fn variable_set(&mut self, set: &VariableSetStmt) {
        use VariableSetAction as A;
        match &set.action {
            A::ResetAll => return self.put("RESET ALL"),
            A::Reset(name) => {
                self.put("RESET");
                return self.setting(name);
            }
            _ => self.put(if set.local { "SET LOCAL" } else { "SET" }),
        }
        match &set.action {
            A::Value(name, values) => self.set_value(name, values),
            A::Default(name) => {
                self.setting(name);
                self.put("TO DEFAULT");
            }
            A::Current(name) => {
                self.setting(name);
                self.put("FROM CURRENT");
            }
            A::Transaction(modes) => {
                self.put("TRANSACTION");
                self.transaction_modes(modes);
            }
            A::SessionCharacteristics(modes) => {
                self.put("SESSION CHARACTERISTICS AS TRANSACTION");
                self.transaction_modes(modes);
            }
            A::TransactionSnapshot(id) => {
                self.put("TRANSACTION SNAPSHOT");
                self.string(id);
            }
            A::Reset(_) | A::ResetAll => {}
        }
    }

    fn set_value(&mut self, name: &str, values: &[SetValue]) {
        if let [SetValue::Interval(text, target, _)] = values {
            self.put("TIME ZONE INTERVAL");
            return self.zone_interval(text, target);
        }
        self.setting(name);
        self.put("TO");
        self.list(values, |p, value| {
            if let SetValue::Const(value) = value {
                p.expr(&Expr::Const(value.clone()));
            }
        });
    }

    fn zone_interval(&mut self, text: &str, target: &TypeName) {
        let number = |n: usize| match target.typmods.get(n) {
            Some(Expr::Const(Const { value: Literal::Int(value), .. })) => Some(*value),
            _ => None,
        };
        if let Some(precision) = number(1) {
            self.raw(&format!("({precision})"));
            return self.string(text);
        }
        self.string(text);
        let (hour, minute) = (interval_mask::HOUR, interval_mask::MINUTE);
        match number(0) {
            Some(mask) if mask == hour => self.put("HOUR"),
            Some(mask) if mask == minute => self.put("MINUTE"),
            Some(_) => self.put("HOUR TO MINUTE"),
            None => {}
        }
    }

    fn constraints_set(&mut self, set: &ConstraintsSetStmt) {
        self.put("SET CONSTRAINTS");
        if set.constraints.is_empty() {
            self.put("ALL");
        }
        self.relations(&set.constraints);
        self.put(if set.deferred { "DEFERRED" } else { "IMMEDIATE" });
    }

    fn declare_cursor(&mut self, stmt: &DeclareCursorStmt) {
        self.opt_name("DECLARE", Some(&stmt.name));
        let options = stmt.options;
        self.put_if(options.binary, "BINARY");
        self.put_if(options.insensitive, "INSENSITIVE");
        self.put_if(options.asensitive, "ASENSITIVE");
        self.put_if(options.scroll, "SCROLL");
        self.put_if(options.no_scroll, "NO SCROLL");
        self.put("CURSOR");
        self.put_if(options.hold, "WITH HOLD");
        self.put("FOR");
        self.select(&stmt.query);
    }

    fn fetch(&mut self, stmt: &FetchStmt) {
        self.put(if stmt.is_move { "MOVE" } else { "FETCH" });
        self.put(match stmt.direction {
            FetchDirection::Forward => "FORWARD",
            FetchDirection::Backward => "BACKWARD",
            FetchDirection::Absolute => "ABSOLUTE",
            FetchDirection::Relative => "RELATIVE",
        });
        match stmt.count {
            FetchCount::Rows(count) => self.number(count),
            FetchCount::All => self.put("ALL"),
        }
        self.opt_name("FROM", Some(&stmt.cursor));
    }

    fn lock(&mut self, stmt: &LockStmt) {
        self.put("LOCK TABLE");
        self.relations(&stmt.relations);
        self.put("IN");
        self.put(match stmt.mode {
            LockMode::AccessShare => "ACCESS SHARE",
            LockMode::RowShare => "ROW SHARE",
            LockMode::RowExclusive => "ROW EXCLUSIVE",
            LockMode::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            LockMode::Share => "SHARE",
            LockMode::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            LockMode::Exclusive => "EXCLUSIVE",
            LockMode::AccessExclusive => "ACCESS EXCLUSIVE",
        });
        self.put("MODE");
        self.put_if(stmt.nowait, "NOWAIT");
    }

    fn copy(&mut self, stmt: &CopyStmt) {
        self.put("COPY");
        match &stmt.source {
            CopySource::Table(relation, columns) => {
                self.relation(relation);
                self.opt_names(columns);
            }
            CopySource::Query(query) => self.in_parens(|p| p.statement(query)),
        }
        self.put(if stmt.is_from { "FROM" } else { "TO" });
        self.put_if(stmt.is_program, "PROGRAM");
        match &stmt.filename {
            Some(name) => self.string(name),
            None => self.put(if stmt.is_from { "STDIN" } else { "STDOUT" }),
        }
        // The two syntaxes make options of different kinds: only the old one makes truth values.
        let old = stmt.options.iter().any(|o| matches!(o.arg, Some(DefArg::Boolean(_))));
        if old {
            stmt.options.iter().for_each(|elem| self.old_copy_option(elem));
        } else {
            self.utility_options(&stmt.options);
        }
        self.opt_expr("WHERE", stmt.filter.as_ref());
    }

    fn old_copy_option(&mut self, elem: &DefElem) {
        match (elem.name.as_str(), &elem.arg) {
            ("format", Some(DefArg::String(format))) => self.put(&format.to_ascii_uppercase()),
            ("freeze" | "header", _) => self.put(&elem.name.to_ascii_uppercase()),
            (name, Some(DefArg::List(columns))) => {
                self.put(&name.replace('_', " ").to_ascii_uppercase());
                self.names(columns);
            }
            (name, arg) => {
                self.put(&name.replace('_', " ").to_ascii_uppercase());
                if let Some(arg) = arg {
                    self.def_arg(arg);
                }
            }
        }
    }

    fn reindex(&mut self, stmt: &ReindexStmt) {
        self.put("REINDEX");
        self.utility_options(&stmt.options);
        match &stmt.target {
            ReindexTarget::Index(relation) => {
                self.put("INDEX");
                self.relation(relation);
            }
            ReindexTarget::Table(relation) => {
                self.put("TABLE");
                self.relation(relation);
            }
            ReindexTarget::Schema(name) => self.opt_name("SCHEMA", Some(name)),
            ReindexTarget::System(name) => self.opt_name("SYSTEM", Some(name)),
            ReindexTarget::Database(name) => self.opt_name("DATABASE", Some(name)),
        }
    }
}
