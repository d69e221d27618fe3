//! Where the columns and parameters of a plan's expressions come from.

use analyze::expr::{Expr, INDEX_VAR, INNER_VAR, OUTER_VAR, Param, ParamKind, SubPlan, Var};
use analyze::ruleutils::PlanScope;
use plan::node::{Node, Plan};
use std::rc::Rc;

/// A node with the nodes around it: where its columns and parameters come from.
pub struct Scope<'q> {
    /// The node.
    pub plan: &'q Plan,
    /// The node above, and the sub-plan by which this one hangs there.
    pub parent: Option<(Rc<Scope<'q>>, Option<&'q SubPlan>)>,
}

impl<'q> Scope<'q> {
    /// The scope of a child.
    pub fn child(self: &Rc<Self>, plan: &'q Plan) -> Rc<Scope<'q>> {
        Rc::new(Scope { plan, parent: Some((self.clone_rc(), None)) })
    }

    fn clone_rc(self: &Rc<Self>) -> Rc<Scope<'q>> {
        Rc::clone(self)
    }

    fn outer(&self) -> Option<&'q Plan> {
        match &self.plan.node {
            Node::HashJoin(n) => Some(&n.outer),
            _ => self.plan.children().into_iter().next(),
        }
    }

    fn inner(&self) -> Option<&'q Plan> {
        match &self.plan.node {
            Node::NestLoop(_) | Node::MergeJoin(_) | Node::HashJoin(_) => self.plan.children().into_iter().nth(1),
            _ => None,
        }
    }

    fn as_child(&self, plan: &'q Plan) -> Rc<dyn PlanScope<'q> + 'q> {
        let own = Scope { plan: self.plan, parent: self.parent.as_ref().map(|(p, s)| (Rc::clone(p), *s)) };
        Rc::new(Scope { plan, parent: Some((Rc::new(own), None)) })
    }

    /// The same as what the printer of expressions takes.
    pub fn as_self(&self) -> Rc<dyn PlanScope<'q> + 'q> {
        Rc::new(Scope { plan: self.plan, parent: self.parent.as_ref().map(|(p, s)| (Rc::clone(p), *s)) })
    }
}

impl<'q> PlanScope<'q> for Scope<'q> {
    fn referent(&self, var: &Var) -> Option<(&'q Expr, Rc<dyn PlanScope<'q> + 'q>)> {
        if let (INNER_VAR, 0, Node::ModifyTable(n)) = (var.varno, var.attno, &self.plan.node) {
            let whole = n.on_conflict.as_deref()?.excluded_targetlist.iter().find(|target| target.resno == 0)?;
            return Some((&whole.expr, self.as_self()));
        }
        let at = (var.attno as usize).checked_sub(1)?;
        match var.varno {
            OUTER_VAR => {
                let child = self.outer()?;
                Some((&child.targetlist.get(at)?.expr, self.as_child(child)))
            }
            INNER_VAR => {
                if let Node::ModifyTable(n) = &self.plan.node {
                    let conflict = n.on_conflict.as_deref()?;
                    return Some((&conflict.excluded_targetlist.get(at)?.expr, self.as_self()));
                }
                let child = self.inner()?;
                Some((&child.targetlist.get(at)?.expr, self.as_child(child)))
            }
            INDEX_VAR => match &self.plan.node {
                Node::IndexOnlyScan(n) => Some((&n.index_targetlist.get(at)?.expr, self.as_self())),
                _ => None,
            },
            _ => None,
        }
    }

    fn parameter(&self, param: &Param) -> Option<(&'q Expr, Rc<dyn PlanScope<'q> + 'q>)> {
        if param.kind != ParamKind::Exec {
            return None;
        }
        let mut at = self.parent.as_ref().map(|(p, s)| (Rc::clone(p), *s));
        while let Some((scope, via)) = at {
            if let Some(sub) = via
                && let Some(place) = sub.par_params.iter().position(|id| *id == param.id)
            {
                return Some((&sub.args[place], scope.as_self()));
            }
            if let Node::NestLoop(n) = &scope.plan.node
                && let Some((_, expr)) = n.params.iter().find(|(id, _)| *id == param.id)
            {
                return Some((expr, scope.as_self()));
            }
            at = scope.parent.as_ref().map(|(p, s)| (Rc::clone(p), *s));
        }
        None
    }

    fn sub_output(&self, _: &Var) -> Option<(&'q Expr, Rc<dyn PlanScope<'q> + 'q>)> {
        None
    }
}
