//! Domain constraints.

use crate::env::Env;
use crate::expr::{Compiler, Rows};
use analyze::expr::Expr;
use base::Oid;
use instance::Ctx;
use report::{Result, error};
use tuple::Datum;

/// A constraint of a domain: its name and condition (over `CoerceToDomainValue`); no condition is NOT NULL.
pub struct DomainConstraint {
    /// Its name, empty for NOT NULL.
    pub name: String,
    /// The condition.
    pub condition: Option<Expr>,
}

/// The constraints of a domain and of those it is based on, outermost last; and the base type.
pub fn constraints(cx: Ctx<'_>, domain: Oid) -> Result<(Vec<DomainConstraint>, Oid)> {
    let catalog = cx.catalog();
    let mut levels = Vec::new();
    let mut at = domain;
    while let Some(row) = catalog.type_by_oid(at)? {
        if row.typtype != b'd' {
            break;
        }
        let mut own = Vec::new();
        if row.typnotnull {
            own.push(DomainConstraint { name: String::new(), condition: None });
        }
        let mut checks = catalog.domain_constraints(at)?;
        checks.sort_by(|a, b| a.conname.cmp(&b.conname));
        for check in checks {
            if let Some(text) = &check.conbin {
                own.push(DomainConstraint {
                    name: check.conname.clone(),
                    condition: Some(analyze::stored::from_text(text)?),
                });
            }
        }
        levels.push(own);
        at = row.typbasetype;
    }
    Ok((levels.into_iter().rev().flatten().collect(), at))
}

/// A domain's name as messages write it.
pub fn name(cx: Ctx<'_>, domain: Oid) -> String {
    use builtins::TypeLookup;
    crate::types::Types(cx).type_name(domain, -1)
}

/// Checks a value against a domain's constraints. Errors: 23502, 23514.
pub fn check(cx: Ctx<'_>, domain: Oid, value: &Datum) -> Result<()> {
    for constraint in constraints(cx, domain)?.0 {
        let Some(condition) = constraint.condition else {
            if value.is_null() {
                return Err(error!(NOT_NULL_VIOLATION, "domain {} does not allow null values", name(cx, domain)));
            }
            continue;
        };
        let mut compiler = Compiler::new(cx);
        compiler.domain_value_is_scan(0);
        let mut program = compiler.finish_one(&condition)?;
        let row = [value.clone()];
        let failed = crate::api::with_bare_env(cx, |env: &mut Env<'_>| {
            Ok(matches!(program.eval(&Rows::scan(&row), env)?, Datum::Bool(false)))
        })?;
        if failed {
            let message =
                format!("value for domain {} violates check constraint \"{}\"", name(cx, domain), constraint.name);
            return Err(error!(CHECK_VIOLATION, "{message}").constraint(constraint.name));
        }
    }
    Ok(())
}
