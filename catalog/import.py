#!/usr/bin/env python3
"""Fills catalog/*.toml from the catalogs of a running PostgreSQL 15: shapes, object ids, and the rows of the objects that
this server has. Run it again when functions were added:

    catalog/import.py -h /tmp -p 5440 -U postgres

It connects with psql (its arguments are handed on). A function's row is taken only if it has an implementation: its symbol
is listed in src/builtins/symbols.txt, or in catalog/system_functions.txt (those that exec implements), or in the aggregate
and window lists there. Rows that refer to an absent object (operators, casts, operator classes, ...) are left out too.
"""
import json, os, re, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PSQL = ["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-d", "postgres"] + sys.argv[1:]

# Object ids from here on are given out by PostgreSQL's initdb, not by its catalogs.
FIRST_FREE = 12000

# Types that do not exist here yet: their functions, operators, casts and operator classes stay away with them.
ABSENT_TYPES = set("""
 point lseg path box polygon line circle bit varbit xml money jsonpath
 tsvector tsquery gtsvector txid_snapshot pg_snapshot anyrange anymultirange anycompatiblerange anycompatiblemultirange
 int4range numrange tsrange tstzrange daterange int8range int4multirange nummultirange tsmultirange tstzmultirange
 datemultirange int8multirange pg_brin_bloom_summary pg_brin_minmax_multi_summary pg_ddl_command
 fdw_handler tsm_handler regconfig regdictionary
""".split())
# Access methods that do not exist here yet.
PRESENT_AMS = {"heap", "btree", "hash"}


def query(sql):
    out = subprocess.run(PSQL + ["-c", sql], check=True, capture_output=True, text=True).stdout
    return json.loads(out.strip() or "null") or []


def rows_of(sql):
    return query(f"select coalesce(json_agg(row_to_json(x)), '[]') from ({sql}) x")


def lines(path):
    try:
        with open(os.path.join(ROOT, path)) as f:
            return [l.split("#")[0].strip() for l in f]
    except FileNotFoundError:
        return None


# --- names for references -------------------------------------------------------------------------------------------

class Names:
    """Readable names for object ids, as the generator resolves them back."""

    def __init__(self):
        t = rows_of(f"select oid::int8 as oid, typname from pg_type where oid < {FIRST_FREE}")
        self.types = {r["oid"]: r["typname"] for r in t}
        self.type_oids = {r["typname"]: r["oid"] for r in t}
        p = rows_of(f"select oid::int8 as oid, proname, proargtypes::text as args from pg_proc where oid < {FIRST_FREE}")
        count = {}
        for r in p:
            count[r["proname"]] = count.get(r["proname"], 0) + 1
        self.procs = {r["oid"]: r["proname"] if count[r["proname"]] == 1
                      else f"{r['proname']}({self.type_list(r['args'])})" for r in p}
        o = rows_of(f"select oid::int8 as oid, oprname, oprleft::int8 as l, oprright::int8 as r from pg_operator where oid < {FIRST_FREE}")
        self.operators = {r["oid"]: f"{r['oprname']}({self.type(r['l'])},{self.type(r['r'])})" for r in o}
        am = {r["oid"]: r["amname"] for r in rows_of("select oid::int8 as oid, amname from pg_am")}
        self.ams = am
        f = rows_of(f"select oid::int8 as oid, opfname, opfmethod::int8 as m from pg_opfamily where oid < {FIRST_FREE}")
        self.opfamilies = {r["oid"]: f"{am[r['m']]}/{r['opfname']}" for r in f}
        c = rows_of(f"select oid::int8 as oid, opcname, opcmethod::int8 as m from pg_opclass where oid < {FIRST_FREE}")
        self.opclasses = {r["oid"]: f"{am[r['m']]}/{r['opcname']}" for r in c}
        self.namespaces = {r["oid"]: r["nspname"] for r in rows_of(f"select oid::int8 as oid, nspname from pg_namespace where oid < {FIRST_FREE}")}
        self.roles = {r["oid"]: r["rolname"] for r in rows_of(f"select oid::int8 as oid, rolname from pg_authid where oid < {FIRST_FREE}")}
        self.roles[10] = "POSTGRES"
        self.languages = {r["oid"]: r["lanname"] for r in rows_of(f"select oid::int8 as oid, lanname from pg_language where oid < {FIRST_FREE}")}
        self.collations = {r["oid"]: r["collname"] for r in rows_of(f"select oid::int8 as oid, collname from pg_collation where oid < {FIRST_FREE}")}
        self.classes = {r["oid"]: r["relname"] for r in rows_of(f"select oid::int8 as oid, relname from pg_class where oid < {FIRST_FREE}")}

    def type(self, oid):
        return self.types[oid] if oid else "0"

    def type_list(self, text):
        return ",".join(self.types[int(o)] for o in text.split())


# --- shapes ---------------------------------------------------------------------------------------------------------

