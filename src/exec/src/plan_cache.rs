//! A statement's plans from one execution to the next.
//!
//! A generic plan serves all values of the parameters and is made once; a custom plan is made for the values at hand. What is
//! kept is good while the relations, views and functions it was made from are what they were: each of them is an immutable entry
//! of the catalog cache, and the catalogs' version tells at one glance that nothing at all has changed. Until the first plan is made
//! it is not known what the statement depends on: then any change of the catalogs since its analysis counts.

use crate::api::{self, Params, PlanOptions, plan_query};
use analyze::query::Query;
use base::Oid;
use catalog::rows::PgProc;
use config::Setting;
use instance::Ctx;
use plan::node::{PlannedStmt, Resting};
use report::Result;
use schema::{CatalogRow, CatalogVersion, RelationEntry};
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
    query: Arc<Query>,
    parameter_types: Vec<Oid>,
    sharing: Sharing,
    /// What the catalogs were before the query was analysed.
    version: CatalogVersion,
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

/// Relations and functions as they were, and the catalogs' version when they were last compared.
#[derive(Clone)]
struct Basis {
    relations: Vec<Arc<RelationEntry>>,
    functions: Vec<Arc<CatalogRow<PgProc>>>,
    version: CatalogVersion,
}

impl Basis {
    fn of(cx: Ctx<'_>, plan: &PlannedStmt) -> Result<Basis> {
        let catalog = cx.catalog();
        let version = catalog.version();
        // A constant of type regclass may name what is not there.
        let relations = plan.relation_oids.iter().map(|oid| catalog.relation(*oid)).collect::<Result<Vec<_>>>()?;
        let functions = plan.function_oids.iter().map(|oid| catalog.function(*oid)).collect::<Result<Vec<_>>>()?;
        let (relations, functions) = (relations.into_iter().flatten(), functions.into_iter().flatten());
        Ok(Basis { relations: relations.collect(), functions: functions.collect(), version })
    }

    fn is_current(&mut self, cx: Ctx<'_>) -> Result<bool> {
        let catalog = cx.catalog();
        let now = catalog.version();
        if now == self.version {
            return Ok(true);
        }
        if !self.relations.iter().all(|entry| catalog.is_current(entry)) {
            return Ok(false);
        }
        for function in &self.functions {
            if !catalog.function(function.oid)?.is_some_and(|now| Arc::ptr_eq(&now, function)) {
                return Ok(false);
            }
        }
        self.version = now;
        Ok(true)
    }
}

impl CachedPlan {
    /// Keeps an analysed query. `version` is the catalogs' from before it was analysed.
    pub fn new(query: Query, parameter_types: Vec<Oid>, sharing: Sharing, version: CatalogVersion) -> CachedPlan {
        let query = Arc::new(query);
        CachedPlan { query, parameter_types, sharing, version, state: Mutex::default() }
    }

    /// A copy to be lent to sessions, which has the same plan and shares what is never written. `None` if there is no generic plan.
    pub fn fork(&self) -> Option<CachedPlan> {
        let state = self.state.lock().expect("planning does not panic while it holds the lock");
        let (basis, generic) = (state.basis.as_ref()?.clone(), state.generic.as_ref()?);
        let generic = PlannedStmt { resting: Resting::lent(), ..PlannedStmt::clone(generic) };
        let generic = Some(Arc::new(generic));
        let state = State { basis: Some(basis), generic, ..State::default() };
        Some(CachedPlan {
            query: Arc::clone(&self.query),
            parameter_types: self.parameter_types.clone(),
            sharing: self.sharing,
            version: self.version,
            state: Mutex::new(state),
        })
    }

    /// The same statement as it was before it was first planned: for who runs another's plan.
    pub fn without_plan(&self) -> CachedPlan {
        CachedPlan {
            query: Arc::clone(&self.query),
            parameter_types: self.parameter_types.clone(),
            sharing: self.sharing,
            version: self.version,
            state: Mutex::default(),
        }
    }

    /// True if there is a generic plan whose executor rests: it has run.
    pub fn has_run_generic(&self) -> bool {
        let state = self.state.lock().expect("planning does not panic while it holds the lock");
        state.generic.as_ref().is_some_and(|plan| plan.resting.is_taken())
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
        let is_current = match &mut state.basis {
            Some(basis) => basis.is_current(cx)?,
            None => cx.catalog().version() == self.version,
        };
        if !is_current {
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
            state.generic.clone()
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
        let plan = Arc::new(plan_query(cx, Query::clone(&self.query), PlanOptions::default())?);
        // It will soon be worse than it could be: it serves this once.
        if plan.waits_for_index {
            return Ok(is_forced.then_some(plan));
        }
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
        let plan = Arc::new(plan_query(cx, Query::clone(&self.query), options)?);
        state.custom_count += 1;
        // Planning itself costs, so that a generic plan a little worse is preferred.
        state.custom_cost += plan.plan.total_cost + PLANNING_COST * (plan.relation_oids.len() as f64 + 1.0);
        if state.basis.is_none() {
            state.basis = Some(Basis::of(cx, &plan)?);
        }
        Ok(plan)
    }
}
