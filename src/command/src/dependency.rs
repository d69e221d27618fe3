//! Dependencies between objects: recording them, and dropping an object with all that depends on it.
//!
//! A row of pg_depend says that an object depends on another, and how: `n`ormal (a drop needs CASCADE), `a`utomatic (goes silently with
//! the other), `i`nternal (part of the other: dropping it alone is refused, or means the other), `e`xtension. Objects of initdb are
//! pinned: their oids are below a bound, and nothing depends on them by a row.
//!
//! A drop collects first, then says what RESTRICT forbids or CASCADE takes along, then deletes, dependents first.

use crate::address::{ObjectAddress, describe};
use crate::remove::remove_object;
use base::Oid;
use catalog::columns::{pg_depend as d, pg_shdepend as sh};
use catalog::oids;
use catalog::rows::{PgDepend, PgShdepend};
use instance::Ctx;
use parser::ast::DropBehavior;
use report::{Error, Result, Severity, SqlState, error};
use schema::Key;
use std::collections::BTreeSet;

/// pg_depend.deptype of a part.
pub const INTERNAL: u8 = Dependency::Internal as u8;

/// How one object depends on another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Dependency {
    /// Dropping the other needs CASCADE.
    Normal = b'n',
    /// Dropping the other drops this silently.
    Auto = b'a',
    /// This is part of the other.
    Internal = b'i',
}

/// At most this many dependents are named in a message's detail; the log has them all.
const REPORTED_MAX: usize = 100;

/// True for objects that came with the cluster and are never dropped.
pub fn is_pinned(address: ObjectAddress) -> bool {
    address.object < Oid::FIRST_UNPINNED
        && !(address.class == oids::PG_NAMESPACE && address.object == Oid(2200))
        && address.class != oids::PG_DATABASE
}

/// Records that `dependent` depends on `on`. Nothing is recorded for a pinned object.
pub fn record(cx: Ctx<'_>, dependent: ObjectAddress, on: ObjectAddress, kind: Dependency) -> Result<()> {
    if is_pinned(on) {
        return Ok(());
    }
    let row = PgDepend {
        classid: dependent.class,
        objid: dependent.object,
        objsubid: dependent.part,
        refclassid: on.class,
        refobjid: on.object,
        refobjsubid: on.part,
        deptype: kind as u8,
    };
    cx.catalog().insert(&row).map(drop)
}

/// Records dependencies on several objects, each once.
pub fn record_all(
    cx: Ctx<'_>,
    dependent: ObjectAddress,
    on: impl IntoIterator<Item = ObjectAddress>,
    kind: Dependency,
) -> Result<()> {
    let distinct: BTreeSet<ObjectAddress> = on.into_iter().filter(|on| *on != dependent).collect();
    distinct.into_iter().try_for_each(|on| record(cx, dependent, on, kind))
}

/// Records who owns an object.
pub fn record_owner(cx: Ctx<'_>, object: ObjectAddress, owner: Oid) -> Result<()> {
    record_shared(cx, object, owner, b'o')
}

/// Records that an object mentions a role: as owner (`o`), in its access list (`a`).
pub fn record_shared(cx: Ctx<'_>, object: ObjectAddress, role: Oid, kind: u8) -> Result<()> {
    if role < Oid::FIRST_UNPINNED {
        return Ok(());
    }
    let row = PgShdepend {
        dbid: database_of(cx, object.class),
        classid: object.class,
        objid: object.object,
        objsubid: object.part,
        refclassid: oids::PG_AUTHID,
        refobjid: role,
        deptype: kind,
    };
    cx.catalog().insert(&row).map(drop)
}

/// The database that an object of this catalog is in: zero for shared ones.
pub fn database_of(cx: Ctx<'_>, class: Oid) -> Oid {
    if catalog::is_shared_relation(class) { Oid::INVALID } else { cx.session.database }
}

/// Forgets what an object depends on.
pub fn forget(cx: Ctx<'_>, dependent: ObjectAddress) -> Result<()> {
    let mut keys = vec![Key::oid(d::CLASSID, dependent.class), Key::oid(d::OBJID, dependent.object)];
    if dependent.part != 0 {
        keys.push(Key::int4(d::OBJSUBID, dependent.part));
    }
    cx.catalog().delete_where::<PgDepend>(&keys)?;
    forget_shared(cx, dependent)
}

/// Forgets which roles an object mentions.
pub fn forget_shared(cx: Ctx<'_>, object: ObjectAddress) -> Result<()> {
    let mut keys = vec![
        Key::oid(sh::DBID, database_of(cx, object.class)),
        Key::oid(sh::CLASSID, object.class),
        Key::oid(sh::OBJID, object.object),
    ];
    if object.part != 0 {
        keys.push(Key::int4(sh::OBJSUBID, object.part));
    }
    cx.catalog().delete_where::<PgShdepend>(&keys).map(drop)
}

/// Why an object is dropped along.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reason {
    /// It was named.
    Named,
    /// It is part of one that goes, or goes silently with it.
    Silent,
    /// It needs CASCADE: it depends on the object at this place of the list.
    Cascade(usize),
}

