//! What an expression's value is: its type, type modifier, collation, and where it stands.

use crate::expr::{CaseExpr, Expr, Location, SqlValueFunctionOp, SubLink, SubLinkType, SubPlan, XmlExprOp};
use crate::query::TargetEntry;
use base::Oid;

const BOOL: Oid = Oid(16);
const NAME: Oid = Oid(19);
const INT4: Oid = Oid(23);
const TEXT: Oid = Oid(25);
const XML: Oid = Oid(142);
const RECORD: Oid = Oid(2249);
const VOID: Oid = Oid(2278);
/// The collation of `name`: "C".
const C_COLLATION: Oid = Oid(950);

impl Expr {
    /// The type of its value.
    pub fn type_of(&self) -> Oid {
        match self {
            Expr::Var(node) => node.type_oid,
            Expr::Const(node) => node.type_oid,
            Expr::Param(node) => node.type_oid,
            Expr::Aggref(node) => node.result_type,
            Expr::GroupingFunc(_) => INT4,
            Expr::WindowFunc(node) => node.result_type,
            Expr::SubscriptingRef(node) => node.result_type,
            Expr::FuncExpr(node) => node.result_type,
            Expr::NamedArgExpr(node) => node.arg.type_of(),
            Expr::OpExpr(node) | Expr::DistinctExpr(node) | Expr::NullIfExpr(node) => node.result_type,
            Expr::ScalarArrayOpExpr(_) | Expr::BoolExpr(_) => BOOL,
            Expr::SubLink(node) => sublink_type(node),
            Expr::SubPlan(node) => subplan_type(node),
            Expr::AlternativeSubPlan(plans) => subplan_type(&plans[0]),
            Expr::FieldSelect(node) => node.result_type,
            Expr::FieldStore(node) => node.result_type,
            Expr::RelabelType(node) => node.result_type,
            Expr::CoerceViaIo(node) => node.result_type,
            Expr::ArrayCoerceExpr(node) => node.result_type,
            Expr::ConvertRowtypeExpr(node) => node.result_type,
            Expr::CollateExpr(node) => node.arg.type_of(),
            Expr::CaseExpr(node) => node.result_type,
            Expr::CaseTestExpr(node) => node.type_oid,
            Expr::ArrayExpr(node) => node.array_type,
            Expr::RowExpr(node) => node.row_type,
            Expr::RowCompareExpr(_) => BOOL,
            Expr::CoalesceExpr(node) => node.result_type,
            Expr::MinMaxExpr(node) => node.result_type,
            Expr::SqlValueFunction(node) => node.type_oid,
            Expr::XmlExpr(node) => match node.op {
                XmlExprOp::Document => BOOL,
                XmlExprOp::Serialize => TEXT,
                _ => XML,
            },
            Expr::NullTest(_) | Expr::BooleanTest(_) | Expr::CurrentOfExpr(_) => BOOL,
            Expr::CoerceToDomain(node) => node.result_type,
            Expr::CoerceToDomainValue(node) => node.type_oid,
            Expr::SetToDefault(node) => node.type_oid,
            Expr::NextValueExpr(node) => node.type_oid,
            Expr::InferenceElem(node) => node.expr.type_of(),
            Expr::PlaceHolderVar(node) => node.expr.type_of(),
        }
    }

    /// The type modifier of its value, -1 if none is known.
    pub fn typmod_of(&self) -> i32 {
        match self {
            Expr::Var(node) => node.typmod,
            Expr::Const(node) => node.typmod,
            Expr::Param(node) => node.typmod,
            Expr::SubscriptingRef(node) => node.typmod,
            Expr::FuncExpr(_) => self.length_coercion_typmod().unwrap_or(-1),
            Expr::NamedArgExpr(node) => node.arg.typmod_of(),
            Expr::NullIfExpr(node) => node.args[0].typmod_of(),
            Expr::SubLink(node) => match node.kind {
                SubLinkType::Expr | SubLinkType::Array => {
                    first_column(&node.query.targets).map_or(-1, |t| t.expr.typmod_of())
                }
                _ => -1,
            },
            Expr::SubPlan(node) => subplan_typmod(node),
            Expr::AlternativeSubPlan(plans) => subplan_typmod(&plans[0]),
            Expr::FieldSelect(node) => node.typmod,
            Expr::RelabelType(node) => node.typmod,
            Expr::ArrayCoerceExpr(node) => node.typmod,
            Expr::CollateExpr(node) => node.arg.typmod_of(),
            Expr::CaseExpr(node) => case_typmod(node),
            Expr::CaseTestExpr(node) => node.typmod,
            Expr::ArrayExpr(node) => {
                common_typmod(&node.elements, if node.multidims { node.array_type } else { node.element_type })
            }
            Expr::CoalesceExpr(node) => common_typmod(&node.args, node.result_type),
            Expr::MinMaxExpr(node) => common_typmod(&node.args, node.result_type),
            Expr::SqlValueFunction(node) => node.typmod,
            Expr::CoerceToDomain(node) => node.typmod,
            Expr::CoerceToDomainValue(node) => node.typmod,
            Expr::SetToDefault(node) => node.typmod,
            Expr::PlaceHolderVar(node) => node.expr.typmod_of(),
            _ => -1,
        }
    }

