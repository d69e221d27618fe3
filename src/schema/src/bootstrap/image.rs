//! What a bootstrap script describes, in memory: tables with their rows, and the catalog rows that describe them.

use super::own::{SYSTEM_COLUMNS, array_type, as_key, attribute_of, class_of, row_type, system_attribute};
use super::script::{Command, Create, DeclareIndex, Values, check_header, take_command};
use super::value::{acl_item, parse_value};
use base::{GLOBAL_TABLESPACE, Oid};
use catalog::oids::{self, access_methods, collations, namespaces};
use catalog::rows::{PgAttribute, PgClass, PgConstraint, PgIndex, PgInitPrivs, PgNamespace, PgProc, PgType};
use catalog::{AclItem, Row, Type};
use report::{Result, bail, error};
use tuple::{Datum, Repr};

/// The first object id for what the script gives none: constraints of catalogs. Below 12000, so pinned.
const FIRST_GENERATED: Oid = Oid(10115);

/// Everything to be written. Rows stay text until somebody wants them, as values are some ten times as large.
#[derive(Default)]
pub struct Image<'a> {
    /// Tables, TOAST tables included, in the order in which they were made.
    pub tables: Vec<Table<'a>>,
    /// All indexes.
    pub indexes: Vec<TableIndex>,
    script: &'a str,
    open: Option<usize>,
    types: Vec<PgType>,
    constraints: Vec<PgConstraint>,
    complete: bool,
}

/// A table and its rows.
pub struct Table<'a> {
    /// Its pg_class row.
    pub class: PgClass,
    /// Its columns, without system columns.
    pub attributes: Vec<PgAttribute>,
    /// Its rows, as far as they were read.
    pub rows: Vec<Vec<Datum>>,
    /// Those that come behind them.
    unread: Vec<Unread<'a>>,
    /// The script has the rows that describe it, its TOAST table and their indexes.
    described: bool,
    types: Vec<&'static Type>,
}

/// The rows of a table, taken out of it.
pub struct Rows<'a> {
    read: Vec<Vec<Datum>>,
    unread: Vec<Unread<'a>>,
}

/// A row that is still text.
struct Unread<'a> {
    /// Where its line begins in the script.
    line: usize,
    values: &'a str,
}

/// An index and what it is on.
pub struct TableIndex {
    /// Its pg_class row.
    pub class: PgClass,
    /// Its pg_index row.
    pub index: PgIndex,
    /// Its columns.
    pub attributes: Vec<PgAttribute>,
    /// The position of its table in [`Image::tables`].
    pub table: usize,
}

impl<'a> Image<'a> {
    /// Reads a whole script, but for the values of its rows. Errors: those of a line, with its number as context.
    pub fn read(script: &'a str) -> Result<Image<'a>> {
        let mut image = Image { script, ..Image::default() };
        let (header, mut rest) = script.split_once('\n').unwrap_or((script, ""));
        check_header(header)?;
        while !rest.is_empty() {
            let line = script.len() - rest.len();
            image.command(line, &mut rest).map_err(|e| e.context(image.place(line)))?;
        }
        image.complete()?;
        Ok(image)
    }

    /// Takes a table's rows out of it, for [`Image::read_taken`].
    pub fn take_rows(&mut self, at: usize) -> Rows<'a> {
        let table = &mut self.tables[at];
        Rows { read: std::mem::take(&mut table.rows), unread: std::mem::take(&mut table.unread) }
    }

    /// Reads what was not read of rows that were taken out of a table. Errors: those of a line, with its number as context.
    pub fn read_taken(&self, at: usize, rows: Rows<'a>) -> Result<Vec<Vec<Datum>>> {
        let Rows { mut read, unread } = rows;
        read.reserve_exact(unread.len());
        for Unread { line, values } in unread {
            read.push(self.tables[at].read_row(values).map_err(|e| e.context(self.place(line)))?);
        }
        Ok(read)
    }

    /// Reads the rows of a table that were not read. Errors: as [`Image::read_taken`].
    pub fn read_rows(&mut self, at: usize) -> Result<()> {
        let rows = self.take_rows(at);
        self.tables[at].rows = self.read_taken(at, rows)?;
        Ok(())
    }