/// Drops objects and, by CASCADE, what depends on them.
///
/// Errors: 2BP01 if something depends on them and the behaviour is RESTRICT, or if one of them is part of another object or
/// required by the system.
pub fn drop_objects(cx: Ctx<'_>, named: &[ObjectAddress], behavior: DropBehavior) -> Result<()> {
    let mut targets: Vec<(ObjectAddress, Reason)> = Vec::new();
    for object in named {
        if is_pinned(*object) {
            let name = describe(cx, *object)?;
            return Err(error!(
                DEPENDENT_OBJECTS_STILL_EXIST,
                "cannot drop {name} because it is required by the database system"
            ));
        }
        let object = owner_of_part(cx, *object, named)?;
        if !targets.iter().any(|(known, _)| *known == object) {
            targets.push((object, Reason::Named));
        }
    }
    let mut next = 0;
    while next < targets.len() {
        add_dependents(cx, &mut targets, next)?;
        next += 1;
    }
    report_dependents(cx, &targets, behavior)?;
    for (object, _) in targets.iter().rev() {
        remove_object(cx, *object)?;
        forget(cx, *object)?;
    }
    Ok(())
}

/// An object that is part of another stands for it if both are dropped; alone it cannot be dropped.
fn owner_of_part(cx: Ctx<'_>, object: ObjectAddress, named: &[ObjectAddress]) -> Result<ObjectAddress> {
    let keys = [Key::oid(d::CLASSID, object.class), Key::oid(d::OBJID, object.object)];
    for row in cx.catalog().scan::<PgDepend>(&keys)? {
        let owner = ObjectAddress { class: row.refclassid, object: row.refobjid, part: row.refobjsubid };
        let is_part = row.deptype == b'i' && (row.objsubid == object.part || object.part == 0 && row.objsubid == 0);
        if is_part && !named.contains(&owner) {
            let (part, whole) = (describe(cx, object)?, describe(cx, owner)?);
            let error = error!(DEPENDENT_OBJECTS_STILL_EXIST, "cannot drop {part} because {whole} requires it");
            return Err(error.hint(format!("You can drop {whole} instead.")));
        }
    }
    Ok(object)
}

/// Adds what depends on the target at this place.
fn add_dependents(cx: Ctx<'_>, targets: &mut Vec<(ObjectAddress, Reason)>, place: usize) -> Result<()> {
    let on = targets[place].0;
    let keys = [Key::oid(d::REFCLASSID, on.class), Key::oid(d::REFOBJID, on.object)];
    for row in cx.catalog().scan::<PgDepend>(&keys)? {
        if on.part != 0 && row.refobjsubid != on.part {
            continue;
        }
        let dependent = ObjectAddress { class: row.classid, object: row.objid, part: row.objsubid };
        if dependent.class == on.class && dependent.object == on.object && (dependent.part == on.part || on.part == 0) {
            continue;
        }
        let (dependent, reason) = match row.deptype {
            b'i' | b'a' => (dependent, Reason::Silent),
            _ => (whole_of_internal(cx, dependent)?, Reason::Cascade(place)),
        };
        match targets.iter().position(|(known, _)| *known == dependent) {
            None => targets.push((dependent, reason)),
            // It must be deleted before what it depends on: dependents are deleted from the end.
            Some(known) if known < place && known != 0 => {
                let (object, earlier) = targets.remove(known);
                targets.push((object, earlier));
                return Ok(());
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// A rule or index that is part of a view or constraint stands for it: dropping one means dropping the other.
fn whole_of_internal(cx: Ctx<'_>, object: ObjectAddress) -> Result<ObjectAddress> {
    let keys = [Key::oid(d::CLASSID, object.class), Key::oid(d::OBJID, object.object)];
    let rows = cx.catalog().scan::<PgDepend>(&keys)?;
    let owner = rows.iter().find(|row| row.deptype == b'i' && row.objsubid == object.part);
    Ok(owner.map_or(object, |row| ObjectAddress { class: row.refclassid, object: row.refobjid, part: row.refobjsubid }))
}

/// RESTRICT: an error that lists what depends. CASCADE: a notice that lists what goes along.
fn report_dependents(cx: Ctx<'_>, targets: &[(ObjectAddress, Reason)], behavior: DropBehavior) -> Result<()> {
    let mut lines = Vec::new();
    for (object, reason) in targets {
        if let Reason::Cascade(on) = reason {
            let name = describe(cx, *object)?;
            lines.push(match behavior {
                DropBehavior::Restrict => format!("{name} depends on {}", describe(cx, targets[*on].0)?),
                DropBehavior::Cascade => format!("drop cascades to {name}"),
            });
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    let detail = shorten(&lines);
    if behavior == DropBehavior::Cascade {
        let notice = match lines.len() {
            1 => Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, lines.remove(0)),
            count => {
                let message = format!("drop cascades to {count} other objects");
                Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message).detail(detail)
            }
        };
        cx.session.notice(notice);
        return Ok(());
    }
    let named: Vec<_> = targets.iter().filter(|(_, reason)| *reason == Reason::Named).collect();
    let message = match &named[..] {
        [(only, _)] => format!("cannot drop {} because other objects depend on it", describe(cx, *only)?),
        _ => "cannot drop desired object(s) because other objects depend on them".to_owned(),
    };
    let error = Error::new(SqlState::DEPENDENT_OBJECTS_STILL_EXIST, message).detail(detail);
    Err(error.hint("Use DROP ... CASCADE to drop the dependent objects too."))
}

fn shorten(lines: &[String]) -> String {
    let shown = lines.iter().take(REPORTED_MAX).cloned().collect::<Vec<_>>().join("\n");
    match lines.len().saturating_sub(REPORTED_MAX) {
        0 => shown,
        1 => format!("{shown}\nand 1 other object (see server log for list)"),
        more => format!("{shown}\nand {more} other objects (see server log for list)"),
    }
}