def header_facts():
    """BKI_DEFAULT, BKI_LOOKUP per column and the caches, read from PostgreSQL's installed headers if PGSRC is set, else
    from the TOML files of the last import."""
    defaults, lookups, caches = {}, {}, []
    src = os.environ.get("PGSRC")
    if not src:
        import tomllib
        for name in sorted(os.listdir(HERE)):
            if name.endswith(".toml"):
                with open(os.path.join(HERE, name), "rb") as f:
                    t = tomllib.load(f)
                for c in t["columns"]:
                    key = (t["name"], c["name"])
                    if "default" in c:
                        defaults[key] = c["default"]
                    if "lookup" in c:
                        lookups[key] = c["lookup"]
                for c in t.get("caches", []):
                    caches.append((t["name"], c["name"], c["index"], c["keys"], c["buckets"]))
        return defaults, lookups, caches
    for h in sorted(os.listdir(f"{src}/src/include/catalog")):
        if not (h.startswith("pg_") and h.endswith(".h")):
            continue
        text = open(f"{src}/src/include/catalog/{h}").read()
        m = re.search(r"^CATALOG\((\w+),(\d+),(\w+)\)", text, re.M)
        if not m:
            continue
        cat = m.group(1)
        for line in text[m.end():].split("} FormData")[0].split("\n"):
            c = re.match(r"\s+[\w]+\s+(\w+)(\[\d+\])?(.*);", re.sub(r"/\*.*?\*/", "", line))
            if not c:
                continue
            d = re.search(r"BKI_(?:ARRAY_)?DEFAULT\(([^)]*)\)", c.group(3))
            if d:
                v = d.group(1)
                defaults[(cat, c.group(1))] = {"'\\0'": "", "','": ","}.get(v, v.strip('"'))
            l = re.search(r"BKI_LOOKUP(?:_OPT)?\((\w+)\)", c.group(3))
            if l:
                lookups[(cat, c.group(1))] = l.group(1)
    text = open(f"{src}/src/backend/utils/cache/syscache.c").read()
    index_names = {}
    rel_names = {}
    for h in os.listdir(f"{src}/src/include/catalog"):
        if h.endswith(".h"):
            t = open(f"{src}/src/include/catalog/{h}").read()
            for m in re.finditer(r"DECLARE_(?:UNIQUE_)?INDEX(?:_PKEY)?\((\w+),\s*\d+,\s*(\w+),", t):
                index_names[m.group(2)] = m.group(1)
            for m in re.finditer(r"^CATALOG\((\w+),(\d+),(\w+)\)", t, re.M):
                rel_names[m.group(3)] = m.group(1)
    body = text[text.index("cacheinfo[] = {"):]
    for m in re.finditer(r"\{\s*(\w+),\s*/\*\s*(\w+)\s*\*/\s*(\w+),\s*(\d),\s*\{([^}]*)\},\s*(\d+)\s*\}", body):
        rel = rel_names[m.group(1)]
        keys = [k.strip().replace(f"Anum_{rel}_", "") for k in m.group(5).split(",") if k.strip() not in ("0", "")]
        caches.append((rel, m.group(2), index_names[m.group(3)], keys, int(m.group(6))))
    return defaults, lookups, caches


def catalogs():
    return rows_of("""
      select c.oid::int8 as oid, relname, reltype::int8 as rowtype, t.typarray::int8 as arraytype, relisshared,
             c.relacl::text as acl, c.reltoastrelid::int8 as toast, (select indexrelid::int8 from pg_index where indrelid = c.reltoastrelid) as toast_index
      from pg_class c join pg_type t on t.oid = c.reltype
      where c.relkind = 'r' and c.oid < 12000 order by relname""")


def columns(oid):
    return rows_of(f"""
      select attname, format_type(atttypid, null) as fmt, t.typname, attnotnull, attcollation::int8 as coll, attstorage
      from pg_attribute a join pg_type t on t.oid = atttypid where attrelid = {oid} and attnum > 0 order by attnum""")


def indexes(oid):
    return rows_of(f"""
      select c.relname, c.oid::int8 as oid, i.indisunique, i.indisprimary, i.indisexclusion, i.indimmediate,
        (select json_agg(a.attname order by k.n) from unnest(i.indkey) with ordinality k(a, n)
           join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.a) as cols,
        (select json_agg(o.opcname order by k.n) from unnest(i.indclass) with ordinality k(a, n)
           join pg_opclass o on o.oid = k.a) as ops,
        (select con.oid::int8 from pg_constraint con where con.conindid = c.oid and con.contype in ('p','u')) as con
      from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = {oid} order by c.relname""")


# --- TOML -----------------------------------------------------------------------------------------------------------

def lit(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (int, float)):
        return str(v)
    if isinstance(v, list):
        return "[" + ", ".join(lit(x) for x in v) + "]"
    if '"' in v and "'" not in v and "\\" not in v and "\n" not in v:
        return f"'{v}'"
    return json.dumps(v, ensure_ascii=False)


def inline(d):
    return "{ " + ", ".join(f"{k} = {lit(v)}" for k, v in d.items()) + " }"


ESSAYS = {}


def essay(name):
    path = os.path.join(HERE, name + ".toml")
    if os.path.exists(path):
        text = []
        for l in open(path):
            if not l.startswith("#"):
                break
            text.append(l)
        if text:
            return "".join(text)
    return f"# {name}\n"


