//! What most catalogs have in common: a row has a name, and perhaps a schema or a relation that it is in.

use super::is_first_on_path;
use base::Oid;
use catalog::Row;
use catalog::columns as c;
use catalog::oids;
use catalog::rows::*;
use instance::Ctx;
use report::Result;
use schema::Key;

/// The name of an object and where it is.
pub(super) struct Head {
    pub name: String,
    pub place: Place,
}

/// Where an object is.
pub(super) enum Place {
    /// In nothing: its name is unique.
    Nowhere,
    /// In a schema.
    Schema(Oid),
    /// In a schema, for an access method.
    Method(Oid, Oid),
    /// On a relation.
    Relation(Oid),
}

/// The row of a catalog with this oid.
pub(super) fn row_of<R: Row>(cx: Ctx<'_>, column: i16, oid: Oid) -> Result<Option<R>> {
    Ok(cx.catalog().scan::<R>(&[Key::oid(column, oid)])?.pop().map(|found| found.row))
}

/// `None` if there is no such object, or its catalog has names of another kind.
pub(super) fn head(cx: Ctx<'_>, class: Oid, oid: Oid) -> Result<Option<Head>> {
    macro_rules! row {
        ($row:ty, $table:ident, $name:ident, $place:expr) => {
            row_of::<$row>(cx, c::$table::OID, oid)?.map(|row| {
                let place = $place(&row);
                Head { name: row.$name, place }
            })
        };
    }
    fn nowhere<R>(_: &R) -> Place {
        Place::Nowhere
    }
    Ok(match class {
        oids::PG_LANGUAGE => row!(PgLanguage, pg_language, lanname, nowhere),
        oids::PG_AM => row!(PgAm, pg_am, amname, nowhere),
        oids::PG_NAMESPACE => row!(PgNamespace, pg_namespace, nspname, nowhere),
        oids::PG_AUTHID => row!(PgAuthid, pg_authid, rolname, nowhere),
        oids::PG_DATABASE => row!(PgDatabase, pg_database, datname, nowhere),
        oids::PG_TABLESPACE => row!(PgTablespace, pg_tablespace, spcname, nowhere),
        oids::PG_FOREIGN_DATA_WRAPPER => row!(PgForeignDataWrapper, pg_foreign_data_wrapper, fdwname, nowhere),
        oids::PG_FOREIGN_SERVER => row!(PgForeignServer, pg_foreign_server, srvname, nowhere),
        oids::PG_EXTENSION => row!(PgExtension, pg_extension, extname, nowhere),
        oids::PG_EVENT_TRIGGER => row!(PgEventTrigger, pg_event_trigger, evtname, nowhere),
        oids::PG_PARAMETER_ACL => row!(PgParameterAcl, pg_parameter_acl, parname, nowhere),
        oids::PG_PUBLICATION => row!(PgPublication, pg_publication, pubname, nowhere),
        oids::PG_SUBSCRIPTION => row!(PgSubscription, pg_subscription, subname, nowhere),
        oids::PG_COLLATION => {
            row!(PgCollation, pg_collation, collname, |row: &PgCollation| Place::Schema(row.collnamespace))
        }
        oids::PG_CONVERSION => {
            row!(PgConversion, pg_conversion, conname, |row: &PgConversion| Place::Schema(row.connamespace))
        }
        oids::PG_STATISTIC_EXT => {
            row!(PgStatisticExt, pg_statistic_ext, stxname, |row: &PgStatisticExt| Place::Schema(row.stxnamespace))
        }
        oids::PG_TS_PARSER => {
            row!(PgTsParser, pg_ts_parser, prsname, |row: &PgTsParser| Place::Schema(row.prsnamespace))
        }
        oids::PG_TS_DICT => row!(PgTsDict, pg_ts_dict, dictname, |row: &PgTsDict| Place::Schema(row.dictnamespace)),
        oids::PG_TS_TEMPLATE => {
            row!(PgTsTemplate, pg_ts_template, tmplname, |row: &PgTsTemplate| Place::Schema(row.tmplnamespace))
        }
        oids::PG_TS_CONFIG => {
            row!(PgTsConfig, pg_ts_config, cfgname, |row: &PgTsConfig| Place::Schema(row.cfgnamespace))
        }
        oids::PG_OPCLASS => {
            row!(PgOpclass, pg_opclass, opcname, |row: &PgOpclass| Place::Method(row.opcnamespace, row.opcmethod))
        }
        oids::PG_OPFAMILY => {
            row!(PgOpfamily, pg_opfamily, opfname, |row: &PgOpfamily| Place::Method(row.opfnamespace, row.opfmethod))
        }
        oids::PG_REWRITE => row!(PgRewrite, pg_rewrite, rulename, |row: &PgRewrite| Place::Relation(row.ev_class)),
        oids::PG_TRIGGER => row!(PgTrigger, pg_trigger, tgname, |row: &PgTrigger| Place::Relation(row.tgrelid)),
        oids::PG_POLICY => row!(PgPolicy, pg_policy, polname, |row: &PgPolicy| Place::Relation(row.polrelid)),
        _ => None,
    })
}

/// True if the name alone finds an object that is in a schema.
pub(super) fn is_visible(cx: Ctx<'_>, class: Oid, head: &Head, schema: Oid) -> Result<bool> {
    let catalog = cx.catalog();
    macro_rules! holds {
        ($row:ty, $table:ident, $name:ident, $schema:ident) => {{
            let named = catalog.scan::<$row>(&[Key::text(c::$table::$name, &head.name)])?;
            is_first_on_path(cx, schema, |other| Ok(named.iter().any(|row| row.$schema == other)))
        }};
    }
    match (class, &head.place) {
        (oids::PG_OPCLASS, Place::Method(_, method)) => {
            is_first_on_path(cx, schema, |other| Ok(catalog.opclass_by_name(*method, &head.name, other)?.is_some()))
        }
        (oids::PG_OPFAMILY, Place::Method(_, method)) => {
            is_first_on_path(cx, schema, |other| Ok(catalog.opfamily_by_name(*method, &head.name, other)?.is_some()))
        }
        (oids::PG_COLLATION, _) => holds!(PgCollation, pg_collation, COLLNAME, collnamespace),
        (oids::PG_CONVERSION, _) => holds!(PgConversion, pg_conversion, CONNAME, connamespace),
        (oids::PG_STATISTIC_EXT, _) => holds!(PgStatisticExt, pg_statistic_ext, STXNAME, stxnamespace),
        (oids::PG_TS_PARSER, _) => holds!(PgTsParser, pg_ts_parser, PRSNAME, prsnamespace),
        (oids::PG_TS_DICT, _) => holds!(PgTsDict, pg_ts_dict, DICTNAME, dictnamespace),
        (oids::PG_TS_TEMPLATE, _) => holds!(PgTsTemplate, pg_ts_template, TMPLNAME, tmplnamespace),
        (oids::PG_TS_CONFIG, _) => holds!(PgTsConfig, pg_ts_config, CFGNAME, cfgnamespace),
        _ => Ok(true),
    }
}
