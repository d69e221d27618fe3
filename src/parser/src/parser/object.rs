//! DROP, COMMENT, SECURITY LABEL, and the objects that they and ALTER EXTENSION name.

use super::Parser;
use super::statement::option;
use crate::ast::*;
use crate::keywords::Keyword as K;
use report::Result;

impl Parser<'_> {
    /// The words for a kind of object with a qualified name: TABLE, MATERIALIZED VIEW, TEXT SEARCH PARSER ...
    fn opt_any_name_kind(&mut self) -> Result<Option<ObjectType>> {
        let kind = match self.keyword() {
            Some(K::Table) => ObjectType::Table,
            Some(K::Sequence) => ObjectType::Sequence,
            Some(K::View) => ObjectType::View,
            Some(K::Index) => ObjectType::Index,
            Some(K::Collation) => ObjectType::Collation,
            Some(K::Conversion) => ObjectType::Conversion,
            Some(K::Statistics) => ObjectType::Statistics,
            Some(K::Materialized) => {
                self.advance();
                self.expect(K::View)?;
                return Ok(Some(ObjectType::MaterializedView));
            }
            Some(K::Foreign) if self.peek_is(1, K::Table) => {
                self.advance();
                ObjectType::ForeignTable
            }
            Some(K::Text) => {
                self.advance();
                return self.text_search_kind().map(Some);
            }
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(kind))
    }

    /// The words for a kind of object with a plain name, those that DROP takes in a list.
    fn opt_drop_name_kind(&mut self) -> Result<Option<ObjectType>> {
        let kind = match self.keyword() {
            Some(K::Extension) => ObjectType::Extension,
            Some(K::Language) => ObjectType::Language,
            Some(K::Publication) => ObjectType::Publication,
            Some(K::Schema) => ObjectType::Schema,
            Some(K::Server) => ObjectType::ForeignServer,
            Some(K::Access) => {
                self.expect_seq(&[K::Access, K::Method])?;
                return Ok(Some(ObjectType::AccessMethod));
            }
            Some(K::Event) => {
                self.expect_seq(&[K::Event, K::Trigger])?;
                return Ok(Some(ObjectType::EventTrigger));
            }
            Some(K::Foreign) => {
                self.expect_seq(&[K::Foreign, K::Data, K::Wrapper])?;
                return Ok(Some(ObjectType::ForeignDataWrapper));
            }
            Some(K::Procedural) => {
                self.expect_seq(&[K::Procedural, K::Language])?;
                return Ok(Some(ObjectType::Language));
            }
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(kind))
    }

    fn opt_name_kind(&mut self) -> Result<Option<ObjectType>> {
        let kind = match self.keyword() {
            Some(K::Database) => ObjectType::Database,
            Some(K::Role) => ObjectType::Role,
            Some(K::Subscription) => ObjectType::Subscription,
            Some(K::Tablespace) => ObjectType::Tablespace,
            _ => return self.opt_drop_name_kind(),
        };
        self.advance();
        Ok(Some(kind))
    }

    fn opt_on_relation_kind(&mut self) -> Option<ObjectType> {
        let kind = match self.keyword()? {
            K::Policy => ObjectType::Policy,
            K::Rule => ObjectType::Rule,
            K::Trigger => ObjectType::Trigger,
            _ => return None,
        };
        self.advance();
        Some(kind)
    }

    fn opt_callable_kind(&self) -> Option<ObjectType> {
        Some(match self.keyword()? {
            K::Function => ObjectType::Function,
            K::Procedure => ObjectType::Procedure,
            K::Routine => ObjectType::Routine,
            _ => return None,
        })
    }

    // DROP

    pub(super) fn drop(&mut self) -> Result<Statement> {
        self.advance();
        if let Some(k) = self.keyword()
            && let Some(statement) = self.opt_drop_special(k)?
        {
            return Ok(statement);
        }
        if self.is(K::Index) && self.peek_is(1, K::Concurrently) {
            self.at += 2;
            return self.drop_list(ObjectType::Index, true, |p| p.any_name().map(ObjectName::Qualified));
        }
        if let Some(kind) = self.opt_callable_kind() {
            self.advance();
            return self.drop_list(kind, false, |p| p.function_with_args().map(ObjectName::Callable));
        }
        if let Some(kind) = self.opt_any_name_kind()? {
            return self.drop_list(kind, false, |p| p.any_name().map(ObjectName::Qualified));
        }
        if let Some(kind) = self.opt_on_relation_kind() {
            return self.drop_on_relation(kind);
        }
        match self.opt_drop_name_kind()? {
            Some(kind) => self.drop_list(kind, false, |p| p.name().map(ObjectName::Name)),
            None => Err(self.syntax_error()),
        }
    }

    /// What DROP does in a way of its own.
    fn opt_drop_special(&mut self, k: K) -> Result<Option<Statement>> {
        let start = self.at;
        self.advance();
        let statement = match k {
            K::Role | K::Group => self.drop_role(),
            K::User if self.eat(K::Mapping) => self.drop_user_mapping(),
            K::User => self.drop_role(),
            K::Owned => self.drop_owned(),
            K::Database => self.drop_database(),
            K::Tablespace => self.drop_tablespace(),
            K::Subscription => self.drop_subscription(),
            K::Cast => self.drop_cast(),
            K::Transform => self.drop_transform(),
            K::Operator => self.drop_operator(),
            K::Aggregate => {
                self.drop_list(ObjectType::Aggregate, false, |p| p.aggregate_with_args().map(ObjectName::Callable))
            }
            K::Type => self.drop_list(ObjectType::Type, false, |p| p.type_name().map(ObjectName::Type)),
            K::Domain => self.drop_list(ObjectType::Domain, false, |p| p.type_name().map(ObjectName::Type)),
            _ => {
                self.at = start;
                return Ok(None);
            }
        };
        statement.map(Some)
    }

    fn drop_list(
        &mut self,
        object_type: ObjectType,
        concurrently: bool,
        object: impl FnMut(&mut Self) -> Result<ObjectName>,
    ) -> Result<Statement> {
        let if_exists = self.if_exists()?;
        let objects = self.list(object)?;
        let behavior = self.opt_behavior();
        let drop = DropStmt { object_type, objects, if_exists, behavior, concurrently };
        Ok(Statement::Drop(Box::new(drop)))
    }

    fn drop_one(&mut self, object_type: ObjectType, object: ObjectName, if_exists: bool) -> Result<Statement> {
        let behavior = self.opt_behavior();
        let drop = DropStmt { object_type, objects: vec![object], if_exists, behavior, concurrently: false };
        Ok(Statement::Drop(Box::new(drop)))
    }

    fn drop_on_relation(&mut self, kind: ObjectType) -> Result<Statement> {
        let if_exists = self.if_exists()?;
        let object = self.on_relation()?;
        self.drop_one(kind, object, if_exists)
    }

    /// `name ON relation`
    fn on_relation(&mut self) -> Result<ObjectName> {
        let name = self.name()?;
        self.expect(K::On)?;
        Ok(ObjectName::OnRelation(name, self.any_name()?))
    }

    fn drop_user_mapping(&mut self) -> Result<Statement> {
        let if_exists = self.if_exists()?;
        let user = self.mapping_user()?;
        self.expect(K::Server)?;
        let server = self.name()?;
        Ok(Statement::DropUserMapping(Box::new(DropUserMappingStmt { user, server, if_exists })))
    }

    fn drop_database(&mut self) -> Result<Statement> {
        let if_exists = self.if_exists()?;
        let name = self.name()?;
        let mut options = Vec::new();
        if self.eat(K::With) || self.is_char(b'(') {
            options = self.parens(|p| {
                let pos = p.expect(K::Force)?;
                Ok(option("force", None, pos))
            })?;
        }
        Ok(Statement::DropDatabase(Box::new(DropDatabaseStmt { name, if_exists, options })))
    }

    fn drop_tablespace(&mut self) -> Result<Statement> {
        let if_exists = self.if_exists()?;
        let name = self.name()?;
        Ok(Statement::DropTablespace(Box::new(DropTablespaceStmt { name, if_exists })))
    }

    fn drop_subscription(&mut self) -> Result<Statement> {
        let if_exists = self.if_exists()?;
        let name = self.name()?;
        let behavior = self.opt_behavior();
        Ok(Statement::DropSubscription(Box::new(DropSubscriptionStmt { name, if_exists, behavior })))
    }

    fn drop_cast(&mut self) -> Result<Statement> {
        let if_exists = self.if_exists()?;
        let (source, target) = self.cast_types()?;
        self.drop_one(ObjectType::Cast, ObjectName::Cast(source, target), if_exists)
    }

    fn drop_transform(&mut self) -> Result<Statement> {
        let if_exists = self.if_exists()?;
        let object = self.transform_name()?;
        self.drop_one(ObjectType::Transform, object, if_exists)
    }

    /// `FOR type LANGUAGE name`
    fn transform_name(&mut self) -> Result<ObjectName> {
        self.expect(K::For)?;
        let type_name = self.type_name()?;
        self.expect(K::Language)?;
        Ok(ObjectName::Transform(type_name, self.name()?))
    }

    fn drop_operator(&mut self) -> Result<Statement> {
        if let Some(kind) = self.opt_operator_group() {
            let if_exists = self.if_exists()?;
            let object = self.by_method()?;
            return self.drop_one(kind, object, if_exists);
        }
        self.drop_list(ObjectType::Operator, false, |p| p.operator_with_args().map(ObjectName::Callable))
    }

    /// CLASS or FAMILY, behind OPERATOR.
    fn opt_operator_group(&mut self) -> Option<ObjectType> {
        let kind = match self.keyword()? {
            K::Class => ObjectType::OperatorClass,
            K::Family => ObjectType::OperatorFamily,
            _ => return None,
        };
        if !self.is_col_id_at(1) {
            return None;
        }
        self.advance();
        Some(kind)
    }

    /// `name USING method`
    fn by_method(&mut self) -> Result<ObjectName> {
        let name = self.any_name()?;
        self.expect(K::Using)?;
        Ok(ObjectName::ByMethod(name, self.name()?))
    }

    // COMMENT, SECURITY LABEL, extension members

    pub(super) fn comment(&mut self) -> Result<Statement> {
        self.advance();
        self.expect(K::On)?;
        let (object_type, object) = self.commented_object()?;
        self.expect(K::Is)?;
        let comment = self.string_or_null()?;
        Ok(Statement::Comment(Box::new(CommentStmt { object_type, object, comment })))
    }

    fn string_or_null(&mut self) -> Result<Option<String>> {
        if self.eat(K::Null) { Ok(None) } else { self.string().map(Some) }
    }

    fn commented_object(&mut self) -> Result<(ObjectType, ObjectName)> {
        if let Some(kind) = self.opt_on_relation_kind() {
            return Ok((kind, self.on_relation()?));
        }
        if self.eat(K::Constraint) {
            let name = self.name()?;
            self.expect(K::On)?;
            if self.is(K::Domain) && self.is_col_id_at(1) {
                self.advance();
                let domain = TypeName::named(self.any_name()?);
                return Ok((ObjectType::DomainConstraint, ObjectName::OnDomain(name, domain)));
            }
            return Ok((ObjectType::TableConstraint, ObjectName::OnRelation(name, self.any_name()?)));
        }
        if self.is(K::Column) || self.is_seq(&[K::Large, K::Object]) {
            return self.labelled_object();
        }
        self.extension_member()
    }

    pub(super) fn security_label(&mut self) -> Result<Statement> {
        self.expect_seq(&[K::Security, K::Label])?;
        let provider = if self.eat(K::For) { Some(self.word_or_string()?) } else { None };
        self.expect(K::On)?;
        let start = self.pos();
        let (object_type, object) = self.labelled_object()?;
        let labelled = !matches!(
            object_type,
            ObjectType::Cast
                | ObjectType::Operator
                | ObjectType::OperatorClass
                | ObjectType::OperatorFamily
                | ObjectType::Transform
        );
        if !labelled {
            self.at = self.tokens.iter().position(|t| t.start == start.0).unwrap_or(self.at);
            return Err(self.syntax_error());
        }
        self.expect(K::Is)?;
        let label = self.string_or_null()?;
        Ok(Statement::SecLabel(Box::new(SecLabelStmt { object_type, object, provider, label })))
    }

    fn labelled_object(&mut self) -> Result<(ObjectType, ObjectName)> {
        if self.eat(K::Column) {
            return Ok((ObjectType::Column, ObjectName::Qualified(self.any_name()?)));
        }
        if self.eat_seq(&[K::Large, K::Object]) {
            return Ok((ObjectType::LargeObject, self.large_object()?));
        }
        self.extension_member()
    }

    /// An object that an extension can hold, with the words for its kind.
    pub(super) fn extension_member(&mut self) -> Result<(ObjectType, ObjectName)> {
        if let Some(kind) = self.opt_callable_kind() {
            self.advance();
            return Ok((kind, ObjectName::Callable(self.function_with_args()?)));
        }
        if let Some(kind) = self.opt_any_name_kind()? {
            return Ok((kind, ObjectName::Qualified(self.any_name()?)));
        }
        if let Some(kind) = self.opt_name_kind()? {
            return Ok((kind, ObjectName::Name(self.name()?)));
        }
        let k = self.keyword();
        self.advance();
        Ok(match k {
            Some(K::Type) => (ObjectType::Type, ObjectName::Type(self.type_name()?)),
            Some(K::Domain) => (ObjectType::Domain, ObjectName::Type(self.type_name()?)),
            Some(K::Aggregate) => (ObjectType::Aggregate, ObjectName::Callable(self.aggregate_with_args()?)),
            Some(K::Transform) => (ObjectType::Transform, self.transform_name()?),
            Some(K::Cast) => {
                let (source, target) = self.cast_types()?;
                (ObjectType::Cast, ObjectName::Cast(source, target))
            }
            Some(K::Operator) => match self.opt_operator_group() {
                Some(kind) => (kind, self.by_method()?),
                None => (ObjectType::Operator, ObjectName::Callable(self.operator_with_args()?)),
            },
            _ => {
                self.at -= 1;
                return Err(self.syntax_error());
            }
        })
    }
}
