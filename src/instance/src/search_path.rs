//! The schemas that unqualified names are looked for in.
//!
//! `search_path` lists names; those that name no schema, or one that the user may not use, are passed over. pg_catalog comes first
//! unless it is listed, and the temporary schema before it likewise. The first of the listed ones that exists is where new
//! objects go.

use crate::Ctx;
use crate::privileges::Privileges;
use crate::session_state::{CachedSearchPath, SearchPath};
use base::Oid;
use config::Setting;
use report::Result;
use std::sync::Arc;

/// The schema of the system catalogs.
pub const PG_CATALOG: Oid = Oid(11);

impl Ctx<'_> {
    /// The session's search path now. Cached until the setting, the user or some schema changes.
    pub fn search_path(self) -> Result<Arc<SearchPath>> {
        let session = self.session;
        let text = Arc::clone(session.settings.borrow().text(Setting::SearchPath));
        let (user, temp) = (session.current_user(), session.temp_namespace.get());
        let changes = self.instance.caches.changes();
        let is_own_view = !session.overlay.is_empty();
        {
            let cached = session.search_path.borrow();
            let is_same = Arc::ptr_eq(&cached.text, &text) || *cached.text == *text;
            if !is_own_view && is_same && (cached.user, cached.temp, cached.changes) == (user, temp, changes) {
                return Ok(Arc::clone(&cached.path));
            }
        }
        let path = Arc::new(self.compute_search_path(&text)?);
        let changes = if is_own_view { u64::MAX } else { changes };
        *session.search_path.borrow_mut() = CachedSearchPath { text, user, temp, changes, path: Arc::clone(&path) };
        Ok(path)
    }

    fn compute_search_path(self, text: &str) -> Result<SearchPath> {
        let mut explicit = Vec::new();
        for name in split_names(text) {
            if let Some(namespace) = self.path_entry(&name)?
                && !explicit.contains(&namespace)
            {
                explicit.push(namespace);
            }
        }
        let temp = self.session.temp_namespace.get();
        let mut namespaces = Vec::with_capacity(explicit.len() + 2);
        let implicit = [temp, PG_CATALOG].into_iter().filter(|n| n.is_valid() && !explicit.contains(n));
        namespaces.extend(implicit);
        namespaces.extend_from_slice(&explicit);
        let creation = explicit.first().copied().unwrap_or(Oid::INVALID);
        Ok(SearchPath { namespaces: namespaces.into(), creation, explicit: explicit.into() })
    }

    /// The schema that an entry of the setting means, if it exists and may be used.
    fn path_entry(self, name: &str) -> Result<Option<Oid>> {
        let catalog = self.catalog();
        let user = self.session.current_user();
        let found = match name {
            "$user" => catalog.namespace_by_name(&self.role_name(user)?)?,
            "pg_temp" => {
                let temp = self.session.temp_namespace.get();
                return Ok(temp.is_valid().then_some(temp));
            }
            name => catalog.namespace_by_name(name)?,
        };
        match found {
            Some(row) if self.may_use_schema(user, &row, Privileges::USAGE)? => Ok(Some(row.oid)),
            _ => Ok(None),
        }
    }
}

/// The names of a list setting: separated by commas, folded to lower case unless quoted.
pub fn split_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = next_name(rest);
        names.push(name);
        rest = after.trim_start().strip_prefix(',').unwrap_or_default().trim_start();
    }
    names
}

fn next_name(text: &str) -> (String, &str) {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        return (text[..end].trim_end().to_lowercase(), &text[end..]);
    };
    let mut name = String::new();
    loop {
        match rest.split_once('"') {
            None => return (name + rest, ""),
            Some((part, after)) => {
                name.push_str(part);
                match after.strip_prefix('"') {
                    Some(more) => {
                        name.push('"');
                        rest = more;
                    }
                    None => return (name, after),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split_names;

    #[test]
    fn names_are_split_and_folded() {
        assert_eq!(split_names("\"$user\", Public"), ["$user", "public"]);
        assert_eq!(split_names("\"a\"\"b,c\" ,D"), ["a\"b,c", "d"]);
        assert!(split_names("  ").is_empty());
        assert_eq!(split_names("\"\""), [""]);
    }
}
