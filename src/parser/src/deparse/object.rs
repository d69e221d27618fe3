//! Functions, types, operators, other definitions, and the statements on any object, as SQL.

use super::{Printer, dotted, quote_identifier};
use crate::ast::*;

/// The words for a kind of object.
pub(super) fn object_word(kind: ObjectType) -> &'static str {
    use ObjectType as O;
    match kind {
        O::AccessMethod => "ACCESS METHOD",
        O::Aggregate => "AGGREGATE",
        O::Attribute => "ATTRIBUTE",
        O::Cast => "CAST",
        O::Column => "COLUMN",
        O::Collation => "COLLATION",
        O::Conversion => "CONVERSION",
        O::Database => "DATABASE",
        O::Domain => "DOMAIN",
        O::DomainConstraint | O::TableConstraint => "CONSTRAINT",
        O::EventTrigger => "EVENT TRIGGER",
        O::Extension => "EXTENSION",
        O::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
        O::ForeignServer => "SERVER",
        O::ForeignTable => "FOREIGN TABLE",
        O::Function => "FUNCTION",
        O::Index => "INDEX",
        O::Language => "LANGUAGE",
        O::LargeObject => "LARGE OBJECT",
        O::MaterializedView => "MATERIALIZED VIEW",
        O::OperatorClass => "OPERATOR CLASS",
        O::Operator => "OPERATOR",
        O::OperatorFamily => "OPERATOR FAMILY",
        O::ParameterAcl => "PARAMETER",
        O::Policy => "POLICY",
        O::Procedure => "PROCEDURE",
        O::Publication => "PUBLICATION",
        O::Role => "ROLE",
        O::Routine => "ROUTINE",
        O::Rule => "RULE",
        O::Schema => "SCHEMA",
        O::Sequence => "SEQUENCE",
        O::Subscription => "SUBSCRIPTION",
        O::Statistics => "STATISTICS",
        O::Table => "TABLE",
        O::Tablespace => "TABLESPACE",
        O::Transform => "TRANSFORM",
        O::Trigger => "TRIGGER",
        O::TextSearchConfiguration => "TEXT SEARCH CONFIGURATION",
        O::TextSearchDictionary => "TEXT SEARCH DICTIONARY",
        O::TextSearchParser => "TEXT SEARCH PARSER",
        O::TextSearchTemplate => "TEXT SEARCH TEMPLATE",
        O::Type => "TYPE",
        O::UserMapping => "USER MAPPING",
        O::View => "VIEW",
    }
}

impl Printer {
    pub(super) fn object_name(&mut self, object: &ObjectName) {
        match object {
            ObjectName::Name(name) => self.name(name),
            ObjectName::Qualified(name) => self.qualified(name),
            ObjectName::Relation(relation) => self.relation(relation),
            ObjectName::Type(name) => self.type_name(name),
            ObjectName::Callable(function) => self.callable(function),
            ObjectName::OnRelation(name, relation) => {
                self.name(name);
                self.put("ON");
                self.qualified(relation);
            }
            ObjectName::OnDomain(name, domain) => {
                self.name(name);
                self.put("ON DOMAIN");
                self.type_name(domain);
            }
            ObjectName::ByMethod(name, method) => {
                self.qualified(name);
                self.opt_name("USING", Some(method));
            }
            ObjectName::Cast(source, target) => self.cast_types(source, target),
            ObjectName::Transform(name, language) => {
                self.put("FOR");
                self.type_name(name);
                self.opt_name("LANGUAGE", Some(language));
            }
            ObjectName::LargeObject(number) => self.put(number),
            ObjectName::UserMapping(role, server) => {
                self.put("FOR");
                self.role(role);
                self.opt_name("SERVER", Some(server));
            }
        }
    }

    /// An object of this kind: an aggregate without parameters is written with a star.
    fn object_of(&mut self, kind: ObjectType, object: &ObjectName) {
        match object {
            ObjectName::Callable(f) if kind == ObjectType::Aggregate && f.parameters.is_empty() => {
                self.qualified(&f.name);
                self.put("(*)");
            }
            other => self.object_name(other),
        }
    }

    fn cast_types(&mut self, source: &TypeName, target: &TypeName) {
        self.in_parens(|p| {
            p.type_name(source);
            p.put("AS");
            p.type_name(target);
        });
    }

