//! Tables, indexes, views, sequences, triggers, rules and policies as SQL.

use super::{Printer, quote_identifier};
use crate::ast::*;

impl Printer {
    pub(super) fn persistence(&mut self, persistence: Persistence) {
        match persistence {
            Persistence::Permanent => {}
            Persistence::Unlogged => self.put("UNLOGGED"),
            Persistence::Temporary => self.put("TEMPORARY"),
        }
    }

    pub(super) fn create_table(&mut self, table: &CreateTableStmt) {
        self.put("CREATE");
        self.put_if(table.foreign.is_some(), "FOREIGN");
        self.persistence(table.relation.persistence);
        self.put("TABLE");
        self.put_if(table.if_not_exists, "IF NOT EXISTS");
        self.relation(&table.relation);
        if let Some(of) = &table.of_type {
            self.put("OF");
            self.type_name(of);
            self.opt_parens(&table.elements, Self::table_element);
        } else if let Some(bound) = &table.partition_bound {
            self.put("PARTITION OF");
            self.relations(&table.inherits);
            self.opt_parens(&table.elements, Self::table_element);
            self.partition_bound(bound);
        } else {
            self.parens(&table.elements, Self::table_element);
            if !table.inherits.is_empty() {
                self.put("INHERITS");
                self.parens(&table.inherits, Self::relation);
            }
        }
        self.table_tail(table);
    }

    fn table_tail(&mut self, table: &CreateTableStmt) {
        if let Some(spec) = &table.partition_by {
            self.opt_name("PARTITION BY", Some(&spec.strategy));
            self.parens(&spec.elements, |p, elem| {
                p.index_key(&elem.key);
                p.collation(elem.collation.as_ref());
                if let Some(opclass) = &elem.opclass {
                    p.qualified(opclass);
                }
            });
        }
        self.opt_name("USING", table.access_method.as_ref());
        self.with_options(&table.options);
        self.on_commit(table.on_commit);
        self.opt_name("TABLESPACE", table.tablespace.as_ref());
        if let Some(foreign) = &table.foreign {
            self.opt_name("SERVER", Some(&foreign.server));
            self.generic_options(&foreign.options);
        }
    }

    fn on_commit(&mut self, on_commit: OnCommit) {
        match on_commit {
            OnCommit::Noop => {}
            OnCommit::PreserveRows => self.put("ON COMMIT PRESERVE ROWS"),
            OnCommit::DeleteRows => self.put("ON COMMIT DELETE ROWS"),
            OnCommit::Drop => self.put("ON COMMIT DROP"),
        }
    }

    fn collation(&mut self, collation: Option<&QualifiedName>) {
        if let Some(collation) = collation {
            self.put("COLLATE");
            self.qualified(collation);
        }
    }

    fn table_element(&mut self, element: &TableElement) {
        match element {
            TableElement::Column(column) => self.column_def(column),
            TableElement::Constraint(constraint) => self.constraint(constraint, false),
            TableElement::Like(like) => self.table_like(like),
        }
    }

    fn table_like(&mut self, like: &TableLike) {
        self.put("LIKE");
        self.relation(&like.relation);
        let all = like.options & (1 << 30) != 0;
        self.put_if(all, "INCLUDING ALL");
        for (n, word) in LIKE_WORDS.iter().enumerate() {
            let set = like.options & (1 << n) != 0;
            if set != all {
                self.put(if set { "INCLUDING" } else { "EXCLUDING" });
                self.put(word);
            }
        }
    }

    pub(super) fn column_def(&mut self, column: &ColumnDef) {
        self.name(&column.name);
        if let Some(name) = &column.type_name {
            self.type_name(name);
        }
        self.opt_name("COMPRESSION", column.compression.as_ref());
        self.generic_options(&column.fdw_options);
        self.collation(column.collation.as_ref().map(|c| &c.name));
        for constraint in &column.constraints {
            self.constraint(constraint, true);
        }
    }

