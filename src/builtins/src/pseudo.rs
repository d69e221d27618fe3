//! Pseudo-types: their text forms cannot be read, and most cannot be printed.

use report::{Result, error};
use tuple::Datum;

fn refuse<T>(what: &str, type_name: &str) -> Result<T> {
    Err(error!(FEATURE_NOT_SUPPORTED, "cannot {what} a value of type {type_name}"))
}

fn refuse_shell<T>(what: &str) -> Result<T> {
    Err(error!(FEATURE_NOT_SUPPORTED, "cannot {what} a value of a shell type"))
}

builtins! {
    fn any_in(a: &Datum) -> Datum { refuse("accept", "any")? }
    fn any_out(a: &Datum) -> Datum { refuse("display", "any")? }
    fn anyarray_in(a: &Datum) -> Datum { refuse("accept", "anyarray")? }
    fn anyarray_recv(a: &Datum) -> Datum { refuse("accept", "anyarray")? }
    fn anycompatible_in(a: &Datum) -> Datum { refuse("accept", "anycompatible")? }
    fn anycompatible_out(a: &Datum) -> Datum { refuse("display", "anycompatible")? }
    fn anycompatiblearray_in(a: &Datum) -> Datum { refuse("accept", "anycompatiblearray")? }
    fn anycompatiblearray_recv(a: &Datum) -> Datum { refuse("accept", "anycompatiblearray")? }
    fn anycompatiblearray_out[cx](a: &Datum) -> Datum { crate::array::functions::symbols::array_out(cx, std::slice::from_ref(a))? }
    fn anycompatiblearray_send[cx](a: &Datum) -> Datum { crate::array::functions::symbols::array_send(cx, std::slice::from_ref(a))? }
    fn anycompatiblenonarray_in(a: &Datum) -> Datum { refuse("accept", "anycompatiblenonarray")? }
    fn anycompatiblenonarray_out(a: &Datum) -> Datum { refuse("display", "anycompatiblenonarray")? }
    fn anyelement_in(a: &Datum) -> Datum { refuse("accept", "anyelement")? }
    fn anyelement_out(a: &Datum) -> Datum { refuse("display", "anyelement")? }
    fn anyenum_in(a: &Datum) -> Datum { refuse("accept", "anyenum")? }
    fn anyenum_out[cx](a: &Datum) -> Datum { crate::enums::symbols::enum_out(cx, std::slice::from_ref(a))? }
    fn anynonarray_in(a: &Datum) -> Datum { refuse("accept", "anynonarray")? }
    fn anynonarray_out(a: &Datum) -> Datum { refuse("display", "anynonarray")? }
    fn internal_in(a: &Datum) -> Datum { refuse("accept", "internal")? }
    fn internal_out(a: &Datum) -> Datum { refuse("display", "internal")? }
    fn trigger_in(a: &Datum) -> Datum { refuse("accept", "trigger")? }
    fn trigger_out(a: &Datum) -> Datum { refuse("display", "trigger")? }
    fn event_trigger_in(a: &Datum) -> Datum { refuse("accept", "event_trigger")? }
    fn event_trigger_out(a: &Datum) -> Datum { refuse("display", "event_trigger")? }
    fn language_handler_in(a: &Datum) -> Datum { refuse("accept", "language_handler")? }
    fn language_handler_out(a: &Datum) -> Datum { refuse("display", "language_handler")? }
    fn index_am_handler_in(a: &Datum) -> Datum { refuse("accept", "index_am_handler")? }
    fn index_am_handler_out(a: &Datum) -> Datum { refuse("display", "index_am_handler")? }
    fn table_am_handler_in(a: &Datum) -> Datum { refuse("accept", "table_am_handler")? }
    fn table_am_handler_out(a: &Datum) -> Datum { refuse("display", "table_am_handler")? }
    fn tsm_handler_in(a: &Datum) -> Datum { refuse("accept", "tsm_handler")? }
    fn tsm_handler_out(a: &Datum) -> Datum { refuse("display", "tsm_handler")? }
    fn fdw_handler_in(a: &Datum) -> Datum { refuse("accept", "fdw_handler")? }
    fn fdw_handler_out(a: &Datum) -> Datum { refuse("display", "fdw_handler")? }
    fn pg_ddl_command_in(a: &Datum) -> Datum { refuse("accept", "pg_ddl_command")? }
    fn pg_ddl_command_out(a: &Datum) -> Datum { refuse("display", "pg_ddl_command")? }
    fn pg_ddl_command_recv(a: &Datum) -> Datum { refuse("accept", "pg_ddl_command")? }
    fn pg_ddl_command_send(a: &Datum) -> Datum { refuse("display", "pg_ddl_command")? }
    fn shell_in(a: &Datum) -> Datum { refuse_shell("accept")? }
    fn shell_out(a: &Datum) -> Datum { refuse_shell("display")? }
    fn pg_node_tree_in(a: &Datum) -> Datum { refuse("accept", "pg_node_tree")? }
    fn pg_node_tree_recv(a: &Datum) -> Datum { refuse("accept", "pg_node_tree")? }
    fn pg_ndistinct_in(a: &Datum) -> Datum { refuse("accept", "pg_ndistinct")? }
    fn pg_ndistinct_recv(a: &Datum) -> Datum { refuse("accept", "pg_ndistinct")? }
    fn pg_dependencies_in(a: &Datum) -> Datum { refuse("accept", "pg_dependencies")? }
    fn pg_dependencies_recv(a: &Datum) -> Datum { refuse("accept", "pg_dependencies")? }
    fn pg_mcv_list_in(a: &Datum) -> Datum { refuse("accept", "pg_mcv_list")? }
    fn pg_mcv_list_recv(a: &Datum) -> Datum { refuse("accept", "pg_mcv_list")? }
    fn domain_in[cx](text: Option<&str>, domain: base::Oid, type_mod: i32) -> Datum {
        let Some(text) = text else {
            cx.types.check_domain(domain, &Datum::Null)?;
            return Ok(Datum::Null);
        };
        let info = cx.types.type_info(domain)?;
        let value = crate::input(cx, info.base, info.base_mod, text)?;
        cx.types.check_domain(domain, &value)?;
        value
    }
    fn domain_recv[cx](bytes: &[u8], domain: base::Oid, type_mod: i32) -> Datum {
        let info = cx.types.type_info(domain)?;
        let value = crate::receive(cx, info.base, info.base_mod, bytes)?;
        cx.types.check_domain(domain, &value)?;
        value
    }
}
