//! A statement's plans from one execution to the next.
//!
//! A generic plan serves all values of the parameters and is made once; a custom plan is made for the values at hand. What is
//! kept is good while the relations it was made from are what they were: each of them is an immutable entry of the catalog
//! cache, and the cache's change counter tells at one glance that nothing at all has changed.

use crate::api::{self, Params, PlanOptions, plan_query};
use analyze::query::Query;
use base::Oid;
use config::Setting;
use instance::Ctx;
use plan::node::PlannedStmt;
use report::Result;
use schema::RelationEntry;
use std::sync::{Arc, Mutex};

/// How often values of parameters get a plan of their own before a generic one is considered.
const CUSTOM_PLANS: u32 = 5;

/// Cost of planning for each relation, in the planner's units: 1,000 operators.
const PLANNING_COST: f64 = 1000.0 * 0.0025;

/// Which statements share a generic plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sharing {
    /// A prepared statement's executions, if it costs no more than plans for their values do (`plan_cache_mode`).
    Weighed,
    /// Statements that differ in literals alone, which their client never asked to be prepared: only if no value could have
    /// led to another plan.
    AnyValues,
}

/// A statement's query with its plan.
pub struct CachedPlan {
    query: Query,
    parameter_types: Vec<Oid>,
    sharing: Sharing,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What the plans were made from.
    basis: Option<Basis>,
    generic: Option<Arc<PlannedStmt>>,
    /// A generic plan was made and must not be shared.
    no_generic: bool,
    custom_count: u32,
    custom_cost: f64,
}

/// Relations as they were, and the change counter when they were last compared.
struct Basis {
    relations: Vec<Arc<RelationEntry>>,
    changes: Option<u64>,
}

impl Basis {
    fn of(cx: Ctx<'_>, plan: &PlannedStmt) -> Result<Basis> {
        let catalog = cx.catalog();
        // A constant of type regclass may name what is not there.
        let found = plan.relation_oids.iter().map(|oid| catalog.relation(*oid)).collect::<Result<Vec<_>>>()?;
        let relations = found.into_iter().flatten().collect();
        Ok(Basis { relations, changes: catalog.changes() })
    }

    fn is_current(&mut self, cx: Ctx<'_>) -> bool {
        let catalog = cx.catalog();
        let now = catalog.changes();
        if now.is_some() && now == self.changes {
            return true;
        }
        let current = self.relations.iter().all(|entry| catalog.is_current(entry));
        if current {
            self.changes = now;
        }
        current
    }
}

impl CachedPlan {
    /// Keeps an analysed query.
    pub fn new(query: Query, parameter_types: Vec<Oid>, sharing: Sharing) -> CachedPlan {
        CachedPlan { query, parameter_types, sharing, state: Mutex::default() }
    }

    /// The analysed query.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Types of its parameters.
    pub fn parameter_types(&self) -> &[Oid] {
        &self.parameter_types
    }

    /// A plan for an execution with these parameters, as cheap as it can be had. `None` if the catalogs changed so that
    /// the statement must be analysed again.
    pub fn plan(&self, cx: Ctx<'_>, params: &Params) -> Result<Option<Arc<PlannedStmt>>> {
        self.lock_relations(cx)?;
        let mut state = self.state.lock().expect("planning does not panic while it holds the lock");
        if let Some(basis) = &mut state.basis
            && !basis.is_current(cx)
        {
            return Ok(None);
        }
        if let Some(plan) = &state.generic {
            return Ok(Some(Arc::clone(plan)));
        }
        if let Some(plan) = self.try_generic(cx, &mut state)? {
            return Ok(Some(plan));
        }
        self.custom(cx, &mut state, params).map(Some)
    }

    /// Locks what the statement reads and changes. Only then can be said whether what is known of it still holds: it may have
    /// changed while this waited.
    fn lock_relations(&self, cx: Ctx<'_>) -> Result<()> {
        let generic = {
            let state = self.state.lock().expect("planning does not panic while it holds the lock");
            match (&state.generic, &state.basis) {
                (Some(plan), _) => Some(Arc::clone(plan)),
                (None, Some(_)) => None,
                (None, None) => return Ok(()),
            }
        };
        match generic {
            Some(plan) => api::lock_range_table(cx, &plan.rtable),
            None => api::lock_relations(cx, &self.query).map(drop),
        }
    }

    /// A generic plan, if it is time for one and it is worth keeping.
    fn try_generic(&self, cx: Ctx<'_>, state: &mut State) -> Result<Option<Arc<PlannedStmt>>> {
        let mode = cx.setting(|s| s.choice(Setting::PlanCacheMode));
        let is_forced =
            self.parameter_types.is_empty() || (self.sharing, mode) == (Sharing::Weighed, "force_generic_plan");
        let is_due = match self.sharing {
            Sharing::Weighed => mode == "auto" && state.custom_count >= CUSTOM_PLANS,
            Sharing::AnyValues => !state.no_generic,
        };
        if !is_forced && !is_due {
            return Ok(None);
        }
        let plan = Arc::new(plan_query(cx, self.query.clone(), PlanOptions::default())?);
        let is_good = match self.sharing {
            Sharing::Weighed => plan.plan.total_cost <= state.custom_cost / f64::from(state.custom_count.max(1)) * 1.01,
            Sharing::AnyValues => !plan.depends_on_values,
        };
        if is_forced || is_good {
            state.basis = Some(Basis::of(cx, &plan)?);
            state.generic = Some(Arc::clone(&plan));
            return Ok(Some(plan));
        }
        // Custom plans go on, and it is tried again only after a while, or never.
        (state.no_generic, state.custom_count, state.custom_cost) = (true, 0, 0.0);
        Ok(None)
    }

    fn custom(&self, cx: Ctx<'_>, state: &mut State, params: &Params) -> Result<Arc<PlannedStmt>> {
        let options = PlanOptions { params: Some(&params.values), cursor: false };
        let plan = Arc::new(plan_query(cx, self.query.clone(), options)?);
        state.custom_count += 1;
        // Planning itself costs, so that a generic plan a little worse is preferred.
        state.custom_cost += plan.plan.total_cost + PLANNING_COST * (plan.relation_oids.len() as f64 + 1.0);
        if state.basis.is_none() {
            state.basis = Some(Basis::of(cx, &plan)?);
        }
        Ok(plan)
    }
}