    pub(super) fn constraint(&mut self, constraint: &Constraint, column: bool) {
        self.opt_name("CONSTRAINT", constraint.name.as_ref());
        match &constraint.kind {
            ConstraintKind::Null => self.put("NULL"),
            ConstraintKind::NotNull => self.put("NOT NULL"),
            ConstraintKind::Default(expr) => {
                self.put("DEFAULT");
                self.operand(expr);
            }
            ConstraintKind::Identity(when, options) => {
                self.generated(*when);
                self.put("AS IDENTITY");
                if !options.is_empty() {
                    self.in_parens(|p| p.sequence_options(options));
                }
            }
            ConstraintKind::Generated(expr) => {
                self.put("GENERATED ALWAYS AS");
                self.in_parens(|p| p.expr(expr));
                self.put("STORED");
            }
            ConstraintKind::Check(expr) => {
                self.put("CHECK");
                self.in_parens(|p| p.expr(expr));
            }
            ConstraintKind::Primary(index) => {
                self.put("PRIMARY KEY");
                self.index_constraint(index);
            }
            ConstraintKind::Unique(index) => {
                self.put("UNIQUE");
                self.put_if(index.nulls_not_distinct, "NULLS NOT DISTINCT");
                self.index_constraint(index);
            }
            ConstraintKind::Exclude(exclude) => self.exclude(exclude),
            ConstraintKind::Foreign(key) => self.foreign_key(key, column),
            ConstraintKind::AttrDeferrable => self.put("DEFERRABLE"),
            ConstraintKind::AttrNotDeferrable => self.put("NOT DEFERRABLE"),
            ConstraintKind::AttrDeferred => self.put("INITIALLY DEFERRED"),
            ConstraintKind::AttrImmediate => self.put("INITIALLY IMMEDIATE"),
        }
        self.constraint_attributes(&constraint.attributes);
    }

    fn constraint_attributes(&mut self, attributes: &ConstraintAttributes) {
        self.put_if(attributes.deferrable, "DEFERRABLE");
        self.put_if(attributes.initially_deferred, "INITIALLY DEFERRED");
        self.put_if(attributes.not_valid, "NOT VALID");
        self.put_if(attributes.no_inherit, "NO INHERIT");
    }

    fn generated(&mut self, when: GeneratedWhen) {
        self.put(match when {
            GeneratedWhen::Always => "GENERATED ALWAYS",
            GeneratedWhen::ByDefault => "GENERATED BY DEFAULT",
        });
    }

    fn index_constraint(&mut self, index: &IndexConstraint) {
        self.opt_names(&index.columns);
        if !index.including.is_empty() {
            self.put("INCLUDE");
            self.names_in_parens(&index.including);
        }
        self.with_options(&index.options);
        self.opt_name("USING INDEX", index.index.as_ref());
        self.opt_name("USING INDEX TABLESPACE", index.tablespace.as_ref());
    }

    fn exclude(&mut self, exclude: &ExcludeConstraint) {
        self.put("EXCLUDE");
        self.opt_name("USING", exclude.access_method.as_ref());
        self.parens(&exclude.elements, |p, (elem, operator)| {
            p.index_elem(elem);
            p.put("WITH");
            p.operator(operator);
        });
        if !exclude.including.is_empty() {
            self.put("INCLUDE");
            self.names_in_parens(&exclude.including);
        }
        self.with_options(&exclude.options);
        self.opt_name("USING INDEX TABLESPACE", exclude.tablespace.as_ref());
        if let Some(filter) = &exclude.filter {
            self.put("WHERE");
            self.in_parens(|p| p.expr(filter));
        }
    }

    fn foreign_key(&mut self, key: &ForeignKey, column: bool) {
        if !column {
            self.put("FOREIGN KEY");
            self.names_in_parens(&key.columns);
        }
        self.put("REFERENCES");
        self.relation(&key.table);
        self.opt_names(&key.referenced);
        self.put_if(key.match_type == MatchType::Full, "MATCH FULL");
        self.key_action("ON UPDATE", key.on_update);
        self.key_action("ON DELETE", key.on_delete);
        self.opt_names(&key.on_delete_columns);
    }

    fn key_action(&mut self, event: &str, action: ForeignKeyAction) {
        let word = match action {
            ForeignKeyAction::NoAction => return,
            ForeignKeyAction::Restrict => "RESTRICT",
            ForeignKeyAction::Cascade => "CASCADE",
            ForeignKeyAction::SetNull => "SET NULL",
            ForeignKeyAction::SetDefault => "SET DEFAULT",
        };
        self.put(event);
        self.put(word);
    }

