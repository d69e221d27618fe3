//! COMMENT ON.

use crate::address::{ObjectAddress, unsupported_kind};
use crate::{Execution, Tag, object};
use catalog::columns::{pg_description as d, pg_shdescription as sh};
use catalog::oids;
use catalog::rows::{PgDescription, PgShdescription};
use instance::Ctx;
use parser::ast::{CommentStmt, ObjectName, ObjectType};
use report::{Error, Result, Severity, SqlState, error};
use schema::Key;

/// COMMENT ON.
pub(crate) fn comment_on(ex: &mut Execution<'_, '_>, statement: &CommentStmt) -> Result<Tag> {
    let cx = ex.cx;
    let tag = Tag::Plain("COMMENT");
    if let (ObjectType::Database, ObjectName::Name(name)) = (statement.object_type, &statement.object)
        && cx.catalog().database_by_name(name)?.is_none()
    {
        // A dump may be restored under another name.
        let message = format!("database \"{name}\" does not exist");
        cx.session.notice(Error::with_severity(Severity::Warning, SqlState::UNDEFINED_DATABASE, message));
        return Ok(tag);
    }
    let found = object::find(ex, statement.object_type, &statement.object)?;
    found.check_owner(cx)?;
    if statement.object_type == ObjectType::Column {
        check_column_holder(cx, found.address)?;
    }
    let text = statement.comment.as_deref().filter(|text| !text.is_empty());
    set_comment(cx, found.address, text)?;
    Ok(tag)
}

fn check_column_holder(cx: Ctx<'_>, column: ObjectAddress) -> Result<()> {
    let Some(class) = cx.catalog().class(column.object)? else { return Ok(()) };
    match class.relkind {
        b'r' | b'v' | b'm' | b'c' | b'f' | b'p' => Ok(()),
        kind => {
            let error = error!(WRONG_OBJECT_TYPE, "cannot set comment on relation \"{}\"", class.relname);
            Err(error.detail(unsupported_kind(kind)))
        }
    }
}

/// Sets an object's comment, or removes it.
pub(crate) fn set_comment(cx: Ctx<'_>, object: ObjectAddress, text: Option<&str>) -> Result<()> {
    match object.class {
        oids::PG_AUTHID | oids::PG_DATABASE | oids::PG_TABLESPACE => set_shared(cx, object, text),
        _ => set_local(cx, object, text),
    }
}

fn set_local(cx: Ctx<'_>, object: ObjectAddress, text: Option<&str>) -> Result<()> {
    let catalog = cx.catalog();
    let keys =
        [Key::oid(d::OBJOID, object.object), Key::oid(d::CLASSOID, object.class), Key::int4(d::OBJSUBID, object.part)];
    catalog.delete_where::<PgDescription>(&keys)?;
    let Some(text) = text else { return Ok(()) };
    let (objoid, classoid, objsubid) = (object.object, object.class, object.part);
    catalog.insert(&PgDescription { objoid, classoid, objsubid, description: text.to_owned() }).map(drop)
}

fn set_shared(cx: Ctx<'_>, object: ObjectAddress, text: Option<&str>) -> Result<()> {
    let catalog = cx.catalog();
    let keys = [Key::oid(sh::OBJOID, object.object), Key::oid(sh::CLASSOID, object.class)];
    catalog.delete_where::<PgShdescription>(&keys)?;
    let Some(text) = text else { return Ok(()) };
    let (objoid, classoid) = (object.object, object.class);
    catalog.insert(&PgShdescription { objoid, classoid, description: text.to_owned() }).map(drop)
}
