//! SET, RESET, SHOW.

use super::Parser;
use super::statement::set_statement;
use super::types::system_type;
use crate::ast::*;
use crate::keywords::Keyword as K;
use crate::lexer::TokenKind;
use report::Result;

impl Parser<'_> {
    pub(super) fn set(&mut self) -> Result<Statement> {
        self.advance();
        if self.is(K::Constraints) && (self.peek_is(1, K::All) || self.is_col_id_at(1)) {
            return self.set_constraints();
        }
        let local = self.is(K::Local) && self.starts_set_rest(1);
        let session = self.is(K::Session)
            && self.starts_set_rest(1)
            && !self.peek_is(1, K::Authorization)
            && !self.peek_is(1, K::Characteristics);
        if local || session {
            self.advance();
        }
        Ok(set_statement(self.set_rest()?, local))
    }

    /// Whether LOCAL or SESSION before token `n` is a word of SET rather than a setting's name.
    fn starts_set_rest(&self, n: usize) -> bool {
        !matches!(self.peek(n), TokenKind::Char(b'=' | b'.') | TokenKind::Keyword(K::To | K::From))
    }

    fn set_constraints(&mut self) -> Result<Statement> {
        self.advance();
        let constraints = if self.eat(K::All) { Vec::new() } else { self.qualified_name_list()? };
        let deferred = self.eat(K::Deferred);
        if !deferred {
            self.expect(K::Immediate)?;
        }
        Ok(Statement::ConstraintsSet(Box::new(ConstraintsSetStmt { constraints, deferred })))
    }

    /// What follows SET, transaction modes included.
    pub(super) fn set_rest(&mut self) -> Result<VariableSetAction> {
        if self.is(K::Transaction) && self.starts_set_rest(1) && !self.peek_is(1, K::Snapshot) {
            self.advance();
            return Ok(VariableSetAction::Transaction(self.transaction_modes()?));
        }
        if self.is_seq(&[K::Session, K::Characteristics]) {
            self.at += 2;
            self.expect_seq(&[K::As, K::Transaction])?;
            return Ok(VariableSetAction::SessionCharacteristics(self.transaction_modes()?));
        }
        self.set_rest_more()
    }

    /// What follows SET in a function's options.
    pub(super) fn set_rest_more(&mut self) -> Result<VariableSetAction> {
        let special = self.starts_set_rest(1);
        match self.keyword() {
            Some(K::Time) if special => {
                self.advance();
                self.expect(K::Zone)?;
                self.time_zone()
            }
            Some(K::Catalog) if special => self.set_catalog(),
            Some(K::Schema) if special => self.set_to_string("search_path", Self::string),
            Some(K::Names) if special => self.set_names(),
            Some(K::Role) if special => self.set_to_string("role", Self::word_or_string),
            Some(K::Session) if self.peek_is(1, K::Authorization) => {
                self.advance();
                if self.peek_is(1, K::Default) {
                    self.at += 2;
                    return Ok(VariableSetAction::Default("session_authorization".to_owned()));
                }
                self.set_to_string("session_authorization", Self::word_or_string)
            }
            Some(K::Xml) if special => self.set_xml_option(),
            Some(K::Transaction) if self.peek_is(1, K::Snapshot) => {
                self.at += 2;
                Ok(VariableSetAction::TransactionSnapshot(self.string()?))
            }
            _ => self.set_generic(true),
        }
    }

    /// A word, then a value that is a string in the tree.
    fn set_to_string(
        &mut self,
        setting: &str,
        value: impl FnOnce(&mut Self) -> Result<String>,
    ) -> Result<VariableSetAction> {
        self.advance();
        let pos = self.pos();
        let value = string_value(value(self)?, pos);
        Ok(VariableSetAction::Value(setting.to_owned(), vec![value]))
    }

    #[cold]
    fn set_catalog(&mut self) -> Result<VariableSetAction> {
        self.advance();
        let pos = self.pos();
        self.string()?;
        Err(self.unsupported_at(pos, "current database cannot be changed"))
    }

    fn set_names(&mut self) -> Result<VariableSetAction> {
        self.advance();
        let setting = "client_encoding".to_owned();
        let pos = self.pos();
        if self.is_string() {
            let value = string_value(self.string()?, pos);
            return Ok(VariableSetAction::Value(setting, vec![value]));
        }
        self.eat(K::Default);
        Ok(VariableSetAction::Default(setting))
    }

    fn set_xml_option(&mut self) -> Result<VariableSetAction> {
        self.advance();
        self.expect(K::Option)?;
        let pos = self.pos();
        let word = if self.document_or_content()? { "DOCUMENT" } else { "CONTENT" };
        Ok(VariableSetAction::Value("xmloption".to_owned(), vec![string_value(word.to_owned(), pos)]))
    }

    fn time_zone(&mut self) -> Result<VariableSetAction> {
        let setting = "timezone".to_owned();
        let pos = self.pos();
        if self.eat(K::Default) || self.eat(K::Local) {
            return Ok(VariableSetAction::Default(setting));
        }
        let value = if self.is_string() {
            string_value(self.string()?, pos)
        } else if self.is_ident() {
            string_value(self.take_word(), pos)
        } else if self.is(K::Interval) {
            self.time_zone_interval()?
        } else {
            SetValue::Const(Const { value: self.numeric_only()?, pos })
        };
        Ok(VariableSetAction::Value(setting, vec![value]))
    }

    fn time_zone_interval(&mut self) -> Result<SetValue> {
        let mut target = system_type("interval", Pos(self.advance().start));
        if self.is_char(b'(') {
            target.typmods = self.interval_precision()?;
            let pos = self.pos();
            return Ok(SetValue::Interval(self.string()?, target, pos));
        }
        let pos = self.pos();
        let text = self.string()?;
        let fields_pos = self.pos();
        target.typmods = self.opt_interval()?;
        if let Some(Expr::Const(Const { value: Literal::Int(mask), .. })) = target.typmods.first()
            && mask & !(interval_mask::HOUR | interval_mask::MINUTE) != 0
        {
            return Err(self.grammar_error(fields_pos, "time zone interval must be HOUR or HOUR TO MINUTE"));
        }
        Ok(SetValue::Interval(text, target, pos))
    }

    /// `name TO values`, `name = DEFAULT`, and if allowed `name FROM CURRENT`.
    pub(super) fn set_generic(&mut self, from_current: bool) -> Result<VariableSetAction> {
        let name = self.var_name()?;
        if from_current && self.eat(K::From) {
            self.expect(K::Current)?;
            return Ok(VariableSetAction::Current(name));
        }
        if !self.eat_char(b'=') {
            self.expect(K::To)?;
        }
        if self.eat(K::Default) {
            return Ok(VariableSetAction::Default(name));
        }
        Ok(VariableSetAction::Value(name, self.list(Self::set_value)?))
    }

    /// A setting's name, with dots in it perhaps.
    pub(super) fn var_name(&mut self) -> Result<String> {
        let mut name = self.col_id()?;
        while self.eat_char(b'.') {
            name.push('.');
            name.push_str(&self.col_id()?);
        }
        Ok(name)
    }

    fn set_value(&mut self) -> Result<SetValue> {
        let pos = self.pos();
        if self.is_numeric_only() {
            return Ok(SetValue::Const(Const { value: self.numeric_only()?, pos }));
        }
        Ok(string_value(self.boolean_or_string()?, pos))
    }

    /// RESET, at its word.
    pub(super) fn reset(&mut self) -> Result<VariableSetAction> {
        self.expect(K::Reset)?;
        if self.is_seq(&[K::Time, K::Zone]) {
            self.at += 2;
            return Ok(VariableSetAction::Reset("timezone".to_owned()));
        }
        if self.is_seq(&[K::Transaction, K::Isolation]) {
            self.at += 2;
            self.expect(K::Level)?;
            return Ok(VariableSetAction::Reset("transaction_isolation".to_owned()));
        }
        if self.eat_seq(&[K::Session, K::Authorization]) {
            return Ok(VariableSetAction::Reset("session_authorization".to_owned()));
        }
        self.reset_generic()
    }

    pub(super) fn reset_generic(&mut self) -> Result<VariableSetAction> {
        if self.eat(K::All) {
            return Ok(VariableSetAction::ResetAll);
        }
        Ok(VariableSetAction::Reset(self.var_name()?))
    }

    /// SET or RESET, as ALTER ROLE and ALTER DATABASE take them.
    pub(super) fn set_reset_clause(&mut self) -> Result<VariableSetStmt> {
        let action = if self.is(K::Reset) {
            self.reset()?
        } else {
            self.expect(K::Set)?;
            self.set_rest()?
        };
        Ok(VariableSetStmt { action, local: false })
    }

    pub(super) fn show(&mut self) -> Result<Statement> {
        self.advance();
        let name = if self.eat_seq(&[K::Time, K::Zone]) {
            "timezone".to_owned()
        } else if self.is_seq(&[K::Transaction, K::Isolation]) {
            self.at += 2;
            self.expect(K::Level)?;
            "transaction_isolation".to_owned()
        } else if self.eat_seq(&[K::Session, K::Authorization]) {
            "session_authorization".to_owned()
        } else if self.eat(K::All) {
            "all".to_owned()
        } else {
            self.var_name()?
        };
        Ok(Statement::VariableShow(Box::new(VariableShowStmt { name })))
    }
}

fn string_value(value: String, pos: Pos) -> SetValue {
    SetValue::Const(Const { value: Literal::String(value), pos })
}