    fn partition_bound(&mut self, bound: &PartitionBound) {
        match &bound.kind {
            PartitionBoundKind::Default => self.put("DEFAULT"),
            PartitionBoundKind::Hash { modulus, remainder } => {
                self.put(&format!("FOR VALUES WITH (MODULUS {modulus}, REMAINDER {remainder})"));
            }
            PartitionBoundKind::List(values) => {
                self.put("FOR VALUES IN");
                self.parens(values, Self::expr);
            }
            PartitionBoundKind::Range(lower, upper) => {
                self.put("FOR VALUES FROM");
                self.parens(lower, Self::expr);
                self.put("TO");
                self.parens(upper, Self::expr);
            }
        }
    }

    // CREATE TABLE AS

    pub(super) fn create_table_as(&mut self, table: &CreateTableAsStmt) {
        let into = &table.into;
        self.put("CREATE");
        self.persistence(into.relation.persistence);
        self.put(if table.materialized_view { "MATERIALIZED VIEW" } else { "TABLE" });
        self.put_if(table.if_not_exists, "IF NOT EXISTS");
        self.relation(&into.relation);
        self.opt_names(&into.columns);
        self.opt_name("USING", into.access_method.as_ref());
        self.with_options(&into.options);
        self.on_commit(into.on_commit);
        self.opt_name("TABLESPACE", into.tablespace.as_ref());
        self.put("AS");
        self.statement(&table.query);
        self.put_if(into.skip_data, "WITH NO DATA");
    }

    pub(super) fn refresh(&mut self, refresh: &RefreshMatViewStmt) {
        self.put("REFRESH MATERIALIZED VIEW");
        self.put_if(refresh.concurrently, "CONCURRENTLY");
        self.relation(&refresh.relation);
        self.put_if(refresh.skip_data, "WITH NO DATA");
    }

    // ALTER TABLE

    pub(super) fn alter_table(&mut self, alter: &AlterTableStmt) {
        self.put("ALTER");
        self.put(super::object::object_word(alter.object_type));
        self.put_if(alter.if_exists, "IF EXISTS");
        self.relation(&alter.relation);
        let attribute = alter.object_type == ObjectType::Type;
        self.list(&alter.commands, |p, command| p.alter_table_command(command, attribute));
    }

    fn column_word(&mut self, verb: &str, name: &str) {
        self.put(verb);
        self.name(name);
    }

    fn alter_table_command(&mut self, command: &AlterTableCmd, attribute: bool) {
        use AlterTableCmd as C;
        match command {
            C::AddColumn { column, if_not_exists, behavior } => {
                self.put(if attribute { "ADD ATTRIBUTE" } else { "ADD COLUMN" });
                self.put_if(*if_not_exists, "IF NOT EXISTS");
                self.column_def(column);
                self.behavior(*behavior);
            }
            C::DropColumn { name, if_exists, behavior } => {
                self.put(if attribute { "DROP ATTRIBUTE" } else { "DROP COLUMN" });
                self.put_if(*if_exists, "IF EXISTS");
                self.name(name);
                self.behavior(*behavior);
            }
            C::AlterColumnType(change) => {
                self.column_word(if attribute { "ALTER ATTRIBUTE" } else { "ALTER COLUMN" }, &change.name);
                self.put("TYPE");
                self.type_name(&change.type_name);
                self.collation(change.collation.as_ref().map(|c| &c.name));
                self.opt_expr("USING", change.using.as_ref());
                self.behavior(change.behavior);
            }
            C::AddConstraint(constraint) => {
                self.put("ADD");
                self.constraint(constraint, false);
            }
            C::AlterConstraint(constraint) => {
                self.opt_name("ALTER CONSTRAINT", constraint.name.as_ref());
                self.constraint_attributes(&constraint.attributes);
            }
            C::ValidateConstraint(name) => self.column_word("VALIDATE CONSTRAINT", name),
            C::DropConstraint { name, if_exists, behavior } => {
                self.put("DROP CONSTRAINT");
                self.put_if(*if_exists, "IF EXISTS");
                self.name(name);
                self.behavior(*behavior);
            }
            other => self.alter_column_command(other),
        }
    }