    /// Reads the rows of all tables. Errors: as [`Image::read_rows`].
    pub fn read_all_rows(&mut self) -> Result<()> {
        (0..self.tables.len()).try_for_each(|at| self.read_rows(at))
    }

    /// How a line is called that begins at this byte.
    fn place(&self, line: usize) -> String {
        format!("bootstrap script, line {}", self.script[..line].matches('\n').count() + 1)
    }

    fn command(&mut self, line: usize, script: &mut &'a str) -> Result<()> {
        match take_command(script)? {
            None => Ok(()),
            Some(Command::BuildIndices) => self.complete(),
            Some(Command::Create(create)) => self.create(create),
            Some(Command::Open(name)) => self.open(&name),
            Some(Command::Insert(values)) => self.insert(Unread { line, values }),
            Some(Command::Close(name)) => self.close(&name),
            Some(Command::Toast { table, index, on }) => self.declare_toast(table, index, &on),
            Some(Command::Index(index)) => self.declare_index(&index),
        }
    }

    /// The catalog's table, if the script makes one.
    pub fn catalog<R: Row>(&self) -> Option<usize> {
        self.tables.iter().position(|table| table.class.oid == R::RELATION.oid)
    }

    fn table(&self, name: &str) -> Result<usize> {
        let at = self.tables.iter().position(|table| table.class.relname == name);
        at.ok_or_else(|| error!(UNDEFINED_TABLE, "relation \"{name}\" does not exist"))
    }

    fn create(&mut self, create: Create) -> Result<()> {
        if self.table(&create.name).is_ok() {
            bail!(DUPLICATE_TABLE, "relation \"{}\" already exists", create.name);
        }
        if self.complete && !create.described {
            bail!(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "indexes are built, and nothing describes relation \"{}\"",
                create.name
            );
        }
        let (mut attributes, mut column_types) = (Vec::new(), Vec::new());
        for column in &create.columns {
            let of = type_by_name(&column.type_name)?;
            let mut attribute = attribute_of(create.oid, attributes.len(), &column.name, of);
            attribute.attnotnull = column.not_null.unwrap_or(false);
            if column.default_collation {
                attribute.attcollation = collations::DEFAULT;
            }
            attributes.push(attribute);
            column_types.push(of);
        }
        let mut class = class_of(&create.name, create.oid, b'r', attributes.len());
        class.reltype = create.rowtype_oid;
        class.relacl = create.acl.as_deref().map(parse_acl).transpose()?;
        class.relreplident = b'n';
        if create.shared {
            class.relisshared = true;
            class.reltablespace = GLOBAL_TABLESPACE;
        }
        if create.bootstrap || create.shared {
            class.relfilenode = Oid::INVALID;
        }
        if !create.described {
            self.add_row_types(&create);
        }
        self.open = Some(self.tables.len());
        let described = create.described;
        self.tables.push(Table::new(class, attributes, described, column_types));
        Ok(())
    }

    fn add_row_types(&mut self, create: &Create) {
        if create.rowtype_oid.is_valid() {
            self.types.push(row_type(create));
        }
        if create.array_oid.is_valid() {
            self.types.push(array_type(create));
        }
    }

    fn open(&mut self, name: &str) -> Result<()> {
        self.open = Some(self.table(name)?);
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<()> {
        let at = self.table(name)?;
        if self.open != Some(at) {
            bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "close of \"{name}\" when it is not open");
        }
        self.open = None;
        Ok(())
    }