    /// A function, aggregate or operator with its arguments.
    fn callable(&mut self, function: &ObjectWithArgs) {
        let operator = function.name.last().starts_with(|c: char| "~!@#^&|`?+-*/%<>=".contains(c));
        if operator {
            self.operator_name(&function.name);
            return self.operator_args(&function.args);
        }
        self.qualified(&function.name);
        if !function.args_unspecified {
            self.parameters_with(&function.parameters, function.direct_args);
        }
    }

    fn operator_name(&mut self, name: &QualifiedName) {
        let schema = name.qualifiers();
        let prefix = if schema.is_empty() { String::new() } else { dotted(schema) + "." };
        self.put(&format!("{prefix}{}", name.last()));
    }

    fn operator_args(&mut self, args: &[Option<TypeName>]) {
        self.opt_parens(args, |p, arg| match arg {
            None => p.put("NONE"),
            Some(name) => p.type_name(name),
        });
    }

    /// `(a, b)`, or with a direct count `(a ORDER BY b)`; one VARIADIC argument stands on both sides.
    fn parameters_with(&mut self, parameters: &[FunctionParameter], direct: Option<u32>) {
        let Some(direct) = direct else {
            return self.parens(parameters, Self::parameter);
        };
        let (before, after) = parameters.split_at(direct as usize);
        self.in_parens(|p| {
            p.list(before, Self::parameter);
            p.put("ORDER BY");
            match before.last() {
                Some(last) if after.is_empty() => p.parameter(last),
                _ => p.list(after, Self::parameter),
            }
        });
    }

    fn parameter(&mut self, parameter: &FunctionParameter) {
        self.put(match parameter.mode {
            ParameterMode::Default | ParameterMode::Table => "",
            ParameterMode::In => "IN",
            ParameterMode::Out => "OUT",
            ParameterMode::InOut => "INOUT",
            ParameterMode::Variadic => "VARIADIC",
        });
        if let Some(name) = &parameter.name {
            self.name(name);
        }
        self.type_name(&parameter.type_name);
        self.opt_expr("DEFAULT", parameter.default.as_ref());
    }

    pub(super) fn object_statement(&mut self, statement: &Statement) {
        use Statement as S;
        match statement {
            S::Drop(s) => self.drop_object(s),
            S::Comment(s) => {
                self.put("COMMENT ON");
                self.put(object_word(s.object_type));
                self.object_of(s.object_type, &s.object);
                self.put("IS");
                self.string_or_null(s.comment.as_ref());
            }
            S::SecLabel(s) => {
                self.put("SECURITY LABEL");
                self.opt_name("FOR", s.provider.as_ref());
                self.put("ON");
                self.put(object_word(s.object_type));
                self.object_of(s.object_type, &s.object);
                self.put("IS");
                self.string_or_null(s.label.as_ref());
            }
            S::Rename(s) => self.rename(s),
            S::AlterObjectSchema(s) => {
                self.alter_object(s.object_type, s.if_exists, &s.object);
                self.opt_name("SET SCHEMA", Some(&s.new_schema));
            }
            S::AlterOwner(s) => {
                self.alter_object(s.object_type, false, &s.object);
                self.put("OWNER TO");
                self.role(&s.new_owner);
            }
            S::AlterObjectDepends(s) => {
                self.alter_object(s.object_type, false, &s.object);
                self.put_if(s.remove, "NO");
                self.opt_name("DEPENDS ON EXTENSION", Some(&s.extension));
            }
            S::CreateFunction(s) => self.create_function(s),
            S::AlterFunction(s) => {
                self.put("ALTER");
                self.put(object_word(s.object_type));
                self.callable(&s.function);
                s.actions.iter().for_each(|a| self.function_option(a));
            }
            S::Define(s) => self.define(s),
            other => self.type_statement(other),
        }
    }

    fn string_or_null(&mut self, text: Option<&String>) {
        match text {
            Some(text) => self.string(text),
            None => self.put("NULL"),
        }
    }

    fn alter_object(&mut self, kind: ObjectType, if_exists: bool, object: &ObjectName) {
        self.put("ALTER");
        self.put(object_word(kind));
        self.put_if(if_exists, "IF EXISTS");
        self.object_of(kind, object);
    }

    fn drop_object(&mut self, drop: &DropStmt) {
        self.put("DROP");
        self.put(object_word(drop.object_type));
        self.put_if(drop.concurrently, "CONCURRENTLY");
        self.put_if(drop.if_exists, "IF EXISTS");
        self.list(&drop.objects, |p, object| p.object_of(drop.object_type, object));
        self.behavior(drop.behavior);
    }