    fn alter_column_command(&mut self, command: &AlterTableCmd) {
        use AlterTableCmd as C;
        let (name, rest) = match command {
            C::ColumnDefault(name, Some(expr)) => {
                self.column_word("ALTER COLUMN", name);
                return self.opt_expr("SET DEFAULT", Some(expr));
            }
            C::SetStatistics(key, target) => {
                self.put("ALTER COLUMN");
                match key {
                    ColumnKey::Name(name) => self.name(name),
                    ColumnKey::Number(number) => self.number(number),
                }
                return self.put(&format!("SET STATISTICS {target}"));
            }
            C::SetOptions(name, options) | C::ResetOptions(name, options) => {
                self.column_word("ALTER COLUMN", name);
                self.put(if matches!(command, C::SetOptions(..)) { "SET" } else { "RESET" });
                return self.definition(options);
            }
            C::AddIdentity(name, constraint) => {
                self.column_word("ALTER COLUMN", name);
                self.put("ADD");
                return self.constraint(constraint, true);
            }
            C::SetIdentity(name, options) => {
                self.column_word("ALTER COLUMN", name);
                return self.identity_options(options);
            }
            C::AlterColumnGenericOptions(name, options) => {
                self.column_word("ALTER COLUMN", name);
                return self.generic_options(options);
            }
            C::ColumnDefault(name, None) => (name, "DROP DEFAULT".to_owned()),
            C::DropNotNull(name) => (name, "DROP NOT NULL".to_owned()),
            C::SetNotNull(name) => (name, "SET NOT NULL".to_owned()),
            C::DropExpression(name, false) => (name, "DROP EXPRESSION".to_owned()),
            C::DropExpression(name, true) => (name, "DROP EXPRESSION IF EXISTS".to_owned()),
            C::DropIdentity(name, false) => (name, "DROP IDENTITY".to_owned()),
            C::DropIdentity(name, true) => (name, "DROP IDENTITY IF EXISTS".to_owned()),
            C::SetStorage(name, word) => (name, format!("SET STORAGE {}", quote_identifier(word))),
            C::SetCompression(name, word) if word == "default" => (name, "SET COMPRESSION DEFAULT".to_owned()),
            C::SetCompression(name, word) => (name, format!("SET COMPRESSION {}", quote_identifier(word))),
            other => return self.alter_relation_command(other),
        };
        self.column_word("ALTER COLUMN", name);
        self.put(&rest);
    }

    fn identity_options(&mut self, options: &[DefElem]) {
        for elem in options {
            match (elem.name.as_str(), &elem.arg) {
                ("generated", Some(DefArg::String(word))) => {
                    self.put(if word == "always" { "SET GENERATED ALWAYS" } else { "SET GENERATED BY DEFAULT" });
                }
                ("restart", _) => self.sequence_options(std::slice::from_ref(elem)),
                _ => {
                    self.put("SET");
                    self.sequence_options(std::slice::from_ref(elem));
                }
            }
        }
    }

    fn alter_relation_command(&mut self, command: &AlterTableCmd) {
        use AlterTableCmd as C;
        match command {
            C::DropOids => self.put("SET WITHOUT OIDS"),
            C::ClusterOn(name) => self.column_word("CLUSTER ON", name),
            C::DropCluster => self.put("SET WITHOUT CLUSTER"),
            C::SetLogged => self.put("SET LOGGED"),
            C::SetUnlogged => self.put("SET UNLOGGED"),
            C::Trigger(firing, target) => {
                self.firing(*firing);
                match target {
                    TriggerTarget::Name(name) => self.column_word("TRIGGER", name),
                    TriggerTarget::All => self.put("TRIGGER ALL"),
                    TriggerTarget::User => self.put("TRIGGER USER"),
                }
            }
            C::Rule(firing, name) => {
                self.firing(*firing);
                self.column_word("RULE", name);
            }
            C::AddInherit(parent) => {
                self.put("INHERIT");
                self.relation(parent);
            }
            C::DropInherit(parent) => {
                self.put("NO INHERIT");
                self.relation(parent);
            }
            C::AddOf(name) => {
                self.put("OF");
                self.type_name(name);
            }
            C::DropOf => self.put("NOT OF"),
            C::ChangeOwner(role) => {
                self.put("OWNER TO");
                self.role(role);
            }
            C::SetTablespace(name) => self.column_word("SET TABLESPACE", name),
            C::SetAccessMethod(name) => self.column_word("SET ACCESS METHOD", name),
            C::SetRelOptions(options) => {
                self.put("SET");
                self.definition(options);
            }
            C::ResetRelOptions(options) => {
                self.put("RESET");
                self.definition(options);
            }
            other => self.alter_other_command(other),
        }
    }

