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

/// Forgets which objects an object depends on; who owns it stays.
pub fn forget_objects(cx: Ctx<'_>, dependent: ObjectAddress) -> Result<()> {
    let keys = [Key::oid(d::CLASSID, dependent.class), Key::oid(d::OBJID, dependent.object)];
    cx.catalog().delete_where::<PgDepend>(&keys).map(drop)
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

/// How an object came to be dropped, by bits: it may be reached in several ways.
mod flag {
    /// It was named.
    pub(super) const NAMED: u8 = 1;
    /// It needs CASCADE.
    pub(super) const NORMAL: u8 = 2;
    /// It goes silently with what it depends on.
    pub(super) const AUTO: u8 = 4;
    /// It is part of another.
    pub(super) const INTERNAL: u8 = 8;
    /// It is a column of a relation that goes, and needs nothing done.
    pub(super) const SUBOBJECT: u8 = 16;
}

/// An object that is to be dropped.
struct Target {
    object: ObjectAddress,
    flags: u8,
    /// The object through which it was found.
    on: ObjectAddress,
}

/// A search for all that a drop takes along. Targets are in the order in which they must be deleted.
struct Search<'a> {
    cx: Ctx<'a>,
    named: &'a [ObjectAddress],
    targets: Vec<Target>,
    /// Objects whose dependents are being looked for, outermost first, with how they were reached.
    stack: Vec<(ObjectAddress, u8)>,
}

/// Drops objects and, by CASCADE, what depends on them.
///
/// Errors: 2BP01 if something depends on them and the behaviour is RESTRICT, or if one of them is part of another object or
/// required by the system.
pub fn drop_objects(cx: Ctx<'_>, named: &[ObjectAddress], behavior: DropBehavior) -> Result<()> {
    let mut search = Search { cx, named, targets: Vec::new(), stack: Vec::new() };
    for object in named {
        if is_pinned(*object) {
            let name = describe(cx, *object)?;
            return Err(error!(
                DEPENDENT_OBJECTS_STILL_EXIST,
                "cannot drop {name} because it is required by the database system"
            ));
        }
        search.visit(*object, flag::NAMED)?;
    }
    let targets = search.targets;
    report_dependents(cx, &targets, named, behavior)?;
    for target in targets.iter().filter(|target| target.flags & flag::SUBOBJECT == 0) {
        remove_object(cx, target.object)?;
        forget(cx, target.object)?;
        cx.next_command()?;
    }
    Ok(())
}

/// True if the object is this one, or a column of it.
fn is_within(object: ObjectAddress, whole: ObjectAddress) -> bool {
    (object.class, object.object) == (whole.class, whole.object) && (whole.part == 0 || whole.part == object.part)
}

impl Search<'_> {
    /// Adds an object behind all that depends on it.
    fn visit(&mut self, object: ObjectAddress, flags: u8) -> Result<()> {
        if let Some((_, known)) = self.stack.iter_mut().rev().find(|(known, _)| is_within(object, *known)) {
            *known |= flags & !flag::NAMED;
            return Ok(());
        }
        if self.add_flags(object, flags) {
            return Ok(());
        }
        if let Some(owner) = self.owner_of(object)? {
            return self.visit_owner(object, owner, flags);
        }
        self.stack.push((object, flags));
        let mut dependents = self.dependents_of(object)?;
        // The youngest are deleted first.
        dependents.sort_by(|(a, _), (b, _)| (b.object, a.class, a.part).cmp(&(a.object, b.class, b.part)));
        for (dependent, flags) in dependents {
            self.visit(dependent, flags)?;
        }
        let (_, flags) = self.stack.pop().expect("the object was pushed");
        let on = self.stack.last().map_or(object, |(on, _)| *on);
        self.targets.push(Target { object, flags, on });
        Ok(())
    }

    /// True if the object, or the whole that it is a column of, is among the targets already.
    fn add_flags(&mut self, object: ObjectAddress, flags: u8) -> bool {
        let mut found = false;
        for target in &mut self.targets {
            if target.object == object {
                target.flags |= flags;
                found = true;
            } else if is_within(object, target.object) {
                // The whole goes because of it only if it would go because of the column.
                target.flags |= flags & !flag::NAMED & !flag::INTERNAL;
                found = true;
            } else if is_within(target.object, object) {
                target.flags |= flag::SUBOBJECT;
            }
        }
        found
    }

    /// What the object is part of, unless that is being dropped anyhow.
    fn owner_of(&self, object: ObjectAddress) -> Result<Option<ObjectAddress>> {
        let keys = [Key::oid(d::CLASSID, object.class), Key::oid(d::OBJID, object.object)];
        for row in self.cx.catalog().scan::<PgDepend>(&keys)? {
            if row.deptype != INTERNAL || (object.part != 0 && row.objsubid != object.part) {
                continue;
            }
            let owner = ObjectAddress { class: row.refclassid, object: row.refobjid, part: row.refobjsubid };
            let goes = self.named.iter().any(|named| is_within(owner, *named))
                || self.stack.iter().any(|(above, _)| is_within(owner, *above));
            if !goes {
                return Ok(Some(owner));
            }
        }
        Ok(None)
    }

    /// A part that was named cannot be dropped alone; one that was reached takes its whole along.
    fn visit_owner(&mut self, object: ObjectAddress, owner: ObjectAddress, flags: u8) -> Result<()> {
        if self.stack.is_empty() {
            let (part, whole) = (describe(self.cx, object)?, describe(self.cx, owner)?);
            let error = error!(DEPENDENT_OBJECTS_STILL_EXIST, "cannot drop {part} because {whole} requires it");
            return Err(error.hint(format!("You can drop {whole} instead.")));
        }
        self.visit(owner, flags)?;
        self.add_flags(object, flags);
        Ok(())
    }

    fn dependents_of(&self, object: ObjectAddress) -> Result<Vec<(ObjectAddress, u8)>> {
        let mut keys = vec![Key::oid(d::REFCLASSID, object.class), Key::oid(d::REFOBJID, object.object)];
        if object.part != 0 {
            keys.push(Key::int4(d::REFOBJSUBID, object.part));
        }
        let mut found: Vec<(ObjectAddress, u8)> = Vec::new();
        for row in self.cx.catalog().scan::<PgDepend>(&keys)? {
            let dependent = ObjectAddress { class: row.classid, object: row.objid, part: row.objsubid };
            // The columns of a relation go with it.
            if object.part == 0 && (dependent.class, dependent.object) == (object.class, object.object) {
                continue;
            }
            let flags = match row.deptype {
                b'a' => flag::AUTO,
                b'i' => flag::INTERNAL,
                _ => flag::NORMAL,
            };
            found.push((dependent, flags));
        }
        Ok(found)
    }
}

/// RESTRICT: an error that lists what depends. CASCADE: a notice that lists what goes along.
fn report_dependents(cx: Ctx<'_>, targets: &[Target], named: &[ObjectAddress], behavior: DropBehavior) -> Result<()> {
    let silent = flag::NAMED | flag::AUTO | flag::INTERNAL | flag::SUBOBJECT;
    let mut lines = Vec::new();
    for target in targets.iter().rev().filter(|target| target.flags & silent == 0) {
        let name = describe(cx, target.object)?;
        lines.push(match behavior {
            DropBehavior::Restrict => format!("{name} depends on {}", describe(cx, target.on)?),
            DropBehavior::Cascade => format!("drop cascades to {name}"),
        });
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
    let message = match named {
        [only] => format!("cannot drop {} because other objects depend on it", describe(cx, *only)?),
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
