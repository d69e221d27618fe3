//! Expressions as SQL.

use super::{Printer, quote_string};
use crate::ast::*;

impl Printer {
    pub(super) fn exprs(&mut self, exprs: &[Expr]) {
        self.list(exprs, Self::expr);
    }

    pub(super) fn opt_expr(&mut self, keyword: &str, expr: Option<&Expr>) {
        if let Some(expr) = expr {
            self.put(keyword);
            self.expr(expr);
        }
    }

    /// An expression as an operand: in parentheses unless it is a primary.
    pub(super) fn operand(&mut self, expr: &Expr) {
        if is_primary(expr) {
            self.expr(expr);
        } else {
            self.in_parens(|p| p.expr(expr));
        }
    }

    pub(super) fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Column(e) => self.column(e),
            Expr::Param(e) => self.put(&format!("${}", e.number)),
            Expr::Const(e) => self.literal(&e.value),
            Expr::Cast(e) => {
                self.put("CAST(");
                self.expr(&e.arg);
                self.put("AS");
                self.type_name(&e.target);
                self.put(")");
            }
            Expr::Collate(e) => {
                self.operand(&e.arg);
                self.put("COLLATE");
                self.qualified(&e.collation);
            }
            Expr::Op(e) => self.operation(e),
            Expr::In(e) => {
                self.operand(&e.arg);
                self.put(if e.negated { "NOT IN" } else { "IN" });
                self.parens(&e.list, Self::expr);
            }
            Expr::Between(e) => self.between(e),
            Expr::Bool(e) => self.bool_expr(e),
            Expr::NullTest(e) => {
                self.operand(&e.arg);
                self.put(if e.negated { "IS NOT NULL" } else { "IS NULL" });
            }
            Expr::BooleanTest(e) => {
                self.operand(&e.arg);
                self.put(bool_test(e.test));
            }
            Expr::Func(e) => self.call(e),
            Expr::SubLink(e) => self.sub_link(e),
            other => self.other_expr(other),
        }
    }

    fn other_expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Case(e) => self.case(e),
            Expr::Coalesce(e) => self.function("COALESCE", &e.args),
            Expr::MinMax(e) => self.function(if e.greatest { "GREATEST" } else { "LEAST" }, &e.args),
            Expr::Grouping(e) => self.function("GROUPING", &e.args),
            Expr::Array(e) => {
                self.put("ARRAY[");
                self.array_elements(&e.elements);
                self.raw("]");
            }
            Expr::Row(e) => {
                self.put_if(e.explicit, "ROW");
                self.parens(&e.args, Self::expr);
            }
            Expr::Indirection(e) => {
                self.in_parens(|p| p.expr(&e.arg));
                self.indirection(&e.steps);
            }
            Expr::NamedArg(e) => {
                self.name(&e.name);
                self.put("=>");
                self.expr(&e.arg);
            }
            Expr::SqlValue(e) => {
                self.put(sql_value(e.op));
                if let Some(precision) = e.precision {
                    self.raw(&format!("({precision})"));
                }
            }
            Expr::Xml(e) => self.xml(e),
            Expr::XmlSerialize(e) => {
                self.put("XMLSERIALIZE(");
                self.put(if e.document { "DOCUMENT" } else { "CONTENT" });
                self.expr(&e.arg);
                self.put("AS");
                self.type_name(&e.target);
                self.put(")");
            }
            Expr::Default(_) => self.put("DEFAULT"),
            Expr::CurrentOf(e) => {
                self.put("CURRENT OF");
                self.name(&e.cursor);
            }
            _ => {}
        }
    }

    fn function(&mut self, name: &str, args: &[Expr]) {
        self.put(name);
        self.raw("(");
        self.exprs(args);
        self.raw(")");
    }

    fn column(&mut self, column: &ColumnRef) {
        let parts: Vec<String> = column
            .fields
            .iter()
            .map(|f| match f {
                Field::Name(name) => super::quote_identifier(name),
                Field::Star => "*".to_owned(),
            })
            .collect();
        self.put(&parts.join("."));
    }

    fn literal(&mut self, value: &Literal) {
        match value {
            Literal::Null => self.put("NULL"),
            Literal::Bool(value) => self.put(if *value { "TRUE" } else { "FALSE" }),
            Literal::Int(value) => self.number(value),
            Literal::Float(text) => self.put(text),
            Literal::String(text) => self.put(&quote_string(text)),
            Literal::BitString(text) => self.put(&format!("{}'{}'", &text[..1], &text[1..])),
        }
    }

    /// A constant where nothing else may stand: a cast is written with the type first.
    pub(super) fn constant(&mut self, expr: &Expr) {
        match expr {
            Expr::Cast(cast) => {
                self.type_name(&cast.target);
                self.expr(&cast.arg);
            }
            other => self.expr(other),
        }
    }

    fn array_elements(&mut self, elements: &[Expr]) {
        self.list(elements, |p, e| match e {
            // A nested bracket, which has no keyword; one with the keyword is the same node.
            Expr::Array(inner) if elements.iter().all(|e| matches!(e, Expr::Array(_))) => {
                p.put("[");
                p.array_elements(&inner.elements);
                p.raw("]");
            }
            other => p.expr(other),
        });
    }

    pub(super) fn indirection(&mut self, steps: &[Indirection]) {
        for step in steps {
            match step {
                Indirection::Field(name) => self.raw(&format!(".{}", super::quote_identifier(name))),
                Indirection::Star => self.raw(".*"),
                Indirection::Index(index) => {
                    self.raw("[");
                    self.expr(index);
                    self.raw("]");
                }
                Indirection::Slice(lower, upper) => {
                    self.raw("[");
                    if let Some(lower) = lower {
                        self.expr(lower);
                    }
                    self.raw(" : ");
                    if let Some(upper) = upper {
                        self.expr(upper);
                    }
                    self.raw("]");
                }
            }
        }
    }

    fn operation(&mut self, e: &OpExpr) {
        if e.kind == OpKind::NullIf {
            self.put("NULLIF(");
            if let Some(left) = &e.left {
                self.expr(left);
            }
            self.raw(",");
            self.expr(&e.right);
            self.put(")");
            return;
        }
        if let Some(left) = &e.left {
            self.operand(left);
        }
        let negated = e.name.name.starts_with('!');
        match e.kind {
            OpKind::Op => self.operator(&e.name),
            OpKind::Any | OpKind::All => {
                self.operator(&e.name);
                self.put(if e.kind == OpKind::Any { "ANY (" } else { "ALL (" });
                self.expr(&e.right);
                self.put(")");
                return;
            }
            OpKind::Distinct => self.put("IS DISTINCT FROM"),
            OpKind::NotDistinct => self.put("IS NOT DISTINCT FROM"),
            OpKind::Like => self.put(if negated { "NOT LIKE" } else { "LIKE" }),
            OpKind::ILike => self.put(if negated { "NOT ILIKE" } else { "ILIKE" }),
            OpKind::Similar => {
                self.put(if negated { "NOT SIMILAR TO" } else { "SIMILAR TO" });
                return self.similar_pattern(&e.right);
            }
            OpKind::NullIf => {}
        }
        self.operand(&e.right);
    }

    /// The pattern of SIMILAR TO, which the tree holds as a call.
    fn similar_pattern(&mut self, right: &Expr) {
        let Expr::Func(call) = right else {
            return self.operand(right);
        };
        let mut args = call.args.iter();
        if let Some(pattern) = args.next() {
            self.operand(pattern);
        }
        if let Some(escape) = args.next() {
            self.put("ESCAPE");
            self.operand(escape);
        }
    }

    fn between(&mut self, e: &BetweenExpr) {
        self.operand(&e.arg);
        self.put_if(e.negated, "NOT");
        self.put("BETWEEN");
        self.put_if(e.symmetric, "SYMMETRIC");
        self.operand(&e.low);
        self.put("AND");
        self.operand(&e.high);
    }

    fn bool_expr(&mut self, e: &BoolExpr) {
        let word = match e.op {
            BoolOp::Not => {
                self.put("NOT");
                e.args.iter().for_each(|arg| self.operand(arg));
                return;
            }
            BoolOp::And => "AND",
            BoolOp::Or => "OR",
        };
        for (n, arg) in e.args.iter().enumerate() {
            self.put_if(n > 0, word);
            self.operand(arg);
        }
    }

    pub(super) fn call(&mut self, call: &FuncCall) {
        if call.form == CallForm::SqlSyntax && self.special_call(call) {
            return;
        }
        self.qualified(&call.name);
        self.raw("(");
        self.put_if(call.star, "*");
        self.put_if(call.distinct, "DISTINCT");
        let last = call.args.len().wrapping_sub(1);
        for (n, arg) in call.args.iter().enumerate() {
            if n > 0 {
                self.raw(",");
            }
            self.put_if(call.variadic && n == last, "VARIADIC");
            self.expr(arg);
        }
        if !call.within_group {
            self.order_by(&call.order_by);
        }
        self.raw(")");
        if call.within_group {
            self.put("WITHIN GROUP (");
            self.order_by(&call.order_by);
            self.raw(")");
        }
        if let Some(filter) = &call.filter {
            self.put("FILTER (WHERE");
            self.expr(filter);
            self.put(")");
        }
        if let Some(window) = &call.over {
            self.put("OVER");
            self.over(window);
        }
    }

    fn over(&mut self, window: &WindowDef) {
        match &window.name {
            Some(name) => self.name(name),
            None => self.window(window),
        }
    }

    /// A window's specification.
    pub(super) fn window(&mut self, window: &WindowDef) {
        self.put("(");
        if let Some(base) = &window.base {
            self.name(base);
        }
        if !window.partition_by.is_empty() {
            self.put("PARTITION BY");
            self.exprs(&window.partition_by);
        }
        self.order_by(&window.order_by);
        if let Some(frame) = &window.frame {
            self.frame(frame);
        }
        self.put(")");
    }

    fn frame(&mut self, frame: &WindowFrame) {
        self.put(match frame.mode {
            FrameMode::Range => "RANGE",
            FrameMode::Rows => "ROWS",
            FrameMode::Groups => "GROUPS",
        });
        if let Some(end) = &frame.end {
            self.put("BETWEEN");
            self.bound(&frame.start);
            self.put("AND");
            self.bound(end);
        } else {
            self.bound(&frame.start);
        }
        match frame.exclude {
            FrameExclusion::NoOthers => {}
            FrameExclusion::CurrentRow => self.put("EXCLUDE CURRENT ROW"),
            FrameExclusion::Group => self.put("EXCLUDE GROUP"),
            FrameExclusion::Ties => self.put("EXCLUDE TIES"),
        }
    }

    fn bound(&mut self, bound: &FrameBound) {
        match bound {
            FrameBound::UnboundedPreceding => self.put("UNBOUNDED PRECEDING"),
            FrameBound::Preceding(offset) => {
                self.operand(offset);
                self.put("PRECEDING");
            }
            FrameBound::CurrentRow => self.put("CURRENT ROW"),
            FrameBound::Following(offset) => {
                self.operand(offset);
                self.put("FOLLOWING");
            }
            FrameBound::UnboundedFollowing => self.put("UNBOUNDED FOLLOWING"),
        }
    }

    /// The functions whose syntax is the standard's; whether this is one.
    fn special_call(&mut self, call: &FuncCall) -> bool {
        let args = &call.args;
        match (call.name.last(), args.len()) {
            ("timezone", 2) => {
                self.operand(&args[1]);
                self.put("AT TIME ZONE");
                self.operand(&args[0]);
            }
            ("overlaps", 4) => {
                self.put("ROW");
                self.parens(&args[..2], Self::expr);
                self.put("OVERLAPS ROW");
                self.parens(&args[2..], Self::expr);
            }
            ("pg_collation_for", 1) => {
                self.put("COLLATION FOR");
                self.parens(args, Self::expr);
            }
            ("is_normalized", _) => {
                self.operand(&args[0]);
                self.put("IS");
                self.normal_form(args.get(1));
                self.put("NORMALIZED");
            }
            ("normalize", _) => {
                self.put("NORMALIZE(");
                self.expr(&args[0]);
                if args.len() > 1 {
                    self.raw(",");
                    self.normal_form(args.get(1));
                }
                self.put(")");
            }
            ("btrim", _) => self.trim("BOTH", args),
            ("ltrim", _) => self.trim("LEADING", args),
            ("rtrim", _) => self.trim("TRAILING", args),
            ("extract", 2) => self.keyworded("EXTRACT", args, &["FROM"]),
            ("position", 2) => {
                self.put("POSITION(");
                self.operand(&args[1]);
                self.put("IN");
                self.operand(&args[0]);
                self.put(")");
            }
            ("overlay", _) => self.keyworded("OVERLAY", args, &["PLACING", "FROM", "FOR"]),
            ("substring", _) => self.keyworded("SUBSTRING", args, &["FROM", "FOR"]),
            ("xmlexists", 2) => {
                self.put("XMLEXISTS(");
                self.operand(&args[0]);
                self.put("PASSING");
                self.operand(&args[1]);
                self.put(")");
            }
            _ => return false,
        }
        true
    }

    fn normal_form(&mut self, form: Option<&Expr>) {
        if let Some(Expr::Const(Const { value: Literal::String(form), .. })) = form {
            self.put(form);
        }
    }

    fn trim(&mut self, side: &str, args: &[Expr]) {
        self.put("TRIM(");
        self.put(side);
        self.put("FROM");
        self.exprs(args);
        self.put(")");
    }

    /// `NAME(a WORD b WORD c)`
    fn keyworded(&mut self, name: &str, args: &[Expr], words: &[&str]) {
        self.put(name);
        self.raw("(");
        for (n, arg) in args.iter().enumerate() {
            if n > 0 {
                self.put(words[n - 1]);
            }
            self.operand(arg);
        }
        self.put(")");
    }

    fn sub_link(&mut self, link: &SubLink) {
        if let Some(test) = &link.test {
            self.operand(test);
        }
        match (link.kind, &link.operator) {
            (SubLinkKind::Any, None) => self.put("IN"),
            (SubLinkKind::Any, Some(operator)) => {
                self.operator(operator);
                self.put("ANY");
            }
            (SubLinkKind::All, Some(operator)) => {
                self.operator(operator);
                self.put("ALL");
            }
            (SubLinkKind::All, None) | (SubLinkKind::Scalar, _) => {}
            (SubLinkKind::Exists, _) => self.put("EXISTS"),
            (SubLinkKind::Array, _) => self.put("ARRAY"),
        }
        self.in_parens(|p| p.select(&link.query));
    }

    fn case(&mut self, case: &CaseExpr) {
        self.put("CASE");
        if let Some(arg) = &case.arg {
            self.operand(arg);
        }
        for when in &case.whens {
            self.put("WHEN");
            self.expr(&when.condition);
            self.put("THEN");
            self.expr(&when.result);
        }
        self.opt_expr("ELSE", case.default.as_ref());
        self.put("END");
    }

    fn xml(&mut self, e: &XmlExpr) {
        match e.op {
            XmlOp::IsDocument => {
                self.operand(&e.args[0]);
                self.put("IS DOCUMENT");
                return;
            }
            XmlOp::Concat => return self.function("XMLCONCAT", &e.args),
            XmlOp::Forest => {
                self.put("XMLFOREST");
                return self.parens(&e.named_args, Self::xml_named_arg);
            }
            XmlOp::Element => self.put("XMLELEMENT("),
            XmlOp::Pi => self.put("XMLPI("),
            XmlOp::Parse => self.put("XMLPARSE("),
            XmlOp::Root => self.put("XMLROOT("),
        }
        self.xml_body(e);
        self.put(")");
    }

    fn xml_body(&mut self, e: &XmlExpr) {
        match e.op {
            XmlOp::Parse => {
                self.put(if e.document { "DOCUMENT" } else { "CONTENT" });
                self.operand(&e.args[0]);
                let preserve = matches!(&e.args[1], Expr::Const(Const { value: Literal::Bool(true), .. }));
                self.put_if(preserve, "PRESERVE WHITESPACE");
            }
            XmlOp::Root => {
                self.expr(&e.args[0]);
                self.put(", VERSION");
                let no_value = matches!(&e.args[1], Expr::Const(Const { value: Literal::Null, .. }));
                if no_value {
                    self.put("NO VALUE");
                } else {
                    self.expr(&e.args[1]);
                }
                if let Expr::Const(Const { value: Literal::Int(code), .. }) = &e.args[2] {
                    self.put([", STANDALONE YES", ", STANDALONE NO", ", STANDALONE NO VALUE", ""][*code as usize & 3]);
                }
            }
            _ => {
                self.put("NAME");
                self.name(e.name.as_deref().unwrap_or_default());
                if !e.named_args.is_empty() {
                    self.put(", XMLATTRIBUTES");
                    self.parens(&e.named_args, Self::xml_named_arg);
                }
                if !e.args.is_empty() {
                    self.put(",");
                    self.exprs(&e.args);
                }
            }
        }
    }

    fn xml_named_arg(&mut self, arg: &XmlNamedArg) {
        self.expr(&arg.value);
        self.opt_name("AS", arg.name.as_ref());
    }
}