    fn alter_other_command(&mut self, command: &AlterTableCmd) {
        use AlterTableCmd as C;
        match command {
            C::ReplicaIdentity(identity) => {
                self.put("REPLICA IDENTITY");
                match identity {
                    ReplicaIdentity::Default => self.put("DEFAULT"),
                    ReplicaIdentity::Nothing => self.put("NOTHING"),
                    ReplicaIdentity::Full => self.put("FULL"),
                    ReplicaIdentity::Index(name) => self.column_word("USING INDEX", name),
                }
            }
            C::EnableRowSecurity => self.put("ENABLE ROW LEVEL SECURITY"),
            C::DisableRowSecurity => self.put("DISABLE ROW LEVEL SECURITY"),
            C::ForceRowSecurity => self.put("FORCE ROW LEVEL SECURITY"),
            C::NoForceRowSecurity => self.put("NO FORCE ROW LEVEL SECURITY"),
            C::GenericOptions(options) => self.generic_options(options),
            C::AttachPartition(name, bound) => {
                self.put("ATTACH PARTITION");
                self.relation(name);
                if let Some(bound) = bound {
                    self.partition_bound(bound);
                }
            }
            C::DetachPartition { name, concurrently } => {
                self.put("DETACH PARTITION");
                self.relation(name);
                self.put_if(*concurrently, "CONCURRENTLY");
            }
            C::DetachPartitionFinalize(name) => {
                self.put("DETACH PARTITION");
                self.relation(name);
                self.put("FINALIZE");
            }
            _ => {}
        }
    }

    pub(super) fn firing(&mut self, firing: TriggerFiring) {
        self.put(match firing {
            TriggerFiring::Enable => "ENABLE",
            TriggerFiring::Always => "ENABLE ALWAYS",
            TriggerFiring::Replica => "ENABLE REPLICA",
            TriggerFiring::Disable => "DISABLE",
        });
    }

    pub(super) fn move_all(&mut self, alter: &AlterTableMoveAllStmt) {
        self.put("ALTER");
        self.put(super::object::object_word(alter.object_type));
        self.opt_name("ALL IN TABLESPACE", Some(&alter.from));
        if !alter.roles.is_empty() {
            self.put("OWNED BY");
            self.roles(&alter.roles);
        }
        self.opt_name("SET TABLESPACE", Some(&alter.to));
        self.put_if(alter.nowait, "NOWAIT");
    }

    // Indexes, views, sequences, statistics

    pub(super) fn create_index(&mut self, index: &IndexStmt) {
        self.put("CREATE");
        self.put_if(index.unique, "UNIQUE");
        self.put("INDEX");
        self.put_if(index.concurrently, "CONCURRENTLY");
        self.put_if(index.if_not_exists, "IF NOT EXISTS");
        if let Some(name) = &index.name {
            self.name(name);
        }
        self.put("ON");
        self.relation(&index.relation);
        self.opt_name("USING", index.access_method.as_ref());
        self.parens(&index.elements, Self::index_elem);
        if !index.including.is_empty() {
            self.put("INCLUDE");
            self.parens(&index.including, Self::index_elem);
        }
        self.put_if(index.nulls_not_distinct, "NULLS NOT DISTINCT");
        self.with_options(&index.options);
        self.opt_name("TABLESPACE", index.tablespace.as_ref());
        self.opt_expr("WHERE", index.filter.as_ref());
    }