    fn rename(&mut self, rename: &RenameStmt) {
        use ObjectType as O;
        let sub = rename.sub_name.as_ref();
        match rename.rename_type {
            O::Policy | O::Rule | O::Trigger => {
                self.put("ALTER");
                self.put(object_word(rename.rename_type));
                self.put_if(rename.if_exists, "IF EXISTS");
                self.name(sub.map_or("", String::as_str));
                self.put("ON");
                self.object_name(&rename.object);
                self.put("RENAME");
            }
            kind => {
                let holder = match kind {
                    O::Column | O::Attribute => rename.relation_type.unwrap_or(O::Table),
                    O::TableConstraint => O::Table,
                    O::DomainConstraint => O::Domain,
                    other => other,
                };
                self.alter_object(holder, rename.if_exists, &rename.object);
                self.put("RENAME");
                self.put(match kind {
                    O::Column => "COLUMN",
                    O::Attribute => "ATTRIBUTE",
                    O::TableConstraint | O::DomainConstraint => "CONSTRAINT",
                    _ => "",
                });
                if let Some(sub) = sub {
                    self.name(sub);
                }
            }
        }
        self.opt_name("TO", Some(&rename.new_name));
        self.behavior(rename.behavior);
    }

    // Functions

    fn create_function(&mut self, function: &CreateFunctionStmt) {
        self.put("CREATE");
        self.put_if(function.or_replace, "OR REPLACE");
        self.put(if function.procedure { "PROCEDURE" } else { "FUNCTION" });
        self.qualified(&function.name);
        let columns = function.parameters.iter().position(|p| p.mode == ParameterMode::Table);
        let split = columns.unwrap_or(function.parameters.len());
        self.parens(&function.parameters[..split], Self::parameter);
        if columns.is_some() {
            self.put("RETURNS TABLE");
            self.parens(&function.parameters[split..], Self::parameter);
        } else if let Some(returns) = &function.returns {
            self.put("RETURNS");
            self.type_name(returns);
        }
        function.options.iter().for_each(|o| self.function_option(o));
        match &function.body {
            None => {}
            Some(RoutineBody::Return(expr)) => self.opt_expr("RETURN", Some(expr)),
            Some(RoutineBody::Atomic(statements)) => {
                self.put("BEGIN ATOMIC");
                for statement in statements {
                    self.statement(statement);
                    self.raw(";");
                }
                self.put("END");
            }
        }
    }

    fn function_option(&mut self, elem: &DefElem) {
        let yes = elem.arg == Some(DefArg::Boolean(true));
        match (elem.name.as_str(), &elem.arg) {
            ("as", Some(DefArg::List(strings))) => {
                self.put("AS");
                self.list(strings, |p, s| p.string(s));
            }
            ("transform", Some(DefArg::Options(types))) => {
                self.put("TRANSFORM");
                self.list(types, |p, elem| {
                    p.put("FOR TYPE");
                    if let Some(arg) = &elem.arg {
                        p.def_arg(arg);
                    }
                });
            }
            ("strict", _) => self.put(if yes { "STRICT" } else { "CALLED ON NULL INPUT" }),
            ("security", _) => self.put(if yes { "SECURITY DEFINER" } else { "SECURITY INVOKER" }),
            ("leakproof", _) => self.put(if yes { "LEAKPROOF" } else { "NOT LEAKPROOF" }),
            ("window", _) => self.put("WINDOW"),
            ("volatility", Some(DefArg::String(word))) => self.put(&word.to_ascii_uppercase()),
            ("parallel", Some(DefArg::String(word))) => self.opt_name("PARALLEL", Some(word)),
            ("set", Some(arg)) => self.def_arg(arg),
            (name, Some(arg)) => {
                self.put(&name.to_ascii_uppercase());
                self.def_arg(arg);
            }
            (name, None) => self.put(&name.to_ascii_uppercase()),
        }
    }

