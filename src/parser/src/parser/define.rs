//! Functions, aggregates, types, domains, operators, casts and the other definitions.

use super::Parser;
use super::statement::option;
use super::types::system_type;
use crate::ast::*;
use crate::keywords::{Category, Keyword as K};
use crate::lexer::TokenKind;
use report::Result;

impl Parser<'_> {
    // Functions

    pub(super) fn create_function(&mut self, or_replace: bool) -> Result<Statement> {
        let procedure = self.advance().kind == TokenKind::Keyword(K::Procedure);
        let name = self.func_name()?;
        let mut parameters = self.parameters(Self::parameter_with_default)?;
        let mut returns = None;
        if !procedure && self.is(K::Returns) && !self.peek_is(1, K::Null) {
            self.advance();
            returns = Some(self.function_result(&mut parameters)?);
        }
        let mut options = Vec::new();
        while let Some(option) = self.opt_function_option(true)? {
            options.push(option);
        }
        let body = self.opt_routine_body()?;
        let function = CreateFunctionStmt { procedure, or_replace, name, parameters, returns, options, body };
        Ok(Statement::CreateFunction(Box::new(function)))
    }

    /// `(parameter, ...)` or `()`.
    fn parameters(
        &mut self,
        parameter: impl FnMut(&mut Self) -> Result<FunctionParameter>,
    ) -> Result<Vec<FunctionParameter>> {
        self.expect_char(b'(')?;
        let parameters = if self.is_char(b')') { Vec::new() } else { self.list(parameter)? };
        self.expect_char(b')')?;
        Ok(parameters)
    }

    fn parameter_with_default(&mut self) -> Result<FunctionParameter> {
        let mut parameter = self.parameter()?;
        if self.eat(K::Default) || self.eat_char(b'=') {
            parameter.default = Some(self.expr()?);
        }
        Ok(parameter)
    }

    /// `[mode] [name] type`, or `[name] [mode] type`.
    fn parameter(&mut self) -> Result<FunctionParameter> {
        let mut mode = self.opt_parameter_mode();
        let mut name = None;
        if self.is_parameter_name(mode.is_some()) {
            name = Some(self.type_function_name()?);
            if mode.is_none() {
                mode = self.opt_parameter_mode();
            }
        }
        let type_name = self.func_type()?;
        Ok(FunctionParameter { name, type_name, mode: mode.unwrap_or_default(), default: None })
    }

    fn opt_parameter_mode(&mut self) -> Option<ParameterMode> {
        let mode = match self.keyword()? {
            K::In if self.peek_is(1, K::Out) => {
                self.advance();
                ParameterMode::InOut
            }
            K::In => ParameterMode::In,
            K::Out => ParameterMode::Out,
            K::Inout => ParameterMode::InOut,
            K::Variadic => ParameterMode::Variadic,
            _ => return None,
        };
        self.advance();
        Some(mode)
    }

    /// Whether the next word is a parameter's name: a type (or a mode and a type) must follow it.
    fn is_parameter_name(&self, mode_seen: bool) -> bool {
        if !self.is_type_function_name() || self.is_seq(&[K::Double, K::Precision]) {
            return false;
        }
        match self.peek(1) {
            TokenKind::Ident | TokenKind::QuotedIdent | TokenKind::UnicodeIdent => true,
            TokenKind::Keyword(K::In | K::Variadic) => !mode_seen,
            TokenKind::Keyword(K::Array | K::Default | K::Order) => false,
            TokenKind::Keyword(k) => k.category() != Category::Reserved,
            _ => false,
        }
    }

    /// RETURNS, behind it; the columns of TABLE are added to the parameters.
    fn function_result(&mut self, parameters: &mut Vec<FunctionParameter>) -> Result<TypeName> {
        if !(self.is(K::Table) && self.peek(1) == TokenKind::Char(b'(')) {
            return self.func_type();
        }
        self.advance();
        let columns = self.parens(Self::table_function_column)?;
        let result = match columns.as_slice() {
            [one] => one.type_name.clone(),
            _ => system_type("record", Pos::NONE),
        };
        let takes_only = |p: &FunctionParameter| {
            matches!(p.mode, ParameterMode::Default | ParameterMode::In | ParameterMode::Variadic)
        };
        if !parameters.iter().all(takes_only) {
            let message = "OUT and INOUT arguments aren't allowed in TABLE functions";
            return Err(self.grammar_error(Pos::NONE, message));
        }
        parameters.extend(columns);
        Ok(TypeName { setof: true, ..result })
    }

    fn table_function_column(&mut self) -> Result<FunctionParameter> {
        let name = Some(self.type_function_name()?);
        let type_name = self.func_type()?;
        Ok(FunctionParameter { name, type_name, mode: ParameterMode::Table, default: None })
    }

    /// An option of CREATE FUNCTION (`creating`) or ALTER FUNCTION.
    pub(super) fn opt_function_option(&mut self, creating: bool) -> Result<Option<DefElem>> {
        let pos = self.pos();
        let Some(k) = self.keyword() else {
            return Ok(None);
        };
        let (name, arg) = match k {
            K::As | K::Language | K::Transform | K::Window if creating => {
                self.advance();
                self.creation_option(k)?
            }
            K::Strict | K::Immutable | K::Stable | K::Volatile | K::Leakproof => {
                self.advance();
                match k {
                    K::Strict => ("strict", DefArg::Boolean(true)),
                    K::Leakproof => ("leakproof", DefArg::Boolean(true)),
                    _ => ("volatility", DefArg::String(k.text().to_owned())),
                }
            }
            K::Not if self.peek_is(1, K::Leakproof) => {
                self.at += 2;
                ("leakproof", DefArg::Boolean(false))
            }
            K::Called => {
                self.expect_seq(&[K::Called, K::On, K::Null, K::Input])?;
                ("strict", DefArg::Boolean(false))
            }
            K::Returns => {
                self.expect_seq(&[K::Returns, K::Null, K::On, K::Null, K::Input])?;
                ("strict", DefArg::Boolean(true))
            }
            K::External | K::Security => {
                self.eat(K::External);
                self.expect(K::Security)?;
                let definer = self.eat(K::Definer);
                if !definer {
                    self.expect(K::Invoker)?;
                }
                ("security", DefArg::Boolean(definer))
            }
            K::Cost | K::Rows => {
                self.advance();
                (k.text(), self.numeric_arg()?)
            }
            K::Support => {
                self.advance();
                ("support", DefArg::Name(self.any_name()?))
            }
            K::Parallel => {
                self.advance();
                ("parallel", DefArg::String(self.col_id()?))
            }
            K::Set | K::Reset => ("set", self.function_setting()?),
            _ => return Ok(None),
        };
        Ok(Some(option(name, Some(arg), pos)))
    }

    fn function_setting(&mut self) -> Result<DefArg> {
        let action = if self.is(K::Reset) {
            self.reset()?
        } else {
            self.advance();
            self.set_rest_more()?
        };
        Ok(DefArg::Set(Box::new(VariableSetStmt { action, local: false })))
    }

    fn creation_option(&mut self, k: K) -> Result<(&'static str, DefArg)> {
        Ok(match k {
            K::As => {
                let mut strings = vec![self.string()?];
                if self.eat_char(b',') {
                    strings.push(self.string()?);
                }
                ("as", DefArg::List(strings))
            }
            K::Language => ("language", DefArg::String(self.word_or_string()?)),
            K::Window => ("window", DefArg::Boolean(true)),
            _ => {
                let types = self.list(|p| {
                    p.expect_seq(&[K::For, K::Type])?;
                    let pos = p.pos();
                    let name = p.type_name()?;
                    Ok(option("type", Some(DefArg::Type(Box::new(name))), pos))
                })?;
                ("transform", DefArg::Options(types))
            }
        })
    }

    fn opt_routine_body(&mut self) -> Result<Option<RoutineBody>> {
        if self.eat(K::Return) {
            return Ok(Some(RoutineBody::Return(self.expr()?)));
        }
        if !self.eat(K::Begin) {
            return Ok(None);
        }
        self.expect(K::Atomic)?;
        self.enter()?;
        let mut statements = Vec::new();
        loop {
            if self.eat(K::End) {
                self.leave();
                return Ok(Some(RoutineBody::Atomic(statements)));
            }
            if !self.is_char(b';') {
                statements.push(self.routine_statement()?);
            }
            self.expect_char(b';')?;
        }
    }

    fn routine_statement(&mut self) -> Result<Statement> {
        if self.eat(K::Return) {
            return Ok(Statement::Return(Box::new(ReturnStmt { value: self.expr()? })));
        }
        self.statement()
    }

    // Functions, aggregates and operators as objects

    /// A function with its argument types, or without them.
    pub(super) fn function_with_args(&mut self) -> Result<ObjectWithArgs> {
        let pos = self.pos();
        let mut n = 1;
        while self.is_col_id() && self.peek(n) == TokenKind::Char(b'.') {
            n += 2;
        }
        if self.peek(n) == TokenKind::Char(b'(') {
            let name = self.func_name()?;
            let parameters = self.parameters(Self::parameter)?;
            return Ok(with_args(name, parameters));
        }
        let name = if self.is_type_function_name() && !self.is_col_id() {
            QualifiedName::single(self.take_word(), pos)
        } else {
            self.any_name()?
        };
        self.refuse_subscript()?;
        let (args, parameters) = (Vec::new(), Vec::new());
        Ok(ObjectWithArgs { name, args, parameters, args_unspecified: true, direct_args: None })
    }

    pub(super) fn aggregate_with_args(&mut self) -> Result<ObjectWithArgs> {
        let name = self.func_name()?;
        let args = self.aggregate_args()?;
        let direct_args = args.direct;
        Ok(ObjectWithArgs { direct_args, ..with_args(name, args.parameters) })
    }

    fn aggregate_args(&mut self) -> Result<AggregateArgs> {
        self.expect_char(b'(')?;
        if self.eat_char(b'*') {
            self.expect_char(b')')?;
            return Ok(AggregateArgs { parameters: Vec::new(), direct: None });
        }
        let mut parameters = Vec::new();
        if !self.is(K::Order) {
            parameters = self.list(Self::aggregate_parameter)?;
        }
        let mut direct = None;
        if self.eat(K::Order) {
            self.expect(K::By)?;
            direct = Some(parameters.len() as u32);
            let ordered = self.list(Self::aggregate_parameter)?;
            self.join_ordered(&mut parameters, ordered)?;
        }
        self.expect_char(b')')?;
        Ok(AggregateArgs { parameters, direct })
    }

    /// A VARIADIC direct argument stands for the aggregated one too, which must repeat it.
    fn join_ordered(&self, direct: &mut Vec<FunctionParameter>, ordered: Vec<FunctionParameter>) -> Result<()> {
        let Some(last) = direct.last().filter(|p| p.mode == ParameterMode::Variadic) else {
            direct.extend(ordered);
            return Ok(());
        };
        let repeats = matches!(ordered.as_slice(), [one]
            if one.mode == ParameterMode::Variadic && one.type_name == last.type_name);
        if repeats {
            return Ok(());
        }
        let message = "an ordered-set aggregate with a VARIADIC direct argument must have one VARIADIC aggregated \
                       argument of the same data type";
        Err(self.unsupported_at(ordered.first().map_or(Pos::NONE, |p| p.type_name.pos), message))
    }

    fn aggregate_parameter(&mut self) -> Result<FunctionParameter> {
        let pos = self.pos();
        let parameter = self.parameter()?;
        match parameter.mode {
            ParameterMode::Default | ParameterMode::In | ParameterMode::Variadic => Ok(parameter),
            _ => Err(self.unsupported_at(pos, "aggregates cannot have output arguments")),
        }
    }

    pub(super) fn operator_with_args(&mut self) -> Result<ObjectWithArgs> {
        let name = self.operator_as_name()?;
        let args = self.operator_args()?;
        Ok(ObjectWithArgs { name, args, parameters: Vec::new(), args_unspecified: false, direct_args: None })
    }

    fn operator_as_name(&mut self) -> Result<QualifiedName> {
        let pos = self.pos();
        let operator = self.any_operator()?;
        let mut parts = operator.schema;
        parts.push(operator.name);
        Ok(QualifiedName { parts, pos })
    }

    fn operator_args(&mut self) -> Result<Vec<Option<TypeName>>> {
        self.expect_char(b'(')?;
        let left = if self.eat(K::None) { None } else { Some(self.type_name()?) };
        if left.is_some() && self.is_char(b')') {
            let error = self.grammar_error(self.pos(), "missing argument");
            return Err(error.hint("Use NONE to denote the missing argument of a unary operator."));
        }
        self.expect_char(b',')?;
        let right = if left.is_some() && self.eat(K::None) { None } else { Some(self.type_name()?) };
        self.expect_char(b')')?;
        Ok(vec![left, right])
    }

    // Definitions

    pub(super) fn create_aggregate(&mut self, or_replace: bool) -> Result<Statement> {
        let name = self.func_name()?;
        if self.is_char(b'(') && super::names::is_ident(self.peek(1)) && self.peek(2) == TokenKind::Char(b'=') {
            let definition = self.parens(|p| {
                let pos = p.pos();
                let name = p.ident()?;
                p.expect_char(b'=')?;
                Ok(option(&name, Some(p.def_arg()?), pos))
            })?;
            let define = define(ObjectType::Aggregate, name, definition);
            return Ok(finish(DefineStmt { old_style: true, or_replace, ..define }));
        }
        let args = Some(self.aggregate_args()?);
        let definition = self.definition()?;
        let define = define(ObjectType::Aggregate, name, definition);
        Ok(finish(DefineStmt { args, or_replace, ..define }))
    }

    pub(super) fn create_operator(&mut self) -> Result<Statement> {
        if self.is(K::Class) && self.is_col_id_at(1) && self.peek(1) != TokenKind::Char(b'.') {
            self.advance();
            return self.create_opclass();
        }
        if self.is(K::Family) && self.is_col_id_at(1) {
            self.advance();
            let name = self.any_name()?;
            self.expect(K::Using)?;
            let access_method = self.name()?;
            return Ok(Statement::CreateOpFamily(Box::new(CreateOpFamilyStmt { name, access_method })));
        }
        let name = self.operator_as_name()?;
        let definition = self.definition()?;
        Ok(finish(define(ObjectType::Operator, name, definition)))
    }

    pub(super) fn create_type(&mut self) -> Result<Statement> {
        let name = self.any_name()?;
        if self.is_char(b'(') {
            let definition = self.definition()?;
            return Ok(finish(define(ObjectType::Type, name, definition)));
        }
        if !self.eat(K::As) {
            return Ok(finish(define(ObjectType::Type, name, Vec::new())));
        }
        if self.eat(K::Enum) {
            self.expect_char(b'(')?;
            let labels = if self.is_char(b')') { Vec::new() } else { self.list(Self::string)? };
            self.expect_char(b')')?;
            return Ok(Statement::CreateEnum(Box::new(CreateEnumStmt { name, labels })));
        }
        if self.eat(K::Range) {
            let options = self.definition()?;
            return Ok(Statement::CreateRange(Box::new(CreateRangeStmt { name, options })));
        }
        self.expect_char(b'(')?;
        let columns = if self.is_char(b')') { Vec::new() } else { self.list(Self::column_definition)? };
        self.expect_char(b')')?;
        let name = self.range_var(name)?;
        Ok(Statement::CreateCompositeType(Box::new(CompositeTypeStmt { name, columns })))
    }

    pub(super) fn create_text_search(&mut self) -> Result<Statement> {
        let kind = self.text_search_kind()?;
        let name = self.any_name()?;
        let definition = self.definition()?;
        Ok(finish(define(kind, name, definition)))
    }

    /// SEARCH and the kind, behind TEXT.
    pub(super) fn text_search_kind(&mut self) -> Result<ObjectType> {
        self.expect(K::Search)?;
        let kind = match self.keyword() {
            Some(K::Parser) => ObjectType::TextSearchParser,
            Some(K::Dictionary) => ObjectType::TextSearchDictionary,
            Some(K::Template) => ObjectType::TextSearchTemplate,
            Some(K::Configuration) => ObjectType::TextSearchConfiguration,
            _ => return Err(self.syntax_error()),
        };
        self.advance();
        Ok(kind)
    }

    pub(super) fn create_collation(&mut self) -> Result<Statement> {
        let if_not_exists = self.if_not_exists()?;
        let name = self.any_name()?;
        if self.eat(K::From) {
            let from = Some(self.any_name()?);
            let define = define(ObjectType::Collation, name, Vec::new());
            return Ok(finish(DefineStmt { if_not_exists, from, ..define }));
        }
        let definition = self.definition()?;
        Ok(finish(DefineStmt { if_not_exists, ..define(ObjectType::Collation, name, definition) }))
    }

    pub(super) fn create_domain(&mut self) -> Result<Statement> {
        let name = self.any_name()?;
        self.eat(K::As);
        let type_name = self.type_name()?;
        let (mut constraints, mut collation) = (Vec::new(), None);
        self.column_constraints(&mut constraints, &mut collation)?;
        let domain = CreateDomainStmt { name, type_name, collation, constraints };
        Ok(Statement::CreateDomain(Box::new(domain)))
    }

    pub(super) fn create_cast(&mut self) -> Result<Statement> {
        let (source, target) = self.cast_types()?;
        let method = if self.eat(K::Without) {
            self.expect(K::Function)?;
            CastMethod::WithoutFunction
        } else {
            self.expect(K::With)?;
            if self.eat(K::Inout) {
                CastMethod::InOut
            } else {
                self.expect(K::Function)?;
                CastMethod::Function(self.function_with_args()?)
            }
        };
        let mut context = CastContext::Explicit;
        if self.eat(K::As) {
            context = if self.eat(K::Implicit) {
                CastContext::Implicit
            } else {
                self.expect(K::Assignment)?;
                CastContext::Assignment
            };
        }
        Ok(Statement::CreateCast(Box::new(CreateCastStmt { source, target, method, context })))
    }

    /// `(type AS type)`
    pub(super) fn cast_types(&mut self) -> Result<(TypeName, TypeName)> {
        self.expect_char(b'(')?;
        let source = self.type_name()?;
        self.expect(K::As)?;
        let target = self.type_name()?;
        self.expect_char(b')')?;
        Ok((source, target))
    }

    pub(super) fn create_conversion(&mut self, default: bool) -> Result<Statement> {
        let name = self.any_name()?;
        self.expect(K::For)?;
        let for_encoding = self.string()?;
        self.expect(K::To)?;
        let to_encoding = self.string()?;
        self.expect(K::From)?;
        let function = self.any_name()?;
        let conversion = CreateConversionStmt { name, for_encoding, to_encoding, function, default };
        Ok(Statement::CreateConversion(Box::new(conversion)))
    }

    pub(super) fn create_transform(&mut self, or_replace: bool) -> Result<Statement> {
        self.expect(K::For)?;
        let type_name = self.type_name()?;
        self.expect(K::Language)?;
        let language = self.name()?;
        let (mut from_sql, mut to_sql) = (None, None);
        self.expect_char(b'(')?;
        loop {
            let slot = match self.keyword() {
                Some(K::From) if from_sql.is_none() => &mut from_sql,
                Some(K::To) if to_sql.is_none() => &mut to_sql,
                _ => return Err(self.syntax_error()),
            };
            self.advance();
            self.expect_seq(&[K::Sql, K::With, K::Function])?;
            *slot = Some(self.function_with_args()?);
            if !self.eat_char(b',') {
                break;
            }
        }
        self.expect_char(b')')?;
        let transform = CreateTransformStmt { or_replace, type_name, language, from_sql, to_sql };
        Ok(Statement::CreateTransform(Box::new(transform)))
    }

    // Operator classes

    fn create_opclass(&mut self) -> Result<Statement> {
        let name = self.any_name()?;
        let default = self.eat(K::Default);
        self.expect_seq(&[K::For, K::Type])?;
        let type_name = self.type_name()?;
        self.expect(K::Using)?;
        let access_method = self.name()?;
        let family = if self.eat(K::Family) { Some(self.any_name()?) } else { None };
        self.expect(K::As)?;
        let items = self.list(Self::opclass_item)?;
        let opclass = CreateOpClassStmt { name, family, access_method, type_name, items, default };
        Ok(Statement::CreateOpClass(Box::new(opclass)))
    }

    pub(super) fn opclass_item(&mut self) -> Result<OpClassItem> {
        match self.keyword() {
            Some(K::Operator) => self.opclass_operator(),
            Some(K::Function) => {
                self.advance();
                let number = self.iconst()?;
                let class_args = self.opt_parens(Self::type_name)?;
                let function = Some(self.function_with_args()?);
                Ok(OpClassItem::Function { number, class_args, function })
            }
            Some(K::Storage) => {
                self.advance();
                Ok(OpClassItem::Storage(self.type_name()?))
            }
            _ => Err(self.syntax_error()),
        }
    }

    fn opclass_operator(&mut self) -> Result<OpClassItem> {
        self.advance();
        let number = self.iconst()?;
        let name = self.operator_as_name()?;
        let args = if self.is_char(b'(') { self.operator_args()? } else { Vec::new() };
        let operator =
            ObjectWithArgs { name, args, parameters: Vec::new(), args_unspecified: false, direct_args: None };
        let mut order_family = None;
        if self.eat(K::For) && !self.eat(K::Search) {
            self.expect_seq(&[K::Order, K::By])?;
            order_family = Some(self.any_name()?);
        }
        let pos = self.pos();
        let recheck = self.eat(K::Recheck);
        if recheck {
            let notice = self.unsupported_at(pos, "RECHECK is no longer required").hint("Update your data type.");
            self.notices.push(notice.severity(report::Severity::Notice));
        }
        Ok(OpClassItem::Operator { number, operator, order_family, recheck })
    }

    pub(super) fn opclass_drop(&mut self) -> Result<OpClassItem> {
        let operator = self.eat(K::Operator);
        if !operator {
            self.expect(K::Function)?;
        }
        let number = self.iconst()?;
        let types = self.parens(Self::type_name)?;
        Ok(if operator { OpClassItem::DropOperator(number, types) } else { OpClassItem::DropFunction(number, types) })
    }
}

/// A function and the types of its parameters that take input.
fn with_args(name: QualifiedName, parameters: Vec<FunctionParameter>) -> ObjectWithArgs {
    let takes = |p: &&FunctionParameter| !matches!(p.mode, ParameterMode::Out | ParameterMode::Table);
    let args = parameters.iter().filter(takes).map(|p| Some(p.type_name.clone())).collect();
    ObjectWithArgs { name, args, parameters, args_unspecified: false, direct_args: None }
}

fn define(object_type: ObjectType, name: QualifiedName, definition: Vec<DefElem>) -> DefineStmt {
    DefineStmt {
        object_type,
        old_style: false,
        name,
        args: None,
        definition,
        if_not_exists: false,
        or_replace: false,
        from: None,
    }
}

fn finish(define: DefineStmt) -> Statement {
    Statement::Define(Box::new(define))
}