    fn index_key(&mut self, key: &IndexKey) {
        match key {
            IndexKey::Column(name) => self.name(name),
            IndexKey::Expr(expr) => self.in_parens(|p| p.expr(expr)),
        }
    }

    pub(super) fn index_elem(&mut self, elem: &IndexElem) {
        self.index_key(&elem.key);
        self.collation(elem.collation.as_ref());
        if let Some(opclass) = &elem.opclass {
            self.qualified(opclass);
            if !elem.opclass_options.is_empty() {
                self.definition(&elem.opclass_options);
            }
        }
        self.direction(&elem.direction);
        self.nulls(elem.nulls);
    }

    pub(super) fn create_view(&mut self, view: &ViewStmt) {
        self.put("CREATE");
        self.put_if(view.or_replace, "OR REPLACE");
        self.persistence(view.view.persistence);
        self.put("VIEW");
        self.relation(&view.view);
        self.opt_names(&view.columns);
        self.with_options(&view.options);
        self.put("AS");
        self.select(&view.query);
        match view.check_option {
            CheckOption::None => {}
            CheckOption::Local => self.put("WITH LOCAL CHECK OPTION"),
            CheckOption::Cascaded => self.put("WITH CASCADED CHECK OPTION"),
        }
    }

    pub(super) fn create_sequence(&mut self, stmt: &CreateSeqStmt) {
        self.put("CREATE");
        self.persistence(stmt.sequence.persistence);
        self.put("SEQUENCE");
        self.put_if(stmt.if_not_exists, "IF NOT EXISTS");
        self.relation(&stmt.sequence);
        self.sequence_options(&stmt.options);
    }

    pub(super) fn alter_sequence(&mut self, stmt: &AlterSeqStmt) {
        self.put("ALTER SEQUENCE");
        self.put_if(stmt.if_exists, "IF EXISTS");
        self.relation(&stmt.sequence);
        self.sequence_options(&stmt.options);
    }

    pub(super) fn sequence_options(&mut self, options: &[DefElem]) {
        for elem in options {
            let words = match (elem.name.as_str(), &elem.arg) {
                ("cycle", Some(DefArg::Boolean(false))) => "NO CYCLE",
                ("cycle", _) => "CYCLE",
                ("maxvalue", None) => "NO MAXVALUE",
                ("minvalue", None) => "NO MINVALUE",
                ("owned_by", _) => "OWNED BY",
                ("sequence_name", _) => "SEQUENCE NAME",
                (other, _) => &other.to_ascii_uppercase(),
            };
            self.put(words);
            match &elem.arg {
                None | Some(DefArg::Boolean(_)) => {}
                Some(arg) => self.def_arg(arg),
            }
        }
    }

    pub(super) fn create_statistics(&mut self, stmt: &CreateStatsStmt) {
        self.put("CREATE STATISTICS");
        self.put_if(stmt.if_not_exists, "IF NOT EXISTS");
        self.qualified(&stmt.name);
        self.opt_names(&stmt.kinds);
        self.put("ON");
        self.list(&stmt.exprs, Self::index_key);
        self.put("FROM");
        self.list(&stmt.relations, Self::table_ref);
    }

    pub(super) fn alter_statistics(&mut self, stmt: &AlterStatsStmt) {
        self.put("ALTER STATISTICS");
        self.put_if(stmt.if_exists, "IF EXISTS");
        self.qualified(&stmt.name);
        self.put(&format!("SET STATISTICS {}", stmt.target));
    }

    // Triggers, rules, policies