    fn define(&mut self, define: &DefineStmt) {
        self.put("CREATE");
        self.put_if(define.or_replace, "OR REPLACE");
        self.put(object_word(define.object_type));
        self.put_if(define.if_not_exists, "IF NOT EXISTS");
        if define.object_type == ObjectType::Operator {
            self.operator_name(&define.name);
        } else {
            self.qualified(&define.name);
        }
        if let Some(args) = &define.args {
            if args.parameters.is_empty() {
                self.put("(*)");
            } else {
                self.parameters_with(&args.parameters, args.direct);
            }
        }
        match &define.from {
            Some(from) => {
                self.put("FROM");
                self.qualified(from);
            }
            None => self.opt_parens(&define.definition, Self::definition_option),
        }
    }

    // Types, operators and their kin

    fn type_statement(&mut self, statement: &Statement) {
        use Statement as S;
        match statement {
            S::CreateCompositeType(s) => {
                self.put("CREATE TYPE");
                self.relation(&s.name);
                self.put("AS");
                self.parens(&s.columns, Self::column_definition);
            }
            S::CreateEnum(s) => {
                self.put("CREATE TYPE");
                self.qualified(&s.name);
                self.put("AS ENUM");
                self.parens(&s.labels, |p, l| p.string(l));
            }
            S::CreateRange(s) => {
                self.put("CREATE TYPE");
                self.qualified(&s.name);
                self.put("AS RANGE");
                self.definition(&s.options);
            }
            S::CreateDomain(s) => {
                self.put("CREATE DOMAIN");
                self.qualified(&s.name);
                self.put("AS");
                self.type_name(&s.type_name);
                if let Some(collation) = &s.collation {
                    self.put("COLLATE");
                    self.qualified(&collation.name);
                }
                s.constraints.iter().for_each(|c| self.constraint(c, true));
            }
            S::AlterDomain(s) => self.alter_domain(s),
            S::AlterEnum(s) => self.alter_enum(s),
            S::AlterType(s) => {
                self.put("ALTER TYPE");
                self.qualified(&s.name);
                self.put("SET");
                self.operator_definition(&s.options);
            }
            S::AlterOperator(s) => {
                self.put("ALTER OPERATOR");
                self.callable(&s.operator);
                self.put("SET");
                self.operator_definition(&s.options);
            }
            S::AlterCollation(s) => {
                self.put("ALTER COLLATION");
                self.qualified(&s.name);
                self.put("REFRESH VERSION");
            }
            other => self.operator_statement(other),
        }
    }

    /// Options in which no value is NONE.
    fn operator_definition(&mut self, options: &[DefElem]) {
        self.parens(options, |p, elem| {
            p.name(&elem.name);
            p.put("=");
            match &elem.arg {
                Some(arg) => p.def_arg(arg),
                None => p.put("NONE"),
            }
        });
    }

    fn alter_domain(&mut self, stmt: &AlterDomainStmt) {
        use AlterDomainAction as A;
        self.put("ALTER DOMAIN");
        self.qualified(&stmt.name);
        match &stmt.action {
            A::Default(Some(expr)) => self.opt_expr("SET DEFAULT", Some(expr)),
            A::Default(None) => self.put("DROP DEFAULT"),
            A::DropNotNull => self.put("DROP NOT NULL"),
            A::SetNotNull => self.put("SET NOT NULL"),
            A::AddConstraint(constraint) => {
                self.put("ADD");
                self.constraint(constraint, false);
            }
            A::DropConstraint { name, if_exists, behavior } => {
                self.put("DROP CONSTRAINT");
                self.put_if(*if_exists, "IF EXISTS");
                self.name(name);
                self.behavior(*behavior);
            }
            A::ValidateConstraint(name) => self.opt_name("VALIDATE CONSTRAINT", Some(name)),
        }
    }

    fn alter_enum(&mut self, stmt: &AlterEnumStmt) {
        self.put("ALTER TYPE");
        self.qualified(&stmt.name);
        match &stmt.action {
            AlterEnumAction::Add { label, if_not_exists, neighbor } => {
                self.put("ADD VALUE");
                self.put_if(*if_not_exists, "IF NOT EXISTS");
                self.string(label);
                if let Some((other, after)) = neighbor {
                    self.put(if *after { "AFTER" } else { "BEFORE" });
                    self.string(other);
                }
            }
            AlterEnumAction::Rename(old, new) => {
                self.put("RENAME VALUE");
                self.string(old);
                self.put("TO");
                self.string(new);
            }
        }
    }