    fn insert(&mut self, row: Unread<'a>) -> Result<()> {
        let Some(open) = self.open else { bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "relation not open") };
        self.tables[open].unread.push(row);
        Ok(())
    }

    fn declare_toast(&mut self, oid: Oid, index: Oid, on: &str) -> Result<()> {
        let owner = self.table(on)?;
        self.tables[owner].class.reltoastrelid = oid;
        let name = format!("pg_toast_{}", self.tables[owner].class.oid);
        let columns = [("chunk_id", "oid"), ("chunk_seq", "int4"), ("chunk_data", "bytea")];
        let column_types = columns.iter().map(|(_, of)| type_by_name(of)).collect::<Result<Vec<_>>>()?;
        let attributes = columns
            .iter()
            .zip(&column_types)
            .enumerate()
            .map(|(at, ((name, _), of))| PgAttribute { attstorage: b'p', ..attribute_of(oid, at, name, of) });
        let attributes: Vec<PgAttribute> = attributes.collect();
        let class = PgClass { relhasindex: true, ..class_of(&name, oid, b't', 3) };
        let class = self.placed_like(class, owner);
        let described = self.tables[owner].described;
        self.tables.push(Table::new(class, attributes, described, column_types));
        let classes = [oids::opclasses::BTREE_OID_OPS, oids::opclasses::BTREE_INT4_OPS];
        let index_name = format!("{name}_index");
        let shape = IndexShape { name: &index_name, oid: index, unique: true, primary: true, columns: &[1, 2] };
        self.add_index(self.tables.len() - 1, &shape, &classes);
        Ok(())
    }

    /// A TOAST table or index lives where its table lives.
    fn placed_like(&self, mut class: PgClass, owner: usize) -> PgClass {
        let owner = &self.tables[owner].class;
        class.relnamespace =
            if class.relname.starts_with("pg_toast_") { namespaces::PG_TOAST } else { class.relnamespace };
        class.relisshared = owner.relisshared;
        class.reltablespace = owner.reltablespace;
        if !owner.relfilenode.is_valid() {
            class.relfilenode = Oid::INVALID;
        }
        class
    }

    fn declare_index(&mut self, declare: &DeclareIndex) -> Result<()> {
        let at = self.table(&declare.on)?;
        let (mut columns, mut classes) = (Vec::new(), Vec::new());
        for (column, class) in &declare.columns {
            let found = self.tables[at].attributes.iter().find(|a| a.attname == *column);
            let found = found.ok_or_else(|| error!(UNDEFINED_COLUMN, "column \"{column}\" does not exist"))?;
            columns.push(found.attnum);
            classes.push(self.operator_class(class)?);
        }
        let DeclareIndex { ref name, oid, unique, primary, .. } = *declare;
        self.add_index(at, &IndexShape { name, oid, unique, primary, columns: &columns }, &classes);
        if unique {
            self.add_constraint(at, declare, columns);
        }
        Ok(())
    }

    /// The object id of a B-tree operator class, from the rows of pg_opclass read so far.
    fn operator_class(&mut self, name: &str) -> Result<Oid> {
        let at = self.table("pg_opclass")?;
        self.read_rows(at)?;
        let found =
            self.tables[at].rows.iter().find(|row| row[1].as_oid() == access_methods::BTREE && row[2].as_str() == name);
        let found = found.ok_or_else(|| error!(UNDEFINED_OBJECT, "operator class \"{name}\" does not exist"))?;
        Ok(found[0].as_oid())
    }

    fn add_index(&mut self, table: usize, shape: &IndexShape<'_>, classes: &[Oid]) {
        let owner = &self.tables[table];
        let key = |at: usize| &owner.attributes[shape.columns[at] as usize - 1];
        let attributes = (0..shape.columns.len()).map(|at| PgAttribute {
            attrelid: shape.oid,
            attnum: at as i16 + 1,
            attnotnull: false,
            attstorage: if owner.class.relkind == b't' { b'p' } else { key(at).attstorage },
            ..key(at).clone()
        });
        let attributes: Vec<PgAttribute> = attributes.map(as_key).collect();
        let class = PgClass {
            relam: access_methods::BTREE,
            relfrozenxid: Oid::INVALID,
            relminmxid: Oid::INVALID,
            ..class_of(shape.name, shape.oid, b'i', shape.columns.len())
        };
        let index = PgIndex {
            indexrelid: shape.oid,
            indrelid: owner.class.oid,
            indnatts: shape.columns.len() as i16,
            indnkeyatts: shape.columns.len() as i16,
            indisunique: shape.unique,
            indisprimary: shape.primary,
            indimmediate: true,
            indisvalid: true,
            indisready: true,
            indislive: true,
            indkey: shape.columns.to_vec(),
            indcollation: attributes.iter().map(|a| a.attcollation).collect(),
            indclass: classes.to_vec(),
            indoption: vec![0; shape.columns.len()],
            ..PgIndex::default()
        };
        let class = self.placed_like(class, table);
        self.tables[table].class.relhasindex = true;
        self.indexes.push(TableIndex { class, index, attributes, table });
    }

    fn add_constraint(&mut self, table: usize, declare: &DeclareIndex, columns: Vec<i16>) {
        self.constraints.push(PgConstraint {
            oid: Oid(FIRST_GENERATED.0 + self.constraints.len() as u32),
            conname: declare.name.clone(),
            connamespace: namespaces::PG_CATALOG,
            contype: if declare.primary { b'p' } else { b'u' },
            convalidated: true,
            conrelid: self.tables[table].class.oid,
            conindid: declare.oid,
            confupdtype: b' ',
            confdeltype: b' ',
            confmatchtype: b' ',
            conislocal: true,
            connoinherit: true,
            conkey: Some(columns),
            ..PgConstraint::default()
        });
    }

    /// Adds the catalog rows that describe the tables themselves, if there are catalogs to hold them. Later tables are described.
    fn complete(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.complete, true) {
            return Ok(());
        }
        let mut attributes: Vec<PgAttribute> = Vec::new();
        let tables = || self.tables.iter().filter(|table| !table.described);
        let indexes = || self.indexes.iter().filter(|index| !self.tables[index.table].described);
        for table in tables() {
            attributes.extend(table.attributes.iter().cloned());
            attributes.extend(SYSTEM_COLUMNS.iter().map(|column| system_attribute(table.class.oid, column)));
        }
        attributes.extend(indexes().flat_map(|index| index.attributes.iter().cloned()));
        let classes: Vec<PgClass> =
            tables().map(|t| t.class.clone()).chain(indexes().map(|i| i.class.clone())).collect();
        let indexes: Vec<PgIndex> = indexes().map(|i| i.index.clone()).collect();
        let (types, constraints) = (std::mem::take(&mut self.types), std::mem::take(&mut self.constraints));
        self.append(&attributes)?;
        self.append(&classes)?;
        self.append(&indexes)?;
        self.append(&types)?;
        self.append(&constraints)?;
        let privileges = self.initial_privileges(&classes)?;
        self.append(&privileges)
    }

    fn append<R: Row>(&mut self, rows: &[R]) -> Result<()> {
        if let Some(at) = self.catalog::<R>() {
            self.read_rows(at)?;
            self.tables[at].rows.extend(rows.iter().map(Row::to_row));
        }
        Ok(())
    }

    /// What pg_init_privs remembers: privileges as initdb left them, so that pg_dump leaves them alone.
    fn initial_privileges(&mut self, classes: &[PgClass]) -> Result<Vec<PgInitPrivs>> {
        let mut found = Vec::new();
        let mut add = |objoid, classoid, acl: &Option<Vec<AclItem>>| {
            if let Some(acl) = acl {
                found.push(PgInitPrivs { objoid, classoid, objsubid: 0, privtype: b'i', initprivs: acl.clone() });
            }
        };
        classes.iter().for_each(|row| add(row.oid, oids::PG_CLASS, &row.relacl));
        self.rows_of::<PgProc>()?.iter().for_each(|row| add(row.oid, oids::PG_PROC, &row.proacl));
        self.rows_of::<PgNamespace>()?.iter().for_each(|row| add(row.oid, oids::PG_NAMESPACE, &row.nspacl));
        Ok(found)
    }

    fn rows_of<R: Row>(&mut self) -> Result<Vec<R>> {
        let Some(at) = self.catalog::<R>() else { return Ok(Vec::new()) };
        self.read_rows(at)?;
        Ok(self.tables[at].rows.iter().map(|row| R::from_row(row)).collect())
    }
}