    pub(super) fn create_trigger(&mut self, trigger: &CreateTrigStmt) {
        self.put("CREATE");
        self.put_if(trigger.or_replace, "OR REPLACE");
        self.put_if(trigger.constraint, "CONSTRAINT");
        self.opt_name("TRIGGER", Some(&trigger.name));
        self.put(match trigger.timing {
            TriggerTiming::Before => "BEFORE",
            TriggerTiming::After => "AFTER",
            TriggerTiming::InsteadOf => "INSTEAD OF",
        });
        self.trigger_events(trigger);
        self.put("ON");
        self.relation(&trigger.relation);
        if let Some(table) = &trigger.constraint_table {
            self.put("FROM");
            self.relation(table);
        }
        self.put_if(trigger.deferrable, "DEFERRABLE");
        self.put_if(trigger.initially_deferred, "INITIALLY DEFERRED");
        self.put_if(!trigger.transitions.is_empty(), "REFERENCING");
        for transition in &trigger.transitions {
            self.put(if transition.is_new { "NEW" } else { "OLD" });
            self.put(if transition.is_table { "TABLE" } else { "ROW" });
            self.opt_name("AS", Some(&transition.name));
        }
        self.put(if trigger.row { "FOR EACH ROW" } else { "FOR EACH STATEMENT" });
        if let Some(when) = &trigger.when {
            self.put("WHEN");
            self.in_parens(|p| p.expr(when));
        }
        self.put("EXECUTE FUNCTION");
        self.qualified(&trigger.function);
        self.parens(&trigger.args, |p, arg| p.string(arg));
    }

    fn trigger_events(&mut self, trigger: &CreateTrigStmt) {
        let events = trigger.events;
        let mut first = true;
        for (set, word) in [
            (events.insert, "INSERT"),
            (events.delete, "DELETE"),
            (events.truncate, "TRUNCATE"),
            (events.update, "UPDATE"),
        ] {
            if set {
                self.put_if(!first, "OR");
                self.put(word);
                first = false;
            }
        }
        if !trigger.columns.is_empty() {
            self.put("OF");
            self.names(&trigger.columns);
        }
    }

    pub(super) fn create_rule(&mut self, rule: &RuleStmt) {
        self.put("CREATE");
        self.put_if(rule.or_replace, "OR REPLACE");
        self.opt_name("RULE", Some(&rule.name));
        self.put("AS ON");
        self.put(match rule.event {
            RuleEvent::Select => "SELECT",
            RuleEvent::Update => "UPDATE",
            RuleEvent::Delete => "DELETE",
            RuleEvent::Insert => "INSERT",
        });
        self.put("TO");
        self.relation(&rule.relation);
        self.opt_expr("WHERE", rule.filter.as_ref());
        self.put("DO");
        self.put_if(rule.instead, "INSTEAD");
        match rule.actions.as_slice() {
            [] => self.put("NOTHING"),
            actions => self.in_parens(|p| {
                for action in actions {
                    p.statement(action);
                    p.raw(";");
                }
            }),
        }
    }

    pub(super) fn create_policy(&mut self, policy: &CreatePolicyStmt) {
        self.opt_name("CREATE POLICY", Some(&policy.name));
        self.put("ON");
        self.relation(&policy.table);
        self.put_if(!policy.permissive, "AS RESTRICTIVE");
        self.put(match policy.command {
            PolicyCommand::All => "FOR ALL",
            PolicyCommand::Select => "FOR SELECT",
            PolicyCommand::Insert => "FOR INSERT",
            PolicyCommand::Update => "FOR UPDATE",
            PolicyCommand::Delete => "FOR DELETE",
        });
        self.put("TO");
        self.roles(&policy.roles);
        self.policy_conditions(policy.using.as_ref(), policy.with_check.as_ref());
    }

    fn policy_conditions(&mut self, using: Option<&Expr>, with_check: Option<&Expr>) {
        for (word, condition) in [("USING", using), ("WITH CHECK", with_check)] {
            if let Some(condition) = condition {
                self.put(word);
                self.in_parens(|p| p.expr(condition));
            }
        }
    }

    pub(super) fn alter_policy(&mut self, policy: &AlterPolicyStmt) {
        self.opt_name("ALTER POLICY", Some(&policy.name));
        self.put("ON");
        self.relation(&policy.table);
        if !policy.roles.is_empty() {
            self.put("TO");
            self.roles(&policy.roles);
        }
        self.policy_conditions(policy.using.as_ref(), policy.with_check.as_ref());
    }
}

/// The words of LIKE's options, by their bits.
const LIKE_WORDS: [&str; 9] =
    ["COMMENTS", "COMPRESSION", "CONSTRAINTS", "DEFAULTS", "GENERATED", "IDENTITY", "INDEXES", "STATISTICS", "STORAGE"];
