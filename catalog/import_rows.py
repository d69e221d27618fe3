"""The rows that import.py takes. Separate from it only for length."""


def impl_lists():
    """Which symbols exist: builtins and set-returning ones; system functions; aggregates; and whether builtins that are wanted
    but are not there yet are taken too.

    symbols.txt has lines `symbol builtin`, `symbol srf`, `name aggregate oid`, `name window oid`."""
    words = [l.split() for l in lines("src/builtins/symbols.txt") or [] if l]
    return ({w[0] for w in words if w[1] in ("builtin", "srf")},
            {l for l in lines("catalog/system_functions.txt") if l},
            {int(w[2]) for w in words if w[1] == "aggregate"} | {l for l in lines("catalog/aggregates.txt") if l},
            bool(os.environ.get("ALL_BUILTINS")))


# Symbols of features that do not exist yet; they would otherwise be taken while not all builtins are there.
ABSENT_SYMBOLS = re.compile(r"""^(
    be_lo.*|.*loread|.*lowrite|binary_upgrade_.*|brin_.*|gin_.*|gist.*|spg.*|ts_.*|tsvector.*|xml.*|pg_logical.*|pg_event_trigger.*|
    amvalidate|postgresql_fdw.*|.*subdiff|bittyp.*|varbittyp.*|event_trigger_.*|pg_extension.*|pg_available_ext.*|
    pg_import.*|pg_stop_making.*|currtid.*|satisfies_hash.*|suppress_red.*|unique_key_rech.*|pg_stats_ext.*|pg_copy_.*|
    .*replication.*|.*fdw.*|has_foreign_data.*|has_server_.*|pg_backup_.*|pg_create_restore.*|pg_export_snap.*|
    pg_get_(backend_memory|shmem|wal_res|catalog_foreign|multixact|object_address|publication|wal_replay).*|pg_log_backend.*|
    pg_jit.*|pg_promote|pg_wal_replay.*|pg_last_.*|pg_xact_commit_timestamp.*|pg_ls_(repl|logical).*|pg_config|pg_control_.*|
    pg_stat_get_(subscription|wal_receiver|wal_senders|recovery_prefetch).*|pg_stat_reset_sub.*|pg_conversion_is.*|pg_ts_.*|
    pg_safe_snap.*|mxid_age|pg_identify_object_as.*|pg_nextoid|regconfig.*|regdictionary.*|get_current_ts_config|to_ascii.*|
    length_in_encoding|btequalimage|btvarstrequalimage|
    # Transition functions: aggregates are implemented whole.
    .*_accum|.*_accum_inv|float8_(avg|combine|corr|covar|regr|stddev|var).*|int[248]_sum|int4_avg_combine|int8_avg|int2int4_sum|
    interval_(avg|combine)|int8inc_float8_float8
    )$""", re.X)

# Functions that PostgreSQL names on their own and that are another one here.
SAME_AS = {"pg_node_tree_out": "textout", "pg_node_tree_send": "textsend"}

# Entry points that are named in catalogs but never called through a function's oid.
MARKERS = set("""heap_tableam_handler bthandler hashhandler array_subscript_handler raw_array_subscript_handler
  jsonb_subscript_handler fmgr_internal_validator fmgr_sql_validator fmgr_c_validator
  eqsel neqsel scalarltsel scalarlesel scalargtsel scalargesel eqjoinsel neqjoinsel scalarltjoinsel scalarlejoinsel
  scalargtjoinsel scalargejoinsel likesel likejoinsel nlikesel nlikejoinsel iclikesel iclikejoinsel icnlikesel
  icnlikejoinsel regexeqsel regexeqjoinsel regexnesel regexnejoinsel icregexeqsel icregexeqjoinsel icregexnesel
  icregexnejoinsel prefixsel prefixjoinsel matchingsel matchingjoinsel contsel contjoinsel arraycontsel
  arraycontjoinsel networksel networkjoinsel areasel areajoinsel positionsel positionjoinsel
  index_am_handler_in index_am_handler_out table_am_handler_in table_am_handler_out language_handler_in language_handler_out
  any_in any_out anyarray_in anycompatible_in anycompatible_out anycompatiblearray_in anycompatiblearray_out
  anycompatiblearray_send anycompatiblenonarray_in anycompatiblenonarray_out anyelement_in anyelement_out anyenum_in anyenum_out
  anynonarray_in anynonarray_out trigger_in trigger_out shell_in shell_out pg_node_tree_in pg_ndistinct_in pg_ndistinct_out
  pg_ndistinct_send pg_dependencies_in pg_dependencies_out pg_dependencies_send pg_mcv_list_in pg_mcv_list_out
  pg_mcv_list_send""".split())