    /// The type modifier that a length coercion (`varchar(varchar, int4, bool)` shown as a cast) applies, if it is one.
    pub fn length_coercion_typmod(&self) -> Option<i32> {
        use crate::expr::CoercionForm::{ExplicitCast, ImplicitCast};
        match self {
            Expr::FuncExpr(node) if matches!(node.format.0, ExplicitCast | ImplicitCast) => {
                match node.args.as_slice() {
                    [_, Expr::Const(modifier)] | [_, Expr::Const(modifier), _]
                        if modifier.type_oid == INT4 && !modifier.value.is_null() =>
                    {
                        Some(modifier.value.as_i32())
                    }
                    _ => None,
                }
            }
            Expr::ArrayCoerceExpr(node) => Some(node.typmod).filter(|&typmod| typmod >= 0),
            _ => None,
        }
    }

    /// The collation of its value, zero if its type has none.
    pub fn collation_of(&self) -> Oid {
        match self {
            Expr::Var(node) => node.collation,
            Expr::Const(node) => node.collation,
            Expr::Param(node) => node.collation,
            Expr::Aggref(node) => node.collation,
            Expr::WindowFunc(node) => node.collation,
            Expr::SubscriptingRef(node) => node.collation,
            Expr::FuncExpr(node) => node.collation,
            Expr::NamedArgExpr(node) => node.arg.collation_of(),
            Expr::OpExpr(node) | Expr::DistinctExpr(node) | Expr::NullIfExpr(node) => node.collation,
            Expr::SubLink(node) => match node.kind {
                SubLinkType::Expr | SubLinkType::Array => {
                    first_column(&node.query.targets).map_or(Oid::INVALID, |t| t.expr.collation_of())
                }
                _ => Oid::INVALID,
            },
            Expr::SubPlan(node) => subplan_collation(node),
            Expr::AlternativeSubPlan(plans) => subplan_collation(&plans[0]),
            Expr::FieldSelect(node) => node.collation,
            Expr::RelabelType(node) => node.collation,
            Expr::CoerceViaIo(node) => node.collation,
            Expr::ArrayCoerceExpr(node) => node.collation,
            Expr::CollateExpr(node) => node.collation,
            Expr::CaseExpr(node) => node.collation,
            Expr::CaseTestExpr(node) => node.collation,
            Expr::ArrayExpr(node) => node.collation,
            Expr::CoalesceExpr(node) => node.collation,
            Expr::MinMaxExpr(node) => node.collation,
            Expr::SqlValueFunction(node) if node.type_oid == NAME => C_COLLATION,
            Expr::XmlExpr(node) if node.op == XmlExprOp::Serialize => Oid(100),
            Expr::CoerceToDomain(node) => node.collation,
            Expr::CoerceToDomainValue(node) => node.collation,
            Expr::SetToDefault(node) => node.collation,
            Expr::InferenceElem(node) => node.expr.collation_of(),
            Expr::PlaceHolderVar(node) => node.expr.collation_of(),
            _ => Oid::INVALID,
        }
    }

    /// The collation that its function or operator uses, zero if none.
    pub fn input_collation_of(&self) -> Oid {
        match self {
            Expr::Aggref(node) => node.input_collation,
            Expr::WindowFunc(node) => node.input_collation,
            Expr::FuncExpr(node) => node.input_collation,
            Expr::OpExpr(node) | Expr::DistinctExpr(node) | Expr::NullIfExpr(node) => node.input_collation,
            Expr::ScalarArrayOpExpr(node) => node.input_collation,
            Expr::MinMaxExpr(node) => node.input_collation,
            _ => Oid::INVALID,
        }
    }