struct IndexShape<'a> {
    name: &'a str,
    oid: Oid,
    unique: bool,
    primary: bool,
    columns: &'a [i16],
}

fn type_by_name(name: &str) -> Result<&'static Type> {
    Type::by_name(name).ok_or_else(|| error!(UNDEFINED_OBJECT, "type \"{name}\" does not exist"))
}

/// `{..}` of aclitems, roles by number.
fn parse_acl(text: &str) -> Result<Vec<AclItem>> {
    text.trim_matches(['{', '}']).split(',').map(acl_item).collect()
}

impl Table<'_> {
    fn new(class: PgClass, attributes: Vec<PgAttribute>, described: bool, types: Vec<&'static Type>) -> Self {
        Table { class, attributes, rows: Vec::new(), unread: Vec::new(), described, types }
    }

    /// How each column is stored.
    pub fn reprs(&self) -> Vec<Repr> {
        self.types.iter().map(|of| of.repr()).collect()
    }

    /// The greatest object id of the table and these rows of it.
    pub fn last_oid(&self, rows: &[Vec<Datum>]) -> Oid {
        let has_oid = self.attributes.first().is_some_and(|column| column.attname == "oid");
        let of_rows = rows.iter().filter(|_| has_oid).map(|row| row[0].as_oid());
        of_rows.max().unwrap_or_default().max(self.class.oid)
    }

    fn read_row(&self, text: &str) -> Result<Vec<Datum>> {
        let (mut values, mut row) = (Values::of(text), Vec::with_capacity(self.types.len()));
        while let Some(value) = values.next()? {
            let Some((of, attribute)) = self.types.get(row.len()).zip(self.attributes.get(row.len())) else {
                return Err(wrong_count(self.types.len(), text));
            };
            row.push(match value {
                Some(text) => parse_value(of, &text)?,
                None if attribute.attnotnull => {
                    bail!(NOT_NULL_VIOLATION, "column \"{}\" must not be null", attribute.attname)
                }
                None => Datum::Null,
            });
        }
        if row.len() == self.types.len() { Ok(row) } else { Err(wrong_count(self.types.len(), text)) }
    }
}