SQL_SYMBOLS = {"pg_relation_size": "pg_relation_size_1arg", "pg_sleep_for": "pg_sleep_for", "pg_sleep_until": "pg_sleep_until",
               "shobj_description": "shobj_description", "col_description": "col_description"}


def text_array(s):
    return s


# The domains of information_schema. Their checks (not negative; YES or NO) hold for all that its views give.
DOMAINS = [
    {"oid": oid, "typname": name, "typnamespace": "information_schema", "typarray": oid - 1, "typtype": "d", "typbasetype": base,
     "typcategory": category, "typinput": "domain_in", "typreceive": "domain_recv"} | more
    for oid, name, base, category, more in (
        (13221, "cardinal_number", "int4", "N", {"typlen": 4, "typbyval": True, "typalign": "i", "typoutput": "int4out", "typsend": "int4send"}),
        (13224, "character_data", "varchar", "S", {"typalign": "i", "typstorage": "x", "typcollation": "C", "typoutput": "varcharout", "typsend": "varcharsend"}),
        (13226, "sql_identifier", "name", "S", {"typlen": 64, "typalign": "c", "typcollation": "C", "typoutput": "nameout", "typsend": "namesend"}),
        (13232, "time_stamp", "timestamptz", "D", {"typlen": 8, "typbyval": True, "typalign": "d", "typtypmod": 2, "typoutput": "timestamptz_out", "typsend": "timestamptz_send"}),
        (13234, "yes_or_no", "varchar", "S", {"typalign": "i", "typstorage": "x", "typcollation": "C", "typtypmod": 7, "typoutput": "varcharout", "typsend": "varcharsend"}),
    )]


# Functions of information_schema that drivers call. PostgreSQL writes them in SQL.
FUNCTIONS = [
    {"oid": 13208, "proname": "_pg_expandarray", "pronamespace": "information_schema", "prosrc": "pg_expandarray", "impl": "srf",
     "proargtypes": "anyarray", "prorettype": "record", "prorows": 1000, "proretset": True,
     "proallargtypes": ["anyarray", "anyelement", "int4"], "proargmodes": "ioo", "proargnames": ["", "x", "n"]}]