def write(cat, cols, idx, caches, defaults, lookups, rows):
    name = cat["relname"]
    out = [essay(name)]
    out.append(f'name = "{name}"\noid = {cat["oid"]}\nrowtype_oid = {cat["rowtype"]}\narray_oid = {cat["arraytype"]}\n')
    acl = (cat["acl"] or "").replace("postgres", "POSTGRES")
    if acl != "{POSTGRES=arwdDxt/POSTGRES,=r/POSTGRES}":
        out.append(f'acl = "{acl}"\n')
    if cat["relisshared"]:
        out.append("shared = true\n")
    if cat["toast"]:
        out.append(f'toast = {{ table = {cat["toast"]}, index = {cat["toast_index"]} }}\n')
    out.append("\ncolumns = [\n")
    for c in cols:
        d = {"name": c["attname"], "type": c["typname"]}
        if not c["attnotnull"]:
            d["null"] = True
        if c["coll"] == 100:
            d["collation"] = "default"
        key = (name, c["attname"])
        if key in defaults:
            d["default"] = defaults[key]
        if key in lookups:
            d["lookup"] = lookups[key]
        out.append("  " + inline(d) + ",\n")
    out.append("]\n")
    if idx:
        out.append("\nindexes = [\n")
        for i in idx:
            d = {"name": i["relname"], "oid": i["oid"], "columns": [f"{c} {o}" for c, o in zip(i["cols"], i["ops"])]}
            if i["indisprimary"]:
                d["kind"] = "primary"
            elif i["indisunique"]:
                d["kind"] = "unique"
            else:
                d["kind"] = "plain"
            out.append("  " + inline(d) + ",\n")
        out.append("]\n")
    mine = [c for c in caches if c[0] == name]
    if mine:
        out.append("\ncaches = [\n")
        for _, cname, index, keys, buckets in mine:
            out.append("  " + inline({"name": cname, "index": index, "keys": keys, "buckets": buckets}) + ",\n")
        out.append("]\n")
    if rows:
        out.append("\nrows = [\n")
        for r in rows:
            out.append("  " + inline(r) + ",\n")
        out.append("]\n")
    with open(os.path.join(HERE, name + ".toml"), "w") as f:
        f.write("".join(out))


# --- rows -----------------------------------------------------------------------------------------------------------

exec(open(os.path.join(HERE, "import_rows.py")).read()) if os.path.exists(os.path.join(HERE, "import_rows.py")) else None


SYSTEM_INTRODUCTION = """# System functions

Functions of pg_catalog that need the session, storage or the catalogs. pg_proc.toml promises them (`impl = "system"`, set-returning
ones `impl = "system_srf"`), and crate exec implements them by symbol; one that it does not have yet answers 0A000.
`catalog/import.py` writes this page from `catalog/system_functions.txt`.

| oid | symbol | signature | strict |
|---|---|---|---|
"""


def write_system_functions(procs):
    lines = [SYSTEM_INTRODUCTION]
    for r in sorted((r for r in procs if r["impl"].startswith("system")), key=lambda r: r.get("prosrc", r["proname"])):
        result = ("setof " if r.get("proretset") else "") + r["prorettype"]
        if "proallargtypes" in r:
            outs = [(n, t) for n, t, m in zip(r.get("proargnames", []), r["proallargtypes"], r["proargmodes"]) if m in "ot"]
            result += " (" + ", ".join(f"{n} {t}" for n, t in outs) + ")"
        signature = f"{r['proname']}({', '.join(r['proargtypes'].split())}) returns {result}"
        strict = "yes" if r.get("proisstrict", True) else "no"
        lines.append(f"| {r['oid']} | {r.get('prosrc', r['proname'])} | {signature} | {strict} |\n")
    with open(os.path.join(ROOT, "docs/internals/system-functions.md"), "w") as f:
        f.write("".join(lines))


def write_wanted(procs):
    """The builtins that rows name and that are not there yet."""
    words = [l.split() for l in lines("src/builtins/symbols.txt") if l]
    there = {(w[1], w[-1] if w[1] in ("aggregate", "window") else w[0]) for w in words}
    wanted = set()
    for r in procs:
        name = str(r["oid"]) if r["impl"] in ("aggregate", "window") else r.get("prosrc", r["proname"])
        if r["impl"] in ("builtin", "srf", "aggregate", "window") and (r["impl"], name) not in there:
            wanted.add(name)
    with open(os.path.join(HERE, "wanted_functions.txt"), "w") as f:
        f.write("# Builtins (by symbol) and aggregates (by oid) that pg_proc.toml names and that crate builtins does not have yet.\n")
        f.write("".join(w + "\n" for w in sorted(wanted)))


def main():
    defaults, lookups, caches = header_facts()
    names = Names()
    picked = pick_rows(names) if "pick_rows" in globals() else {}
    for cat in catalogs():
        name = cat["relname"]
        write(cat, columns(cat["oid"]), indexes(cat["oid"]), caches, defaults, lookups, picked.get(name, []))
    write_system_functions(picked["pg_proc"])
    write_wanted(picked["pg_proc"])


if __name__ == "__main__":
    main()
