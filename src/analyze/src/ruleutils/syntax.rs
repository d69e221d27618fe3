//! Function calls in the special syntax of the SQL standard.
//!
//! Source: PostgreSQL 15 ruleutils.c (get_func_sql_syntax). All functions of such a name in pg_catalog have the syntax,
//! so they are told by name.

use super::Deparser;
use crate::expr::{Expr, FuncExpr};
use crate::oids;
use report::Result;

impl<'q> Deparser<'_, '_, 'q> {
    /// Writes the call if its function has a syntax of its own, else answers false.
    pub fn special_syntax(&mut self, call: &'q FuncExpr, whole: &Expr) -> Result<bool> {
        let Some(row) = self.cx.catalog.function(call.function)? else { return Ok(false) };
        let args = &call.args;
        if row.pronamespace != oids::PG_CATALOG || args.is_empty() {
            return Ok(false);
        }
        match row.proname.as_str() {
            "timezone" if args.len() == 2 => {
                self.push("(");
                self.expr_within(&args[1], false, whole)?;
                self.push(" AT TIME ZONE ");
                self.expr_within(&args[0], false, whole)?;
                self.push(")");
            }
            "overlaps" if args.len() == 4 => self.pattern("((0, 1) OVERLAPS (2, 3))", args)?,
            "extract" if args.len() == 2 => {
                let field = self.bare_text(&args[0])?;
                self.push(&format!("EXTRACT({field} FROM "));
                self.pattern("1)", args)?;
            }
            "is_normalized" => {
                self.push("(");
                self.expr_within(&args[0], false, whole)?;
                self.push(" IS");
                if let Some(form) = args.get(1) {
                    let form = self.bare_text(form)?;
                    self.push(&format!(" {form}"));
                }
                self.push(" NORMALIZED)");
            }
            "pg_collation_for" => self.pattern("COLLATION FOR (0)", args)?,
            "normalize" => {
                self.pattern("NORMALIZE(0", args)?;
                if let Some(form) = args.get(1) {
                    let form = self.bare_text(form)?;
                    self.push(&format!(", {form}"));
                }
                self.push(")");
            }
            "overlay" => match args.len() {
                4 => self.pattern("OVERLAY(0 PLACING 1 FROM 2 FOR 3)", args)?,
                _ => self.pattern("OVERLAY(0 PLACING 1 FROM 2)", args)?,
            },
            "position" => self.pattern("POSITION((1) IN (0))", args)?,
            "substring" => match (row.proargtypes.as_slice(), args.len()) {
                ([_, oids::TEXT, _], 3) => self.pattern("SUBSTRING(0 SIMILAR 1 ESCAPE 2)", args)?,
                ([_, oids::INT4, ..], 3) => self.pattern("SUBSTRING(0 FROM 1 FOR 2)", args)?,
                ([_, oids::INT4, ..], _) => self.pattern("SUBSTRING(0 FROM 1)", args)?,
                _ => return Ok(false),
            },
            "btrim" => self.trim("BOTH", args)?,
            "ltrim" => self.trim("LEADING", args)?,
            "rtrim" => self.trim("TRAILING", args)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn trim(&mut self, side: &str, args: &'q [Expr]) -> Result<()> {
        self.push(&format!("TRIM({side}"));
        match args.len() {
            2 => self.pattern(" 1 FROM 0)", args),
            _ => self.pattern(" FROM 0)", args),
        }
    }

    /// A text in which each digit is an argument.
    fn pattern(&mut self, pattern: &str, args: &'q [Expr]) -> Result<()> {
        for letter in pattern.chars() {
            match letter.to_digit(10) {
                Some(number) => self.expr(&args[number as usize], false)?,
                None => self.out.push(letter),
            }
        }
        Ok(())
    }

    /// A constant's text without quotes.
    fn bare_text(&self, expr: &Expr) -> Result<String> {
        match expr {
            Expr::Const(constant) => self.cx.catalog.output(constant.type_oid, &constant.value),
            _ => Ok(String::new()),
        }
    }
}