class Picker:
    def __init__(self, names):
        self.n = names
        self.builtin, self.system, self.aggs, self.wanted_too = impl_lists()
        self.out = {}
        self.pick_types_set()
        self.pick_procs()

    def pick_types_set(self):
        rows = rows_of(f"select oid::int8 as oid, typname, typelem::int8 as elem, typlen, typrelid::int8 as rel, typcategory as cat, typinput::text as input from pg_type where oid < {FIRST_FREE}")
        is_there = lambda r: r["input"] in self.builtin
        gone = {r["oid"] for r in rows if r["typname"] in ABSENT_TYPES and not is_there(r) or r["rel"]}
        gone |= {r["oid"] for r in rows if r["cat"] == "A" and r["elem"] in gone and r["typlen"] == -1}
        self.types = {r["oid"] for r in rows} - gone

    def symbol(self, r):
        if r["lang"] != 14:
            return SAME_AS.get(r["prosrc"], r["prosrc"])
        args = [self.n.types[int(o)] for o in r["proargtypes"].split()]
        if r["proname"] in SQL_SYMBOLS:
            return SQL_SYMBOLS[r["proname"]]
        if r["proname"] == "obj_description":
            return "obj_description" if len(args) == 2 else "obj_description_1arg"
        same = [p for p in self.n.procs.values() if p == r["proname"]]
        return r["proname"] if same else "_".join([r["proname"]] + args)

    def impl(self, r, symbol, internal):
        if symbol in MARKERS:
            return "marker"
        if r["prokind"] == "a":
            return "aggregate" if r["proname"] in self.aggs or r["oid"] in self.aggs else None
        if r["prokind"] == "w":
            return "window"
        if symbol.startswith("RI_FKey"):
            return "trigger"
        if symbol in self.builtin and not internal:
            return "srf" if r["proretset"] else "builtin"
        if symbol in self.system:
            return "system_srf" if r["proretset"] else "system"
        if internal:
            return "io" if r["oid"] in self.receive or symbol == "domain_recv" else None
        if not self.wanted_too or ABSENT_SYMBOLS.match(symbol):
            return None
        return "srf" if r["proretset"] else "builtin"

    def pick_procs(self):
        cols = columns(1255)
        self.receive = {r["o"] for r in rows_of(f"select typreceive::oid::int8 as o from pg_type where oid < {FIRST_FREE}")}
        rows = rows_of(f"""select oid::int8 as oid, proname, prolang::int8 as lang, procost, prorows,
            provariadic::int8 as provariadic, prokind, prosecdef, proleakproof, proisstrict, proretset, provolatile,
            proparallel, pronargs, pronargdefaults, prorettype::int8 as prorettype, proargtypes::text as proargtypes,
            proallargtypes::int8[] as proallargtypes, proargmodes::text[] as proargmodes, proargnames, prosrc,
            proconfig, proacl::text as proacl,
            (select array_agg(pg_get_function_arg_default(oid, n) order by n)
               from generate_series(pronargs - pronargdefaults + 1, pronargs) n where pronargdefaults > 0) as defaults
            from pg_proc where oid < {FIRST_FREE} and prolang in (12, 14) order by oid""")
        self.proc_rows, self.procs = [], set()
        for r in rows:
            types = [int(o) for o in r["proargtypes"].split()]
            used = types + [r["prorettype"]] + (r["proallargtypes"] or [])
            internal = 2281 in used
            if any(t not in self.types for t in used) and not internal:
                continue
            if any(t not in self.types and t != 2281 for t in used):
                continue
            symbol = self.symbol(r)
            impl = self.impl(r, symbol, internal)
            if impl is None:
                continue
            self.procs.add(r["oid"])
            n = self.n
            d = {"oid": r["oid"], "proname": r["proname"]}
            if symbol != r["proname"]:
                d["prosrc"] = symbol if r["prokind"] == "f" else r["prosrc"]
            d["impl"] = impl
            d["proargtypes"] = " ".join(n.types[t] for t in types)
            d["prorettype"] = n.types[r["prorettype"]]
            for c, default in (("procost", 1), ("prorows", 0), ("prokind", "f"), ("prosecdef", False), ("proleakproof", False),
                               ("proisstrict", True), ("proretset", False), ("provolatile", "i"), ("proparallel", "s")):
                if r[c] != default:
                    d[c] = r[c]
            if r["provariadic"]:
                d["provariadic"] = n.types[r["provariadic"]]
            if r["proallargtypes"]:
                d["proallargtypes"] = [n.types[t] for t in r["proallargtypes"]]
                d["proargmodes"] = "".join(r["proargmodes"])
            if r["proargnames"]:
                d["proargnames"] = r["proargnames"]
            if r["pronargdefaults"]:
                d["proargdefaults"] = r["defaults"]
            if r["proacl"]:
                d["proacl"] = r["proacl"]
            self.proc_rows.append(d)
        self.out["pg_proc"] = self.proc_rows + FUNCTIONS

    def proc(self, oid):
        return self.n.procs[oid] if oid in self.procs else "-"

    def pick_types(self):
        out = []
        for r in rows_of(f"""select oid::int8 as oid, typname, typlen, typbyval, typtype, typcategory, typispreferred,
               typdelim, typsubscript::oid::int8 as typsubscript, typelem::int8 as typelem, typarray::int8 as typarray,
               typinput::oid::int8 as typinput, typoutput::oid::int8 as typoutput, typreceive::oid::int8 as typreceive,
               typsend::oid::int8 as typsend, typmodin::oid::int8 as typmodin, typmodout::oid::int8 as typmodout,
               typalign, typstorage, typcollation::int8 as typcollation from pg_type where oid < {FIRST_FREE} order by oid"""):
            if r["oid"] not in self.types or r["typname"].startswith("_"):
                continue
            n = self.n
            d = {"oid": r["oid"], "typname": r["typname"]}
            if r["typarray"]:
                d["typarray"] = r["typarray"]
            for c, default in (("typlen", -1), ("typbyval", False), ("typtype", "b"), ("typcategory", "A"), ("typispreferred", False), ("typdelim", ",")):
                if r[c] != default:
                    d[c] = r[c]
            if r["typelem"]:
                d["typelem"] = n.types[r["typelem"]]
            for c in ("typsubscript", "typinput", "typoutput", "typreceive", "typsend", "typmodin", "typmodout"):
                d[c] = self.proc(r[c])
                if c in ("typsubscript", "typmodin", "typmodout") and d[c] == "-":
                    del d[c]
            d["typalign"] = r["typalign"]
            if r["typstorage"] != "p":
                d["typstorage"] = r["typstorage"]
            if r["typcollation"]:
                d["typcollation"] = n.collations[r["typcollation"]]
            out.append(d)
        out += DOMAINS
        # Array types follow from their element's typarray, but for the pseudo-types that have a row of their own.
        self.out["pg_type"] = out

    def pick_operators(self):
        rows = rows_of(f"""select oid::int8 as oid, oprname, oprkind, oprcanmerge, oprcanhash, oprleft::int8 as oprleft, oprright::int8 as oprright,
            oprresult::int8 as oprresult, oprcom::int8 as oprcom, oprnegate::int8 as oprnegate, oprcode::oid::int8 as oprcode,
            oprrest::oid::int8 as oprrest, oprjoin::oid::int8 as oprjoin from pg_operator where oid < {FIRST_FREE} order by oid""")
        keep = [r for r in rows if r["oprcode"] in self.procs and all(t == 0 or t in self.types for t in (r["oprleft"], r["oprright"], r["oprresult"]))]
        self.operators = {r["oid"] for r in keep}
        out = []
        for r in keep:
            n = self.n
            d = {"oid": r["oid"], "oprname": r["oprname"]}
            if r["oprkind"] != "b":
                d["oprkind"] = r["oprkind"]
            if r["oprcanmerge"]:
                d["oprcanmerge"] = True
            if r["oprcanhash"]:
                d["oprcanhash"] = True
            d |= {"oprleft": n.type(r["oprleft"]), "oprright": n.type(r["oprright"]), "oprresult": n.type(r["oprresult"])}
            for c in ("oprcom", "oprnegate"):
                if r[c] in self.operators:
                    d[c] = n.operators[r[c]]
            d["oprcode"] = self.proc(r["oprcode"])
            for c in ("oprrest", "oprjoin"):
                if r[c] in self.procs:
                    d[c] = self.proc(r[c])
            out.append(d)
        self.out["pg_operator"] = out

    def pick_opclasses(self):
        n = self.n
        ops = [r for r in rows_of(f"select * from (select oid::int8 as oid, amopfamily::int8 as f, amoplefttype::int8 as l, amoprighttype::int8 as r, amopstrategy as s, amopopr::int8 as o, amoppurpose as p, amopmethod::int8 as m from pg_amop where oid < {FIRST_FREE}) x order by f, l, r, s")
               if n.ams[r["m"]] in PRESENT_AMS and r["o"] in self.operators and r["l"] in self.types and r["r"] in self.types and r["p"] == "s"]
        procs = [r for r in rows_of(f"select * from (select oid::int8 as oid, amprocfamily::int8 as f, amproclefttype::int8 as l, amprocrighttype::int8 as r, amprocnum as n, amproc::oid::int8 as p from pg_amproc where oid < {FIRST_FREE}) x order by f, l, r, n")
                 if n.opfamilies[r["f"]].split("/")[0] in PRESENT_AMS and r["p"] in self.procs and r["l"] in self.types and r["r"] in self.types]
        have = {r["f"] for r in ops} & {r["f"] for r in procs}
        fams = [r for r in rows_of(f"select oid::int8 as oid, opfname, opfmethod::int8 as m from pg_opfamily where oid < {FIRST_FREE} order by oid") if r["oid"] in have]
        self.out["pg_opfamily"] = [{"oid": r["oid"], "opfmethod": n.ams[r["m"]], "opfname": r["opfname"]} for r in fams]
        classes = [r for r in rows_of(f"select oid::int8 as oid, opcmethod::int8 as m, opcname, opcfamily::int8 as f, opcintype::int8 as t, opcdefault, opckeytype::int8 as k from pg_opclass where oid < {FIRST_FREE} order by oid")
                   if r["f"] in have and r["t"] in self.types]
        out = []
        for r in classes:
            d = {"oid": r["oid"], "opcmethod": n.ams[r["m"]], "opcname": r["opcname"], "opcfamily": n.opfamilies[r["f"]], "opcintype": n.types[r["t"]]}
            if not r["opcdefault"]:
                d["opcdefault"] = False
            if r["k"]:
                d["opckeytype"] = n.types[r["k"]]
            out.append(d)
        self.out["pg_opclass"] = out
        self.out["pg_amop"] = [{"oid": r["oid"], "amopfamily": n.opfamilies[r["f"]], "amoplefttype": n.types[r["l"]], "amoprighttype": n.types[r["r"]],
                                "amopstrategy": r["s"], "amopopr": n.operators[r["o"]], "amopmethod": n.ams[r["m"]]} for r in ops if r["f"] in have]
        self.out["pg_amproc"] = [{"oid": r["oid"], "amprocfamily": n.opfamilies[r["f"]], "amproclefttype": n.types[r["l"]], "amprocrighttype": n.types[r["r"]],
                                  "amprocnum": r["n"], "amproc": self.proc(r["p"])} for r in procs if r["f"] in have]

    def pick_casts(self):
        n = self.n
        self.out["pg_cast"] = [
            {"oid": r["oid"], "castsource": n.types[r["s"]], "casttarget": n.types[r["t"]], "castfunc": self.proc(r["f"]) if r["f"] else "0",
             "castcontext": r["castcontext"], "castmethod": r["castmethod"]}
            for r in rows_of(f"select oid::int8 as oid, castsource::int8 as s, casttarget::int8 as t, castfunc::int8 as f, castcontext, castmethod from pg_cast where oid < {FIRST_FREE} order by oid")
            if r["s"] in self.types and r["t"] in self.types and (r["f"] == 0 or r["f"] in self.procs)]

    def pick_aggregates(self):
        n, out = self.n, []
        for r in rows_of("""select aggfnoid::oid::int8 as oid, aggkind, aggnumdirectargs, aggtransfn::oid::int8 as t, aggfinalfn::oid::int8 as f, aggsortop::int8 as s,
              aggtranstype::int8 as tt, agginitval, aggfinalextra, aggfinalmodify from pg_aggregate order by 1"""):
            if r["oid"] not in self.procs:
                continue
            d = {"aggfnoid": n.procs[r["oid"]]}
            if r["aggkind"] != "n":
                d["aggkind"] = r["aggkind"]
                d["aggnumdirectargs"] = r["aggnumdirectargs"]
            d["aggtransfn"] = self.proc(r["t"])
            if r["f"] in self.procs:
                d["aggfinalfn"] = self.proc(r["f"])
            if r["s"] in self.operators:
                d["aggsortop"] = n.operators[r["s"]]
            d["aggtranstype"] = n.types[r["tt"]]
            if r["agginitval"] is not None:
                d["agginitval"] = r["agginitval"]
            out.append(d)
        self.out["pg_aggregate"] = out

    def pick_small(self):
        q = lambda s: [{k: v for k, v in r.items() if v is not None} for r in rows_of(s)]
        n = self.n
        am = q(f"select oid::int8 as oid, amname, amhandler::text as amhandler, amtype from pg_am where oid < {FIRST_FREE} order by oid")
        self.out["pg_am"] = [r for r in am if r["amname"] in PRESENT_AMS]
        self.out["pg_namespace"] = q("select oid::int8 as oid, nspname from pg_namespace where oid in (11, 99, 2200) order by oid")
        for r in self.out["pg_namespace"]:
            if r["nspname"] == "public":
                r["nspowner"] = "pg_database_owner"
                r["nspacl"] = "{pg_database_owner=UC/pg_database_owner,=U/pg_database_owner}"
            if r["nspname"] == "pg_catalog":
                r["nspacl"] = "{POSTGRES=UC/POSTGRES,=U/POSTGRES}"
        self.out["pg_namespace"].append({"oid": 13219, "nspname": "information_schema", "nspacl": "{POSTGRES=UC/POSTGRES,=U/POSTGRES}"})
        self.out["pg_tablespace"] = q("select oid::int8 as oid, spcname from pg_tablespace where oid < 2000 order by oid")
        self.out["pg_language"] = q("select oid::int8 as oid, lanname, lanpltrusted from pg_language where oid < 12000 order by oid")
        for r in self.out["pg_language"]:
            if not r["lanpltrusted"]:
                del r["lanpltrusted"]
            v = {"internal": "fmgr_internal_validator", "sql": "fmgr_sql_validator"}.get(r["lanname"])
            if v and v in [x["proname"] for x in self.proc_rows]:
                r["lanvalidator"] = v
        self.out["pg_collation"] = q("select oid::int8 as oid, collname, collprovider, collencoding, collcollate, collctype from pg_collation where oid < 12000 order by oid")
        # What PostgreSQL's initdb adds: a name of the SQL standard, and the one locale that is always there.
        self.out["pg_collation"] += [
            {"oid": oid, "collname": name, "collprovider": "c", "collencoding": 6, "collcollate": locale, "collctype": locale}
            for oid, name, locale in ((12340, "ucs_basic", "C"), (12341, "C.utf8", "C.utf8"))]
        roles = q("select oid::int8 as oid, rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit from pg_authid where oid < 12000 order by oid")
        for r in roles:
            if r["oid"] == 10:
                r["rolname"] = "POSTGRES"
        self.out["pg_authid"] = roles
        self.out["pg_auth_members"] = q("""select r.rolname as roleid, m.rolname as member, 'POSTGRES' as grantor, admin_option
            from pg_auth_members a join pg_authid r on r.oid = roleid join pg_authid m on m.oid = member where a.member < 12000 order by 1, 2""")
        database = lambda oid, name, template, connect, acl: {
            "oid": oid, "datname": name, "encoding": "ENCODING", "datlocprovider": "c", "datistemplate": template,
            "datallowconn": connect, "datconnlimit": -1, "datfrozenxid": "3", "datminmxid": "1", "dattablespace": "pg_default",
            "datcollate": "LC_COLLATE", "datctype": "LC_CTYPE"} | ({"datacl": acl} if acl else {})
        acl = "{=c/POSTGRES,POSTGRES=CTc/POSTGRES}"
        # initdb copies template1's files for the other two when all is in them.
        self.out["pg_database"] = [database(1, "template1", True, True, acl), database(4, "template0", True, False, acl),
                                   database(5, "postgres", False, True, None)]
        # Comments that psql shows; words as PostgreSQL's where a test would see them.
        self.out["pg_description"] = [
            {"objoid": oid, "classoid": catalog, "objsubid": 0, "description": text} for oid, catalog, text in (
                (2, "pg_am", "heap table access method"), (403, "pg_am", "b-tree index access method"),
                (405, "pg_am", "hash index access method"), (12, "pg_language", "built-in functions"),
                (13, "pg_language", "dynamically-loaded C functions"), (14, "pg_language", "SQL-language functions"),
                (11, "pg_namespace", "system catalog schema"), (99, "pg_namespace", "reserved schema for TOAST tables"),
                (2200, "pg_namespace", "standard public schema"))]
        self.out["pg_shdescription"] = [
            {"objoid": oid, "classoid": "pg_database", "description": text} for oid, text in (
                (1, "default template for new databases"), (4, "unmodifiable empty database"),
                (5, "default administrative connection database"))]


def pick_rows(names):
    p = Picker(names)
    p.pick_types()
    p.pick_operators()
    p.pick_opclasses()
    p.pick_casts()
    p.pick_aggregates()
    p.pick_small()
    return p.out
