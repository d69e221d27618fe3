//! The tree back to SQL: canonical text, such that parsing it gives an equal tree.
//!
//! Types are written by their catalog names, operators with all their parentheses, names quoted where they must be.

mod expr;
mod object;
mod query;
mod role;
mod table;
mod utility;

use crate::ast::*;
use crate::keywords::{Category, Keyword};

/// A statement as SQL.
pub fn statement(statement: &Statement) -> String {
    let mut printer = Printer::default();
    printer.statement(statement);
    printer.out
}

/// An expression as SQL.
pub fn expr(expr: &Expr) -> String {
    let mut printer = Printer::default();
    printer.expr(expr);
    printer.out
}

/// A type as SQL.
pub fn type_name(name: &TypeName) -> String {
    let mut printer = Printer::default();
    printer.type_name(name);
    printer.out
}

/// A name as an identifier, in quotes if it needs them.
pub fn quote_identifier(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'$'));
    let keyword = Keyword::find(name.as_bytes());
    if plain && keyword.is_none_or(|k| k.category() == Category::Unreserved) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a string constant.
pub fn quote_string(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Text under construction. Pieces are put with a space between them where one is needed.
#[derive(Default)]
struct Printer {
    out: String,
}

impl Printer {
    /// Puts a piece, behind a space unless it or what stands before it does without.
    fn put(&mut self, piece: &str) {
        if piece.is_empty() {
            return;
        }
        let tight =
            self.out.is_empty() || self.out.ends_with(['(', ' ', '[']) || piece.starts_with([',', ')', ']', ';']);
        if !tight {
            self.out.push(' ');
        }
        self.out.push_str(piece);
    }

    /// Puts a piece without a space.
    fn raw(&mut self, piece: &str) {
        self.out.push_str(piece);
    }

    fn put_if(&mut self, condition: bool, piece: &str) {
        if condition {
            self.put(piece);
        }
    }

    fn name(&mut self, name: &str) {
        self.put(&quote_identifier(name));
    }

    fn string(&mut self, text: &str) {
        self.put(&quote_string(text));
    }

    fn number(&mut self, number: impl std::fmt::Display) {
        self.put(&number.to_string());
    }

    /// A keyword and a name, if there is a name.
    fn opt_name(&mut self, keyword: &str, name: Option<&String>) {
        if let Some(name) = name {
            self.put(keyword);
            self.name(name);
        }
    }

    fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        for (n, one) in items.iter().enumerate() {
            if n > 0 {
                self.raw(",");
            }
            item(self, one);
        }
    }

    fn parens<T>(&mut self, items: &[T], item: impl FnMut(&mut Self, &T)) {
        self.put("(");
        self.list(items, item);
        self.put(")");
    }

    fn opt_parens<T>(&mut self, items: &[T], item: impl FnMut(&mut Self, &T)) {
        if !items.is_empty() {
            self.parens(items, item);
        }
    }

    fn names(&mut self, names: &[String]) {
        self.list(names, |p, n| p.name(n));
    }

    fn names_in_parens(&mut self, names: &[String]) {
        self.parens(names, |p, n| p.name(n));
    }

    fn opt_names(&mut self, names: &[String]) {
        self.opt_parens(names, |p, n| p.name(n));
    }

    fn in_parens(&mut self, inner: impl FnOnce(&mut Self)) {
        self.put("(");
        inner(self);
        self.put(")");
    }

    fn qualified(&mut self, name: &QualifiedName) {
        self.put(&dotted(&name.parts));
    }

    fn relation(&mut self, relation: &RangeVar) {
        self.put_if(!relation.inherit, "ONLY");
        let parts: Vec<&String> = relation.catalog.iter().chain(&relation.schema).chain([&relation.name]).collect();
        let quoted: Vec<String> = parts.into_iter().map(|p| quote_identifier(p)).collect();
        self.put(&quoted.join("."));
        if let Some(alias) = &relation.alias {
            self.alias(alias);
        }
    }

    fn relations(&mut self, relations: &[RangeVar]) {
        self.list(relations, Self::relation);
    }

    fn alias(&mut self, alias: &Alias) {
        self.put("AS");
        self.name(&alias.name);
        self.opt_names(&alias.columns);
    }

    fn operator(&mut self, operator: &OperatorName) {
        if operator.schema.is_empty() {
            self.put(&operator.name);
            return;
        }
        self.put(&format!("OPERATOR({}.{})", dotted(&operator.schema), operator.name));
    }

    fn type_name(&mut self, name: &TypeName) {
        self.put_if(name.setof, "SETOF");
        self.qualified(&name.name);
        if name.pct_type {
            self.raw("%TYPE");
            return;
        }
        if !name.typmods.is_empty() {
            self.raw("(");
            self.list(&name.typmods, Self::expr);
            self.raw(")");
        }
        for bound in &name.array_bounds {
            self.raw(&bound.map_or_else(|| "[]".to_owned(), |n| format!("[{n}]")));
        }
    }

    fn role(&mut self, role: &RoleSpec) {
        match &role.role {
            Role::Name(name) => self.name(name),
            Role::CurrentRole => self.put("CURRENT_ROLE"),
            Role::CurrentUser => self.put("CURRENT_USER"),
            Role::SessionUser => self.put("SESSION_USER"),
            Role::Public => self.put("PUBLIC"),
        }
    }

    fn roles(&mut self, roles: &[RoleSpec]) {
        self.list(roles, Self::role);
    }

    fn behavior(&mut self, behavior: DropBehavior) {
        self.put_if(behavior == DropBehavior::Cascade, "CASCADE");
    }

    // Options

    fn def_arg(&mut self, arg: &DefArg) {
        match arg {
            DefArg::String(text) => self.string(text),
            DefArg::Integer(value) => self.number(value),
            DefArg::Float(text) => self.put(text),
            DefArg::Boolean(value) => self.put(if *value { "TRUE" } else { "FALSE" }),
            DefArg::Star => self.put("*"),
            DefArg::List(items) => self.parens(items, |p, s| p.string(s)),
            DefArg::Name(name) => self.qualified(name),
            DefArg::Type(name) => self.type_name(name),
            DefArg::Operator(operator) => self.operator(operator),
            DefArg::Roles(roles) => self.roles(roles),
            DefArg::None => self.put("NONE"),
            DefArg::Expr(expr) => self.expr(expr),
            DefArg::Set(set) => self.variable_set(set),
            DefArg::Options(options) => self.list(options, Self::definition_option),
        }
    }

    /// `name = value`
    fn definition_option(&mut self, elem: &DefElem) {
        if let Some(namespace) = &elem.namespace {
            self.put(&format!("{}.{}", quote_identifier(namespace), quote_identifier(&elem.name)));
        } else {
            self.name(&elem.name);
        }
        if let Some(arg) = &elem.arg {
            self.put("=");
            self.def_arg(arg);
        }
    }

    fn definition(&mut self, options: &[DefElem]) {
        self.parens(options, Self::definition_option);
    }

    /// `WITH (name = value)`
    fn with_options(&mut self, options: &[DefElem]) {
        if !options.is_empty() {
            self.put("WITH");
            self.definition(options);
        }
    }

    /// `(name value)`
    fn utility_options(&mut self, options: &[DefElem]) {
        self.opt_parens(options, |p, elem| {
            p.name(&elem.name);
            if let Some(arg) = &elem.arg {
                p.def_arg(arg);
            }
        });
    }

    /// `OPTIONS ([SET] name 'value')`
    fn generic_options(&mut self, options: &[DefElem]) {
        if options.is_empty() {
            return;
        }
        self.put("OPTIONS");
        self.parens(options, |p, elem| {
            match elem.action {
                DefAction::Unspecified => {}
                DefAction::Set => p.put("SET"),
                DefAction::Add => p.put("ADD"),
                DefAction::Drop => p.put("DROP"),
            }
            p.name(&elem.name);
            if let Some(arg) = &elem.arg {
                p.def_arg(arg);
            }
        });
    }

    fn statement(&mut self, statement: &Statement) {
        use Statement as S;
        match statement {
            S::Select(s) => self.select(s),
            S::Insert(s) => self.insert(s),
            S::Update(s) => self.update(s),
            S::Delete(s) => self.delete(s),
            S::Merge(s) => self.merge(s),
            S::CreateTable(s) => self.create_table(s),
            S::CreateTableAs(s) => self.create_table_as(s),
            S::RefreshMatView(s) => self.refresh(s),
            S::AlterTable(s) => self.alter_table(s),
            S::AlterTableMoveAll(s) => self.move_all(s),
            S::CreateIndex(s) => self.create_index(s),
            S::CreateView(s) => self.create_view(s),
            S::CreateSequence(s) => self.create_sequence(s),
            S::AlterSequence(s) => self.alter_sequence(s),
            S::CreateStatistics(s) => self.create_statistics(s),
            S::AlterStatistics(s) => self.alter_statistics(s),
            S::CreateTrigger(s) => self.create_trigger(s),
            S::CreateRule(s) => self.create_rule(s),
            S::CreatePolicy(s) => self.create_policy(s),
            S::AlterPolicy(s) => self.alter_policy(s),
            other => self.utility_statement(other),
        }
    }
}

fn dotted(parts: &[String]) -> String {
    let quoted: Vec<String> = parts.iter().map(|p| quote_identifier(p)).collect();
    quoted.join(".")
}