fn is_primary(expr: &Expr) -> bool {
    match expr {
        Expr::Const(c) => match &c.value {
            Literal::Int(value) => *value >= 0,
            Literal::Float(text) => !text.starts_with('-'),
            _ => true,
        },
        Expr::Op(e) => e.kind == OpKind::NullIf,
        Expr::Func(call) => {
            call.form == CallForm::Explicit || !matches!(call.name.last(), "timezone" | "overlaps" | "is_normalized")
        }
        Expr::SubLink(link) => !matches!(link.kind, SubLinkKind::Any | SubLinkKind::All),
        Expr::Xml(e) => e.op != XmlOp::IsDocument,
        Expr::In(_)
        | Expr::Between(_)
        | Expr::Bool(_)
        | Expr::NullTest(_)
        | Expr::BooleanTest(_)
        | Expr::Collate(_)
        | Expr::NamedArg(_)
        | Expr::Default(_) => false,
        _ => true,
    }
}

fn bool_test(test: BoolTest) -> &'static str {
    match test {
        BoolTest::True => "IS TRUE",
        BoolTest::NotTrue => "IS NOT TRUE",
        BoolTest::False => "IS FALSE",
        BoolTest::NotFalse => "IS NOT FALSE",
        BoolTest::Unknown => "IS UNKNOWN",
        BoolTest::NotUnknown => "IS NOT UNKNOWN",
    }
}

fn sql_value(op: SqlValueOp) -> &'static str {
    match op {
        SqlValueOp::CurrentDate => "CURRENT_DATE",
        SqlValueOp::CurrentTime => "CURRENT_TIME",
        SqlValueOp::CurrentTimestamp => "CURRENT_TIMESTAMP",
        SqlValueOp::LocalTime => "LOCALTIME",
        SqlValueOp::LocalTimestamp => "LOCALTIMESTAMP",
        SqlValueOp::CurrentRole => "CURRENT_ROLE",
        SqlValueOp::CurrentUser => "CURRENT_USER",
        SqlValueOp::User => "USER",
        SqlValueOp::SessionUser => "SESSION_USER",
        SqlValueOp::CurrentCatalog => "CURRENT_CATALOG",
        SqlValueOp::CurrentSchema => "CURRENT_SCHEMA",
    }
}