    fn operator_statement(&mut self, statement: &Statement) {
        use Statement as S;
        match statement {
            S::CreateCast(s) => self.create_cast(s),
            S::CreateTransform(s) => self.create_transform(s),
            S::CreateConversion(s) => {
                self.put("CREATE");
                self.put_if(s.default, "DEFAULT");
                self.put("CONVERSION");
                self.qualified(&s.name);
                self.put("FOR");
                self.string(&s.for_encoding);
                self.put("TO");
                self.string(&s.to_encoding);
                self.put("FROM");
                self.qualified(&s.function);
            }
            S::CreateOpClass(s) => {
                self.put("CREATE OPERATOR CLASS");
                self.qualified(&s.name);
                self.put_if(s.default, "DEFAULT");
                self.put("FOR TYPE");
                self.type_name(&s.type_name);
                self.opt_name("USING", Some(&s.access_method));
                if let Some(family) = &s.family {
                    self.put("FAMILY");
                    self.qualified(family);
                }
                self.put("AS");
                self.list(&s.items, Self::opclass_item);
            }
            S::CreateOpFamily(s) => {
                self.put("CREATE OPERATOR FAMILY");
                self.qualified(&s.name);
                self.opt_name("USING", Some(&s.access_method));
            }
            S::AlterOpFamily(s) => {
                self.put("ALTER OPERATOR FAMILY");
                self.qualified(&s.name);
                self.opt_name("USING", Some(&s.access_method));
                self.put(if s.drop { "DROP" } else { "ADD" });
                self.list(&s.items, Self::opclass_item);
            }
            other => self.administrative(other),
        }
    }

    fn create_cast(&mut self, cast: &CreateCastStmt) {
        self.put("CREATE CAST");
        self.cast_types(&cast.source, &cast.target);
        match &cast.method {
            CastMethod::Function(function) => {
                self.put("WITH FUNCTION");
                self.callable(function);
            }
            CastMethod::WithoutFunction => self.put("WITHOUT FUNCTION"),
            CastMethod::InOut => self.put("WITH INOUT"),
        }
        match cast.context {
            CastContext::Implicit => self.put("AS IMPLICIT"),
            CastContext::Assignment => self.put("AS ASSIGNMENT"),
            CastContext::Explicit => {}
        }
    }

    fn create_transform(&mut self, transform: &CreateTransformStmt) {
        self.put("CREATE");
        self.put_if(transform.or_replace, "OR REPLACE");
        self.put("TRANSFORM FOR");
        self.type_name(&transform.type_name);
        self.opt_name("LANGUAGE", Some(&transform.language));
        let both = [("FROM SQL", &transform.from_sql), ("TO SQL", &transform.to_sql)];
        let given: Vec<_> = both.iter().filter_map(|(word, f)| f.as_ref().map(|f| (*word, f))).collect();
        self.parens(&given, |p, (word, function)| {
            p.put(word);
            p.put("WITH FUNCTION");
            p.callable(function);
        });
    }

    fn opclass_item(&mut self, item: &OpClassItem) {
        match item {
            OpClassItem::Operator { number, operator, order_family, recheck } => {
                self.put(&format!("OPERATOR {number}"));
                self.callable(operator);
                if let Some(family) = order_family {
                    self.put("FOR ORDER BY");
                    self.qualified(family);
                }
                self.put_if(*recheck, "RECHECK");
            }
            OpClassItem::Function { number, class_args, function } => {
                self.put(&format!("FUNCTION {number}"));
                self.opt_parens(class_args, Self::type_name);
                if let Some(function) = function {
                    self.callable(function);
                }
            }
            OpClassItem::Storage(name) => {
                self.put("STORAGE");
                self.type_name(name);
            }
            OpClassItem::DropOperator(number, types) => {
                self.put(&format!("OPERATOR {number}"));
                self.parens(types, Self::type_name);
            }
            OpClassItem::DropFunction(number, types) => {
                self.put(&format!("FUNCTION {number}"));
                self.parens(types, Self::type_name);
            }
        }
    }

