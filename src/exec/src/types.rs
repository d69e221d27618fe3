//! What functions ask of types, answered from the catalogs and the session.

use crate::env::with_fn_ctx;
use base::Oid;
use builtins::{BuiltinTypes, EnumLabel, FnCtx, TypeInfo, TypeLookup};
use catalog::rows::PgType;
use instance::Ctx;
use report::{Result, error};
use schema::CatalogVersion;
use std::collections::HashMap;
use std::sync::Arc;
use tuple::{Attribute, Datum, Repr, TupleDesc};

/// The session's view of types.
#[derive(Clone, Copy)]
pub struct Types<'a>(pub Ctx<'a>);

impl Types<'_> {
    /// A column of a type, without modifier and collation.
    pub fn attribute(&self, name: String, type_oid: Oid) -> Result<Attribute> {
        let info = self.type_info(type_oid)?;
        Ok(Attribute::new(name, type_oid, info.len, info.repr()))
    }
}

impl TypeLookup for Types<'_> {
    fn type_info(&self, oid: Oid) -> Result<TypeInfo> {
        match builtins::builtin_type(oid) {
            Some(found) => Ok(found.clone()),
            None => TypeLookup::type_info(&self.0.catalog(), oid),
        }
    }

    fn type_name(&self, oid: Oid, type_mod: i32) -> String {
        let path = self.0.search_path().map(|p| p.namespaces.to_vec()).unwrap_or_default();
        let modifier = (type_mod >= 0).then_some(type_mod);
        self.0.catalog().format_type(oid, modifier, &path).unwrap_or_else(|_| "???".to_owned())
    }

    fn row_desc(&self, type_oid: Oid, type_mod: i32) -> Result<Arc<TupleDesc>> {
        if type_oid.0 == 2249 {
            let types = self.0.session.record_types.borrow();
            return types
                .get(type_mod.max(0) as usize)
                .filter(|_| type_mod >= 0)
                .cloned()
                .ok_or_else(|| error!(WRONG_OBJECT_TYPE, "record type has not been registered"));
        }
        TypeLookup::row_desc(&self.0.catalog(), type_oid, type_mod)
    }

    fn enum_labels(&self, type_oid: Oid) -> Result<Arc<[EnumLabel]>> {
        TypeLookup::enum_labels(&self.0.catalog(), type_oid)
    }

    fn enum_value(&self, value: Oid) -> Result<(Oid, EnumLabel)> {
        TypeLookup::enum_value(&self.0.catalog(), value)
    }

    fn is_new_enum_value(&self, value: Oid) -> bool {
        self.0.is_new_enum_value(value)
    }

    fn check_domain(&self, domain: Oid, value: &Datum) -> Result<()> {
        crate::domains::check(self.0, domain, value)
    }

    fn call(&self, function: Oid, cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
        match crate::system::function(function) {
            Some(f) => (f.function)(self.0, cx, args),
            None => Err(report::Error::unsupported(format!("function with OID {function}"))),
        }
    }

    fn cast_function(&self, source: Oid, target: Oid) -> Result<Oid> {
        TypeLookup::cast_function(&self.0.catalog(), source, target)
    }

    fn to_keep(&self) -> Result<Arc<dyn TypeLookup + Send + Sync>> {
        let version = self.0.catalog().version();
        if let Some((known, kept)) = &self.0.session.extensions.borrow_mut().get::<LastKept>().0
            && *known == version
        {
            return Ok(Arc::clone(kept) as _);
        }
        let kept = Arc::new(KeptTypes::of(*self)?);
        self.0.session.extensions.borrow_mut().get::<LastKept>().0 = Some((version, Arc::clone(&kept)));
        Ok(kept)
    }
}

/// The types that are not built in, as they were at a moment.
#[derive(Clone)]
struct KeptTypes {
    types: Arc<HashMap<Oid, TypeInfo>>,
    labels: Arc<HashMap<Oid, Arc<[EnumLabel]>>>,
}

/// What was kept last, and what the catalogs were then.
#[derive(Default)]
struct LastKept(Option<(CatalogVersion, Arc<KeptTypes>)>);

impl KeptTypes {
    fn of(types: Types<'_>) -> Result<KeptTypes> {
        let (mut infos, mut labels) = (HashMap::new(), HashMap::new());
        for row in types.0.catalog().scan::<PgType>(&[])? {
            if builtins::builtin_type(row.oid).is_some() {
                continue;
            }
            if row.typtype == b'e' {
                labels.insert(row.oid, types.enum_labels(row.oid)?);
            }
            infos.insert(row.oid, schema::type_info_of(&row));
        }
        Ok(KeptTypes { types: Arc::new(infos), labels: Arc::new(labels) })
    }
}

impl TypeLookup for KeptTypes {
    fn type_info(&self, oid: Oid) -> Result<TypeInfo> {
        self.types.get(&oid).cloned().map_or_else(|| BuiltinTypes.type_info(oid), Ok)
    }

    fn type_name(&self, oid: Oid, type_mod: i32) -> String {
        let found = self.types.get(&oid).map(|info| builtins::quote_identifier(&info.name));
        found.unwrap_or_else(|| BuiltinTypes.type_name(oid, type_mod))
    }

    fn row_desc(&self, type_oid: Oid, type_mod: i32) -> Result<Arc<TupleDesc>> {
        BuiltinTypes.row_desc(type_oid, type_mod)
    }

    fn enum_labels(&self, type_oid: Oid) -> Result<Arc<[EnumLabel]>> {
        self.labels.get(&type_oid).cloned().map_or_else(|| BuiltinTypes.enum_labels(type_oid), Ok)
    }

    fn enum_value(&self, value: Oid) -> Result<(Oid, EnumLabel)> {
        BuiltinTypes.enum_value(value)
    }

    fn check_domain(&self, domain: Oid, value: &Datum) -> Result<()> {
        BuiltinTypes.check_domain(domain, value)
    }

    fn call(&self, function: Oid, cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
        BuiltinTypes.call(function, cx, args)
    }

    fn cast_function(&self, source: Oid, target: Oid) -> Result<Oid> {
        BuiltinTypes.cast_function(source, target)
    }

    fn to_keep(&self) -> Result<Arc<dyn TypeLookup + Send + Sync>> {
        Ok(Arc::new(self.clone()))
    }
}

/// How values of a type are represented.
pub fn repr_of(cx: Ctx<'_>, type_oid: Oid) -> Result<Repr> {
    Types(cx).type_info(type_oid).map(|info| info.repr())
}

/// The text form of a value.
pub fn output_text(cx: Ctx<'_>, type_oid: Oid, value: &Datum) -> Result<String> {
    with_fn_ctx(cx, |fx| {
        let mut out = Vec::new();
        builtins::output(fx, type_oid, value, &mut out)?;
        String::from_utf8(out).map_err(|_| report::Error::internal("text form is not UTF-8"))
    })
}