    /// Where it begins in the text: for an infix operator, where its leftmost argument does.
    pub fn location(&self) -> Location {
        let own_or_first = |own: Location, args: &[Expr]| own.leftmost(leftmost(args));
        match self {
            Expr::Var(node) => node.location,
            Expr::Const(node) => node.location,
            Expr::Param(node) => node.location,
            Expr::Aggref(node) => node.location,
            Expr::GroupingFunc(node) => node.location,
            Expr::WindowFunc(node) => node.location,
            Expr::SubscriptingRef(node) => node.container.location(),
            Expr::FuncExpr(node) => own_or_first(node.location, &node.args),
            Expr::NamedArgExpr(node) => node.location.leftmost(node.arg.location()),
            Expr::OpExpr(node) | Expr::DistinctExpr(node) | Expr::NullIfExpr(node) => {
                own_or_first(node.location, &node.args)
            }
            Expr::ScalarArrayOpExpr(node) => own_or_first(node.location, &node.args),
            Expr::BoolExpr(node) => own_or_first(node.location, &node.args),
            Expr::SubLink(node) => node.location.leftmost(node.test.as_ref().map_or(Location::UNKNOWN, Expr::location)),
            Expr::FieldSelect(node) => node.arg.location(),
            Expr::FieldStore(node) => node.arg.location(),
            Expr::RelabelType(node) => node.location.leftmost(node.arg.location()),
            Expr::CoerceViaIo(node) => node.location.leftmost(node.arg.location()),
            Expr::ArrayCoerceExpr(node) => node.location.leftmost(node.arg.location()),
            Expr::ConvertRowtypeExpr(node) => node.location.leftmost(node.arg.location()),
            Expr::CollateExpr(node) => node.arg.location(),
            Expr::CaseExpr(node) => node.location,
            Expr::ArrayExpr(node) => node.location,
            Expr::RowExpr(node) => node.location,
            Expr::RowCompareExpr(node) => leftmost(&node.left),
            Expr::CoalesceExpr(node) => node.location,
            Expr::MinMaxExpr(node) => node.location,
            Expr::SqlValueFunction(node) => node.location,
            Expr::XmlExpr(node) => own_or_first(node.location, &node.args),
            Expr::NullTest(node) => node.location.leftmost(node.arg.location()),
            Expr::BooleanTest(node) => node.location.leftmost(node.arg.location()),
            Expr::CoerceToDomain(node) => node.location.leftmost(node.arg.location()),
            Expr::CoerceToDomainValue(node) => node.location,
            Expr::SetToDefault(node) => node.location,
            Expr::InferenceElem(node) => node.expr.location(),
            Expr::PlaceHolderVar(node) => node.expr.location(),
            Expr::SubPlan(_)
            | Expr::AlternativeSubPlan(_)
            | Expr::CaseTestExpr(_)
            | Expr::CurrentOfExpr(_)
            | Expr::NextValueExpr(_) => Location::UNKNOWN,
        }
    }

    /// True if it returns a set itself (not through an argument).
    pub fn is_set_returning(&self) -> bool {
        match self {
            Expr::FuncExpr(node) => node.returns_set,
            Expr::OpExpr(node) => node.returns_set,
            _ => false,
        }
    }
}

/// The leftmost known location of some expressions.
pub fn leftmost(exprs: &[Expr]) -> Location {
    exprs.iter().fold(Location::UNKNOWN, |found, expr| found.leftmost(expr.location()))
}

impl SqlValueFunctionOp {
    /// The name as written in SQL.
    pub fn sql(self) -> &'static str {
        use SqlValueFunctionOp as Op;
        match self {
            Op::CurrentDate => "CURRENT_DATE",
            Op::CurrentTime | Op::CurrentTimeN => "CURRENT_TIME",
            Op::CurrentTimestamp | Op::CurrentTimestampN => "CURRENT_TIMESTAMP",
            Op::LocalTime | Op::LocalTimeN => "LOCALTIME",
            Op::LocalTimestamp | Op::LocalTimestampN => "LOCALTIMESTAMP",
            Op::CurrentRole => "CURRENT_ROLE",
            Op::CurrentUser => "CURRENT_USER",
            Op::User => "USER",
            Op::SessionUser => "SESSION_USER",
            Op::CurrentCatalog => "CURRENT_CATALOG",
            Op::CurrentSchema => "CURRENT_SCHEMA",
        }
    }
}

fn first_column(targets: &[TargetEntry]) -> Option<&TargetEntry> {
    targets.first().filter(|target| !target.junk)
}

fn sublink_type(node: &SubLink) -> Oid {
    match node.kind {
        SubLinkType::Expr => first_column(&node.query.targets).map_or(VOID, |target| target.expr.type_of()),
        SubLinkType::Array => node.array_type,
        SubLinkType::Multiexpr => RECORD,
        _ => BOOL,
    }
}

fn subplan_type(node: &SubPlan) -> Oid {
    match node.kind {
        SubLinkType::Expr => node.first_type,
        SubLinkType::Array => node.array_type,
        SubLinkType::Multiexpr => RECORD,
        _ => BOOL,
    }
}

fn subplan_typmod(node: &SubPlan) -> i32 {
    match node.kind {
        SubLinkType::Expr | SubLinkType::Array => node.first_typmod,
        _ => -1,
    }
}

fn subplan_collation(node: &SubPlan) -> Oid {
    match node.kind {
        SubLinkType::Expr | SubLinkType::Array => node.first_collation,
        _ => Oid::INVALID,
    }
}

fn case_typmod(node: &CaseExpr) -> i32 {
    let Some(default) = &node.default else { return -1 };
    let agrees = |expr: &Expr, typmod| expr.type_of() == node.result_type && expr.typmod_of() == typmod;
    let typmod = default.typmod_of();
    match typmod >= 0 && agrees(default, typmod) && node.whens.iter().all(|when| agrees(&when.result, typmod)) {
        true => typmod,
        false => -1,
    }
}

/// The type modifier that all have, if they also all have the type.
fn common_typmod(exprs: &[Expr], type_oid: Oid) -> i32 {
    let Some(first) = exprs.first() else { return -1 };
    let typmod = first.typmod_of();
    match typmod >= 0 && exprs.iter().all(|e| e.type_of() == type_oid && e.typmod_of() == typmod) {
        true => typmod,
        false => -1,
    }
}