    /// Text search, languages, event triggers, extensions.
    pub(super) fn programming_statement(&mut self, statement: &Statement) {
        use Statement as S;
        match statement {
            S::CreateAccessMethod(s) => {
                self.opt_name("CREATE ACCESS METHOD", Some(&s.name));
                self.put(if s.table { "TYPE TABLE HANDLER" } else { "TYPE INDEX HANDLER" });
                self.qualified(&s.handler);
            }
            S::CreateLanguage(s) => {
                self.put("CREATE");
                self.put_if(s.or_replace, "OR REPLACE");
                self.put_if(s.trusted, "TRUSTED");
                self.opt_name("LANGUAGE", Some(&s.name));
                self.put("HANDLER");
                self.qualified(&s.handler);
                for (word, name) in [("INLINE", &s.inline), ("VALIDATOR", &s.validator)] {
                    if let Some(name) = name {
                        self.put(word);
                        self.qualified(name);
                    }
                }
            }
            S::AlterTsDictionary(s) => {
                self.put("ALTER TEXT SEARCH DICTIONARY");
                self.qualified(&s.name);
                self.definition(&s.options);
            }
            S::AlterTsConfiguration(s) => self.alter_ts_configuration(s),
            S::CreateEventTrigger(s) => {
                self.opt_name("CREATE EVENT TRIGGER", Some(&s.name));
                self.opt_name("ON", Some(&s.event));
                for (n, elem) in s.when.iter().enumerate() {
                    self.put(if n == 0 { "WHEN" } else { "AND" });
                    self.name(&elem.name);
                    self.put("IN");
                    if let Some(arg) = &elem.arg {
                        self.def_arg(arg);
                    }
                }
                self.put("EXECUTE FUNCTION");
                self.qualified(&s.function);
                self.put("()");
            }
            S::AlterEventTrigger(s) => {
                self.opt_name("ALTER EVENT TRIGGER", Some(&s.name));
                self.firing(s.firing);
            }
            S::CreateExtension(s) => {
                self.put("CREATE EXTENSION");
                self.put_if(s.if_not_exists, "IF NOT EXISTS");
                self.name(&s.name);
                s.options.iter().for_each(|o| self.extension_option(o));
            }
            S::AlterExtension(s) => {
                self.opt_name("ALTER EXTENSION", Some(&s.name));
                self.put("UPDATE");
                for elem in &s.options {
                    self.put("TO");
                    if let Some(arg) = &elem.arg {
                        self.def_arg(arg);
                    }
                }
            }
            S::AlterExtensionContents(s) => {
                self.opt_name("ALTER EXTENSION", Some(&s.name));
                self.put(if s.add { "ADD" } else { "DROP" });
                self.put(object_word(s.object_type));
                self.object_of(s.object_type, &s.object);
            }
            _ => {}
        }
    }

    fn extension_option(&mut self, elem: &DefElem) {
        match (elem.name.as_str(), &elem.arg) {
            ("schema", Some(DefArg::String(name))) => self.opt_name("SCHEMA", Some(name)),
            ("new_version", Some(DefArg::String(version))) => {
                self.put("VERSION");
                self.string(version);
            }
            _ => self.put("CASCADE"),
        }
    }

    fn alter_ts_configuration(&mut self, stmt: &AlterTsConfigurationStmt) {
        use TsConfigAction as A;
        self.put("ALTER TEXT SEARCH CONFIGURATION");
        self.qualified(&stmt.name);
        match &stmt.action {
            A::AddMapping(tokens, dictionaries) | A::AlterMapping(tokens, dictionaries) => {
                let add = matches!(stmt.action, A::AddMapping(..));
                self.put(if add { "ADD MAPPING FOR" } else { "ALTER MAPPING FOR" });
                self.names(tokens);
                self.put("WITH");
                self.list(dictionaries, Self::qualified);
            }
            A::ReplaceDictionary(tokens, old, new) => {
                self.put("ALTER MAPPING");
                if !tokens.is_empty() {
                    self.put("FOR");
                    self.names(tokens);
                }
                self.put("REPLACE");
                self.qualified(old);
                self.put("WITH");
                self.qualified(new);
            }
            A::DropMapping(tokens, if_exists) => {
                self.put(if *if_exists { "DROP MAPPING IF EXISTS FOR" } else { "DROP MAPPING FOR" });
                self.names(tokens);
            }
        }
    }

    /// An option whose name is a word of its own, with a value or DEFAULT.
    pub(super) fn database_option(&mut self, elem: &DefElem) {
        match elem.name.as_str() {
            "connection_limit" => self.put("CONNECTION LIMIT"),
            name @ ("encoding" | "location" | "owner" | "tablespace" | "template") => self.put(name),
            name => self.put(&quote_identifier(name)),
        }
        match &elem.arg {
            None => self.put("DEFAULT"),
            Some(arg) => self.def_arg(arg),
        }
    }
}