#[cold]
fn wrong_count(expected: usize, text: &str) -> report::Error {
    let (mut values, mut count) = (Values::of(text), 0);
    while let Ok(Some(_)) = values.next() {
        count += 1;
    }
    error!(SYNTAX_ERROR, "incorrect number of columns in row (expected {expected}, got {count})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(script: &str) -> Result<Image<'_>> {
        let mut image = Image::read(script)?;
        image.read_all_rows()?;
        Ok(image)
    }

    #[test]
    fn a_script_by_hand() {
        let image = image("# Woolly 15\ncreate t 9000 ( a = int4 , b = text )\ninsert ( 1 'x y' )\nclose t\n").unwrap();
        assert_eq!(image.tables[0].rows[0][1].as_str(), "x y");
        assert_eq!(image.tables[0].class.relfilenode, Oid(9000));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let failure = |script: &str| image(script).err().unwrap();
        assert!(failure("# PostgreSQL 15\n").message().starts_with("input does not belong"));
        let e = failure("# Woolly 15\ninsert ( 1 )\n");
        assert_eq!((e.message(), e.fields().context[0].as_str()), ("relation not open", "bootstrap script, line 2"));
        let e = failure("# Woolly 15\ncreate t 1 ( a = int4 )\ninsert ( 1 2 )\n");
        assert_eq!(e.message(), "incorrect number of columns in row (expected 1, got 2)");
        let e = failure("# Woolly 15\ncreate t 1 ( a = int4 FORCE NOT NULL )\ninsert ( _null_ )\n");
        assert_eq!(e.message(), "column \"a\" must not be null");
    }

    #[test]
    fn the_catalogs_describe_themselves() {
        let script = catalog::BOOTSTRAP_SCRIPT.replace("ENCODING", "6").replace("POSTGRES", "postgres");
        let mut image = image(&script).unwrap();
        let classes = image.rows_of::<PgClass>().unwrap();
        let pg_class = classes.iter().find(|c| c.relname == "pg_class").unwrap();
        assert_eq!((pg_class.oid, pg_class.relfilenode, pg_class.reltype), (oids::PG_CLASS, Oid(0), Oid(83)));
        let attributes = image.rows_of::<PgAttribute>().unwrap();
        assert_eq!(attributes.iter().filter(|a| a.attrelid == oids::PG_CLASS && a.attnum > 0).count(), 33);
        let toast = classes.iter().find(|c| c.relname == "pg_toast_1255").unwrap();
        assert_eq!((toast.oid, toast.relnamespace), (Oid(2836), namespaces::PG_TOAST));
        assert!(
            image
                .rows_of::<PgConstraint>()
                .unwrap()
                .iter()
                .any(|c| c.conname == "pg_proc_oid_index" && c.contype == b'p')
        );
    }
}
