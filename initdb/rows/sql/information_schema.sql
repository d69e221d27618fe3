-- information_schema as the SQL standard and PostgreSQL 15 have it: columns, names and domains are PostgreSQL's. The schema
-- and its domains come with the bootstrap script. Statements end at a semicolon and an empty line.

SET search_path TO information_schema, pg_catalog;

CREATE VIEW information_schema_catalog_name AS
  SELECT CAST(current_database() AS sql_identifier) AS catalog_name
;

CREATE VIEW enabled_roles AS
  SELECT CAST(a.rolname AS sql_identifier) AS role_name
  FROM pg_authid a
  WHERE pg_has_role(a.oid, 'USAGE');

CREATE VIEW applicable_roles AS
  SELECT CAST(a.rolname AS sql_identifier) AS grantee, CAST(b.rolname AS sql_identifier) AS role_name,
         CAST(CASE WHEN m.admin_option THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_grantable
  FROM (SELECT x.member, x.roleid, x.admin_option FROM pg_auth_members x
        UNION
        SELECT d.datdba, o.oid, false FROM pg_database d, pg_authid o
        WHERE d.datname = current_database() AND o.rolname = 'pg_database_owner') m
  JOIN pg_authid a ON a.oid = m.member
  JOIN pg_authid b ON b.oid = m.roleid
  WHERE pg_has_role(a.oid, 'USAGE');

CREATE VIEW administrable_role_authorizations AS
  SELECT r.grantee, r.role_name, r.is_grantable
  FROM applicable_roles r
  WHERE r.is_grantable = 'YES';

CREATE VIEW schemata AS
  SELECT CAST(current_database() AS sql_identifier) AS catalog_name, CAST(n.nspname AS sql_identifier) AS schema_name,
         CAST(u.rolname AS sql_identifier) AS schema_owner,
         CAST(NULL AS sql_identifier) AS default_character_set_catalog,
         CAST(NULL AS sql_identifier) AS default_character_set_schema,
         CAST(NULL AS sql_identifier) AS default_character_set_name, CAST(NULL AS character_data) AS sql_path
  FROM pg_namespace n
  JOIN pg_authid u ON u.oid = n.nspowner
  WHERE pg_has_role(n.nspowner, 'USAGE') OR has_schema_privilege(n.oid, 'CREATE, USAGE'::text);

CREATE VIEW tables AS
  SELECT CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(CASE WHEN n.oid = pg_my_temp_schema() THEN 'LOCAL TEMPORARY' WHEN c.relkind IN ('r', 'p') THEN 'BASE TABLE' WHEN c.relkind = 'v' THEN 'VIEW' WHEN c.relkind = 'f' THEN 'FOREIGN' END AS character_data) AS table_type,
         CAST(NULL AS sql_identifier) AS self_referencing_column_name,
         CAST(NULL AS character_data) AS reference_generation,
         CAST(CASE WHEN t.typname IS NOT NULL THEN current_database() END AS sql_identifier) AS user_defined_type_catalog,
         CAST(nt.nspname AS sql_identifier) AS user_defined_type_schema,
         CAST(t.typname AS sql_identifier) AS user_defined_type_name,
         CAST(CASE WHEN c.relkind IN ('r', 'p') OR c.relkind IN ('v', 'f') AND pg_relation_is_updatable(c.oid::regclass, false) & 8 = 8 THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_insertable_into,
         CAST(CASE WHEN t.typname IS NOT NULL THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_typed,
         CAST(NULL AS character_data) AS commit_action
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN (pg_type t JOIN pg_namespace nt ON nt.oid = t.typnamespace) ON t.oid = c.reloftype
  WHERE c.relkind IN ('r', 'v', 'f', 'p')
    AND NOT pg_is_other_temp_schema(n.oid)
    AND (pg_has_role(c.relowner, 'USAGE')
         OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'::text)
         OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'::text));

CREATE VIEW columns AS
  SELECT CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(a.attname AS sql_identifier) AS column_name, CAST(a.attnum AS cardinal_number) AS ordinal_position,
         CAST(CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS character_data) AS column_default,
         CAST(CASE WHEN a.attnotnull OR t.typtype = 'd' AND t.typnotnull THEN 'NO' ELSE 'YES' END AS yes_or_no) AS is_nullable,
         CAST(CASE t.typtype WHEN 'd' THEN CASE WHEN bt.typelem <> 0 AND bt.typlen = -1 THEN 'ARRAY' WHEN nbt.nspname = 'pg_catalog' THEN format_type(t.typbasetype, NULL) ELSE 'USER-DEFINED' END ELSE CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' WHEN nt.nspname = 'pg_catalog' THEN format_type(a.atttypid, NULL) ELSE 'USER-DEFINED' END END AS character_data) AS data_type,
         CAST(CASE WHEN y.oid IN (1042, 1043) AND y.modifier <> -1 THEN y.modifier - 4 END AS cardinal_number) AS character_maximum_length,
         CAST(CASE WHEN y.oid IN (25, 1042, 1043) THEN CASE y.modifier WHEN -1 THEN 1073741824 ELSE CASE WHEN y.oid <> 25 THEN (y.modifier - 4) * 4 END END END AS cardinal_number) AS character_octet_length,
         CAST(CASE y.oid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53 WHEN 1700 THEN CASE WHEN y.modifier <> -1 THEN ((y.modifier - 4) >> 16) & 65535 END END AS cardinal_number) AS numeric_precision,
         CAST(CASE WHEN y.oid IN (20, 21, 23, 700, 701) THEN 2 WHEN y.oid = 1700 THEN 10 END AS cardinal_number) AS numeric_precision_radix,
         CAST(CASE WHEN y.oid IN (20, 21, 23) THEN 0 WHEN y.oid = 1700 AND y.modifier <> -1 THEN (y.modifier - 4) & 65535 END AS cardinal_number) AS numeric_scale,
         CAST(CASE WHEN y.oid = 1082 THEN 0 WHEN y.oid IN (1083, 1114, 1184, 1266) THEN CASE WHEN y.modifier < 0 THEN 6 ELSE y.modifier END WHEN y.oid = 1186 THEN CASE WHEN y.modifier < 0 OR y.modifier & 65535 = 65535 THEN 6 ELSE y.modifier & 65535 END END AS cardinal_number) AS datetime_precision,
         CAST(CASE WHEN y.oid = 1186 THEN nullif(upper(regexp_replace(format_type(y.oid, y.modifier), '^interval ?(\([0-9]+\))? ?(.*?)(\([0-9]+\))?$', '\2')), '') END AS character_data) AS interval_type,
         CAST(NULL AS cardinal_number) AS interval_precision, CAST(NULL AS sql_identifier) AS character_set_catalog,
         CAST(NULL AS sql_identifier) AS character_set_schema, CAST(NULL AS sql_identifier) AS character_set_name,
         CAST(CASE WHEN nco.nspname IS NOT NULL THEN current_database() END AS sql_identifier) AS collation_catalog,
         CAST(nco.nspname AS sql_identifier) AS collation_schema,
         CAST(co.collname AS sql_identifier) AS collation_name,
         CAST(CASE t.typtype WHEN 'd' THEN current_database() END AS sql_identifier) AS domain_catalog,
         CAST(CASE t.typtype WHEN 'd' THEN nt.nspname END AS sql_identifier) AS domain_schema,
         CAST(CASE t.typtype WHEN 'd' THEN t.typname END AS sql_identifier) AS domain_name,
         CAST(current_database() AS sql_identifier) AS udt_catalog,
         CAST(coalesce(nbt.nspname, nt.nspname) AS sql_identifier) AS udt_schema,
         CAST(coalesce(bt.typname, t.typname) AS sql_identifier) AS udt_name,
         CAST(NULL AS sql_identifier) AS scope_catalog, CAST(NULL AS sql_identifier) AS scope_schema,
         CAST(NULL AS sql_identifier) AS scope_name, CAST(NULL AS cardinal_number) AS maximum_cardinality,
         CAST(a.attnum AS sql_identifier) AS dtd_identifier, CAST('NO' AS yes_or_no) AS is_self_referencing,
         CAST(CASE WHEN a.attidentity IN ('a', 'd') THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_identity,
         CAST(CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END AS character_data) AS identity_generation,
         CAST(s.seqstart AS character_data) AS identity_start,
         CAST(s.seqincrement AS character_data) AS identity_increment,
         CAST(s.seqmax AS character_data) AS identity_maximum, CAST(s.seqmin AS character_data) AS identity_minimum,
         CAST(CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END AS yes_or_no) AS identity_cycle,
         CAST(CASE WHEN a.attgenerated <> '' THEN 'ALWAYS' ELSE 'NEVER' END AS character_data) AS is_generated,
         CAST(CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS character_data) AS generation_expression,
         CAST(CASE WHEN c.relkind IN ('r', 'p') OR c.relkind IN ('v', 'f') AND pg_column_is_updatable(c.oid::regclass, a.attnum, false) THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_updatable
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_namespace nt ON nt.oid = t.typnamespace
  CROSS JOIN LATERAL (SELECT CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE a.atttypid END AS oid,
                             CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier) y
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN (pg_type bt JOIN pg_namespace nbt ON nbt.oid = bt.typnamespace)
    ON t.typtype = 'd' AND bt.oid = t.typbasetype
  LEFT JOIN (pg_collation co JOIN pg_namespace nco ON nco.oid = co.collnamespace)
    ON co.oid = a.attcollation AND NOT (nco.nspname = 'pg_catalog' AND co.collname = 'default')
  LEFT JOIN (pg_depend p JOIN pg_sequence s ON p.classid = 1259 AND p.objid = s.seqrelid AND p.deptype = 'i')
    ON p.refclassid = 1259 AND p.refobjid = c.oid AND p.refobjsubid = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped
    AND c.relkind IN ('r', 'v', 'f', 'p')
    AND NOT pg_is_other_temp_schema(n.oid)
    AND (pg_has_role(c.relowner, 'USAGE')
         OR has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'::text));

CREATE VIEW attributes AS
  SELECT CAST(current_database() AS sql_identifier) AS udt_catalog, CAST(n.nspname AS sql_identifier) AS udt_schema,
         CAST(c.relname AS sql_identifier) AS udt_name, CAST(a.attname AS sql_identifier) AS attribute_name,
         CAST(a.attnum AS cardinal_number) AS ordinal_position,
         CAST(pg_get_expr(d.adbin, d.adrelid) AS character_data) AS attribute_default,
         CAST(CASE WHEN a.attnotnull OR t.typtype = 'd' AND t.typnotnull THEN 'NO' ELSE 'YES' END AS yes_or_no) AS is_nullable,
         CAST(CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' WHEN nt.nspname = 'pg_catalog' THEN format_type(a.atttypid, NULL) ELSE 'USER-DEFINED' END AS character_data) AS data_type,
         CAST(CASE WHEN y.oid IN (1042, 1043) AND y.modifier <> -1 THEN y.modifier - 4 END AS cardinal_number) AS character_maximum_length,
         CAST(CASE WHEN y.oid IN (25, 1042, 1043) THEN CASE y.modifier WHEN -1 THEN 1073741824 ELSE CASE WHEN y.oid <> 25 THEN (y.modifier - 4) * 4 END END END AS cardinal_number) AS character_octet_length,
         CAST(NULL AS sql_identifier) AS character_set_catalog, CAST(NULL AS sql_identifier) AS character_set_schema,
         CAST(NULL AS sql_identifier) AS character_set_name,
         CAST(CASE WHEN nco.nspname IS NOT NULL THEN current_database() END AS sql_identifier) AS collation_catalog,
         CAST(nco.nspname AS sql_identifier) AS collation_schema,
         CAST(co.collname AS sql_identifier) AS collation_name,
         CAST(CASE y.oid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53 WHEN 1700 THEN CASE WHEN y.modifier <> -1 THEN ((y.modifier - 4) >> 16) & 65535 END END AS cardinal_number) AS numeric_precision,
         CAST(CASE WHEN y.oid IN (20, 21, 23, 700, 701) THEN 2 WHEN y.oid = 1700 THEN 10 END AS cardinal_number) AS numeric_precision_radix,
         CAST(CASE WHEN y.oid IN (20, 21, 23) THEN 0 WHEN y.oid = 1700 AND y.modifier <> -1 THEN (y.modifier - 4) & 65535 END AS cardinal_number) AS numeric_scale,
         CAST(CASE WHEN y.oid = 1082 THEN 0 WHEN y.oid IN (1083, 1114, 1184, 1266) THEN CASE WHEN y.modifier < 0 THEN 6 ELSE y.modifier END WHEN y.oid = 1186 THEN CASE WHEN y.modifier < 0 OR y.modifier & 65535 = 65535 THEN 6 ELSE y.modifier & 65535 END END AS cardinal_number) AS datetime_precision,
         CAST(CASE WHEN y.oid = 1186 THEN nullif(upper(regexp_replace(format_type(y.oid, y.modifier), '^interval ?(\([0-9]+\))? ?(.*?)(\([0-9]+\))?$', '\2')), '') END AS character_data) AS interval_type,
         CAST(NULL AS cardinal_number) AS interval_precision,
         CAST(current_database() AS sql_identifier) AS attribute_udt_catalog,
         CAST(nt.nspname AS sql_identifier) AS attribute_udt_schema,
         CAST(t.typname AS sql_identifier) AS attribute_udt_name, CAST(NULL AS sql_identifier) AS scope_catalog,
         CAST(NULL AS sql_identifier) AS scope_schema, CAST(NULL AS sql_identifier) AS scope_name,
         CAST(NULL AS cardinal_number) AS maximum_cardinality, CAST(a.attnum AS sql_identifier) AS dtd_identifier,
         CAST('NO' AS yes_or_no) AS is_derived_reference_attribute
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_namespace nt ON nt.oid = t.typnamespace
  CROSS JOIN LATERAL (SELECT CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE a.atttypid END AS oid,
                             CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier) y
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN (pg_collation co JOIN pg_namespace nco ON nco.oid = co.collnamespace)
    ON co.oid = a.attcollation AND NOT (nco.nspname = 'pg_catalog' AND co.collname = 'default')
  WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'c'
    AND (pg_has_role(c.relowner, 'USAGE') OR has_type_privilege(c.reltype, 'USAGE'::text));

CREATE VIEW views AS
  SELECT CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(CASE WHEN pg_has_role(c.relowner, 'USAGE') THEN pg_get_viewdef(c.oid) END AS character_data) AS view_definition,
         CAST(CASE WHEN 'check_option=cascaded' = ANY (c.reloptions) THEN 'CASCADED' WHEN 'check_option=local' = ANY (c.reloptions) THEN 'LOCAL' ELSE 'NONE' END AS character_data) AS check_option,
         CAST(CASE WHEN pg_relation_is_updatable(c.oid::regclass, false) & 20 = 20 THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_updatable,
         CAST(CASE WHEN pg_relation_is_updatable(c.oid::regclass, false) & 8 = 8 THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_insertable_into,
         CAST(CASE WHEN EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgtype & 81 = 81) THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_trigger_updatable,
         CAST(CASE WHEN EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgtype & 73 = 73) THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_trigger_deletable,
         CAST(CASE WHEN EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgtype & 69 = 69) THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_trigger_insertable_into
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'v'
    AND NOT pg_is_other_temp_schema(n.oid)
    AND (pg_has_role(c.relowner, 'USAGE')
         OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'::text)
         OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'::text));

CREATE VIEW table_constraints AS
  SELECT CAST(current_database() AS sql_identifier) AS constraint_catalog,
         CAST(nc.nspname AS sql_identifier) AS constraint_schema,
         CAST(o.conname AS sql_identifier) AS constraint_name,
         CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(CASE o.contype WHEN 'c' THEN 'CHECK' WHEN 'f' THEN 'FOREIGN KEY' WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' END AS character_data) AS constraint_type,
         CAST(CASE WHEN o.condeferrable THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_deferrable,
         CAST(CASE WHEN o.condeferred THEN 'YES' ELSE 'NO' END AS yes_or_no) AS initially_deferred,
         CAST('YES' AS yes_or_no) AS enforced,
         CAST(CASE o.contype WHEN 'u' THEN (SELECT CASE WHEN NOT i.indnullsnotdistinct THEN 'YES' ELSE 'NO' END FROM pg_index i WHERE i.indexrelid = o.conindid) END AS yes_or_no) AS nulls_distinct
  FROM pg_constraint o
  JOIN pg_namespace nc ON nc.oid = o.connamespace
  JOIN pg_class c ON c.oid = o.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE o.contype NOT IN ('t', 'x') AND c.relkind IN ('r', 'p')
    AND NOT pg_is_other_temp_schema(n.oid)
    AND (pg_has_role(c.relowner, 'USAGE')
         OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'::text)
         OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'::text))
  UNION ALL
  SELECT CAST(current_database() AS sql_identifier) AS constraint_catalog,
         CAST(n.nspname AS sql_identifier) AS constraint_schema,
         CAST(n.oid::text || '_' || c.oid::text || '_' || a.attnum::text || '_not_null' AS sql_identifier) AS constraint_name,
         CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST('CHECK' AS character_data) AS constraint_type, CAST('NO' AS yes_or_no) AS is_deferrable,
         CAST('NO' AS yes_or_no) AS initially_deferred, CAST('YES' AS yes_or_no) AS enforced,
         CAST(NULL AS yes_or_no) AS nulls_distinct
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
    AND NOT pg_is_other_temp_schema(n.oid)
    AND (pg_has_role(c.relowner, 'USAGE')
         OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'::text)
         OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'::text));

CREATE VIEW check_constraints AS
  SELECT CAST(current_database() AS sql_identifier) AS constraint_catalog,
         CAST(n.nspname AS sql_identifier) AS constraint_schema, CAST(o.conname AS sql_identifier) AS constraint_name,
         CAST(substring(pg_get_constraintdef(o.oid), 7) AS character_data) AS check_clause
  FROM pg_constraint o
  LEFT JOIN pg_namespace n ON n.oid = o.connamespace
  LEFT JOIN pg_class c ON c.oid = o.conrelid
  LEFT JOIN pg_type t ON t.oid = o.contypid
  WHERE o.contype = 'c' AND pg_has_role(coalesce(c.relowner, t.typowner), 'USAGE')
  UNION ALL
  SELECT CAST(current_database() AS sql_identifier) AS constraint_catalog,
         CAST(n.nspname AS sql_identifier) AS constraint_schema,
         CAST(n.oid::text || '_' || c.oid::text || '_' || a.attnum::text || '_not_null' AS sql_identifier) AS constraint_name,
         CAST(a.attname || ' IS NOT NULL' AS character_data) AS check_clause
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
    AND pg_has_role(c.relowner, 'USAGE');

CREATE VIEW key_column_usage AS
  SELECT CAST(current_database() AS sql_identifier) AS constraint_catalog,
         CAST(nc.nspname AS sql_identifier) AS constraint_schema,
         CAST(o.conname AS sql_identifier) AS constraint_name,
         CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(a.attname AS sql_identifier) AS column_name, CAST(k.place AS cardinal_number) AS ordinal_position,
         CAST(CASE o.contype WHEN 'f' THEN (SELECT u.place FROM pg_index i, generate_series(1, i.indnkeyatts::integer) AS u(place) WHERE i.indexrelid = o.conindid AND i.indkey[u.place - 1] = o.confkey[k.place]) END AS cardinal_number) AS position_in_unique_constraint
  FROM pg_constraint o
  CROSS JOIN LATERAL generate_series(1, array_length(o.conkey, 1)) AS k(place)
  JOIN pg_namespace nc ON nc.oid = o.connamespace
  JOIN pg_class c ON c.oid = o.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.conkey[k.place]
  WHERE o.contype IN ('p', 'u', 'f') AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
    AND NOT pg_is_other_temp_schema(n.oid)
    AND (pg_has_role(c.relowner, 'USAGE')
         OR has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'::text));

CREATE VIEW referential_constraints AS
  SELECT CAST(current_database() AS sql_identifier) AS constraint_catalog,
         CAST(nc.nspname AS sql_identifier) AS constraint_schema,
         CAST(o.conname AS sql_identifier) AS constraint_name,
         CAST(CASE WHEN nu.nspname IS NOT NULL THEN current_database() END AS sql_identifier) AS unique_constraint_catalog,
         CAST(nu.nspname AS sql_identifier) AS unique_constraint_schema,
         CAST(u.conname AS sql_identifier) AS unique_constraint_name,
         CAST(CASE o.confmatchtype WHEN 'f' THEN 'FULL' WHEN 'p' THEN 'PARTIAL' WHEN 's' THEN 'NONE' END AS character_data) AS match_option,
         CAST(CASE o.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' WHEN 'a' THEN 'NO ACTION' END AS character_data) AS update_rule,
         CAST(CASE o.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' WHEN 'a' THEN 'NO ACTION' END AS character_data) AS delete_rule
  FROM pg_constraint o
  JOIN pg_namespace nc ON nc.oid = o.connamespace
  JOIN pg_class c ON c.oid = o.conrelid
  LEFT JOIN pg_constraint u ON u.conindid = o.conindid AND u.contype IN ('p', 'u') AND u.conrelid = o.confrelid
  LEFT JOIN pg_namespace nu ON nu.oid = u.connamespace
  WHERE o.contype = 'f'
    AND (pg_has_role(c.relowner, 'USAGE')
         OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'::text)
         OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'::text));

CREATE VIEW constraint_column_usage AS
  SELECT DISTINCT CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(a.attname AS sql_identifier) AS column_name,
         CAST(current_database() AS sql_identifier) AS constraint_catalog,
         CAST(nc.nspname AS sql_identifier) AS constraint_schema, CAST(o.conname AS sql_identifier) AS constraint_name
  FROM pg_constraint o
  JOIN pg_namespace nc ON nc.oid = o.connamespace
  JOIN pg_depend d ON d.classid = 2606 AND d.objid = o.oid AND d.refclassid = 1259
  JOIN pg_class c ON c.oid = d.refobjid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
  WHERE o.contype = 'c' AND c.relkind IN ('r', 'p') AND NOT a.attisdropped AND pg_has_role(c.relowner, 'USAGE')
  UNION ALL
  SELECT CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(a.attname AS sql_identifier) AS column_name,
         CAST(current_database() AS sql_identifier) AS constraint_catalog,
         CAST(nc.nspname AS sql_identifier) AS constraint_schema, CAST(o.conname AS sql_identifier) AS constraint_name
  FROM pg_constraint o
  JOIN pg_namespace nc ON nc.oid = o.connamespace
  JOIN pg_class c ON c.oid = CASE o.contype WHEN 'f' THEN o.confrelid ELSE o.conrelid END
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (CASE o.contype WHEN 'f' THEN o.confkey ELSE o.conkey END)
  WHERE o.contype IN ('p', 'u', 'f') AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
    AND pg_has_role(c.relowner, 'USAGE');

CREATE VIEW constraint_table_usage AS
  SELECT CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(current_database() AS sql_identifier) AS constraint_catalog,
         CAST(nc.nspname AS sql_identifier) AS constraint_schema, CAST(o.conname AS sql_identifier) AS constraint_name
  FROM pg_constraint o
  JOIN pg_namespace nc ON nc.oid = o.connamespace
  JOIN pg_class c ON c.oid = CASE o.contype WHEN 'f' THEN o.confrelid ELSE o.conrelid END
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE o.contype IN ('p', 'u', 'f') AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE');

CREATE VIEW check_constraint_routine_usage AS
  SELECT DISTINCT CAST(current_database() AS sql_identifier) AS constraint_catalog,
         CAST(nc.nspname AS sql_identifier) AS constraint_schema,
         CAST(o.conname AS sql_identifier) AS constraint_name,
         CAST(current_database() AS sql_identifier) AS specific_catalog,
         CAST(np.nspname AS sql_identifier) AS specific_schema,
         CAST(nameconcatoid(p.proname, p.oid) AS sql_identifier) AS specific_name
  FROM pg_constraint o
  JOIN pg_namespace nc ON nc.oid = o.connamespace
  JOIN pg_depend d ON d.classid = 2606 AND d.objid = o.oid AND d.refclassid = 1255
  JOIN pg_proc p ON p.oid = d.refobjid
  JOIN pg_namespace np ON np.oid = p.pronamespace
  WHERE o.contype = 'c' AND pg_has_role(p.proowner, 'USAGE');

CREATE VIEW domain_constraints AS
  SELECT CAST(current_database() AS sql_identifier) AS constraint_catalog,
         CAST(nc.nspname AS sql_identifier) AS constraint_schema,
         CAST(o.conname AS sql_identifier) AS constraint_name,
         CAST(current_database() AS sql_identifier) AS domain_catalog,
         CAST(n.nspname AS sql_identifier) AS domain_schema, CAST(t.typname AS sql_identifier) AS domain_name,
         CAST(CASE WHEN o.condeferrable THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_deferrable,
         CAST(CASE WHEN o.condeferred THEN 'YES' ELSE 'NO' END AS yes_or_no) AS initially_deferred
  FROM pg_constraint o
  JOIN pg_namespace nc ON nc.oid = o.connamespace
  JOIN pg_type t ON t.oid = o.contypid
  JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE pg_has_role(t.typowner, 'USAGE') OR has_type_privilege(t.oid, 'USAGE'::text);

CREATE VIEW domains AS
  SELECT CAST(current_database() AS sql_identifier) AS domain_catalog,
         CAST(n.nspname AS sql_identifier) AS domain_schema, CAST(t.typname AS sql_identifier) AS domain_name,
         CAST(CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' WHEN nbt.nspname = 'pg_catalog' THEN format_type(t.typbasetype, NULL) ELSE 'USER-DEFINED' END AS character_data) AS data_type,
         CAST(CASE WHEN t.typbasetype IN (1042, 1043) AND t.typtypmod <> -1 THEN t.typtypmod - 4 END AS cardinal_number) AS character_maximum_length,
         CAST(CASE WHEN t.typbasetype IN (25, 1042, 1043) THEN CASE t.typtypmod WHEN -1 THEN 1073741824 ELSE CASE WHEN t.typbasetype <> 25 THEN (t.typtypmod - 4) * 4 END END END AS cardinal_number) AS character_octet_length,
         CAST(NULL AS sql_identifier) AS character_set_catalog, CAST(NULL AS sql_identifier) AS character_set_schema,
         CAST(NULL AS sql_identifier) AS character_set_name,
         CAST(CASE WHEN nco.nspname IS NOT NULL THEN current_database() END AS sql_identifier) AS collation_catalog,
         CAST(nco.nspname AS sql_identifier) AS collation_schema,
         CAST(co.collname AS sql_identifier) AS collation_name,
         CAST(CASE t.typbasetype WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53 WHEN 1700 THEN CASE WHEN t.typtypmod <> -1 THEN ((t.typtypmod - 4) >> 16) & 65535 END END AS cardinal_number) AS numeric_precision,
         CAST(CASE WHEN t.typbasetype IN (20, 21, 23, 700, 701) THEN 2 WHEN t.typbasetype = 1700 THEN 10 END AS cardinal_number) AS numeric_precision_radix,
         CAST(CASE WHEN t.typbasetype IN (20, 21, 23) THEN 0 WHEN t.typbasetype = 1700 AND t.typtypmod <> -1 THEN (t.typtypmod - 4) & 65535 END AS cardinal_number) AS numeric_scale,
         CAST(CASE WHEN t.typbasetype = 1082 THEN 0 WHEN t.typbasetype IN (1083, 1114, 1184, 1266) THEN CASE WHEN t.typtypmod < 0 THEN 6 ELSE t.typtypmod END WHEN t.typbasetype = 1186 THEN CASE WHEN t.typtypmod < 0 OR t.typtypmod & 65535 = 65535 THEN 6 ELSE t.typtypmod & 65535 END END AS cardinal_number) AS datetime_precision,
         CAST(CASE WHEN t.typbasetype = 1186 THEN nullif(upper(regexp_replace(format_type(t.typbasetype, t.typtypmod), '^interval ?(\([0-9]+\))? ?(.*?)(\([0-9]+\))?$', '\2')), '') END AS character_data) AS interval_type,
         CAST(NULL AS cardinal_number) AS interval_precision, CAST(t.typdefault AS character_data) AS domain_default,
         CAST(current_database() AS sql_identifier) AS udt_catalog, CAST(nbt.nspname AS sql_identifier) AS udt_schema,
         CAST(bt.typname AS sql_identifier) AS udt_name, CAST(NULL AS sql_identifier) AS scope_catalog,
         CAST(NULL AS sql_identifier) AS scope_schema, CAST(NULL AS sql_identifier) AS scope_name,
         CAST(NULL AS cardinal_number) AS maximum_cardinality, CAST(1 AS sql_identifier) AS dtd_identifier
  FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  JOIN pg_type bt ON bt.oid = t.typbasetype
  JOIN pg_namespace nbt ON nbt.oid = bt.typnamespace
  LEFT JOIN (pg_collation co JOIN pg_namespace nco ON nco.oid = co.collnamespace)
    ON co.oid = t.typcollation AND NOT (nco.nspname = 'pg_catalog' AND co.collname = 'default')
  WHERE t.typtype = 'd' AND (pg_has_role(t.typowner, 'USAGE') OR has_type_privilege(t.oid, 'USAGE'::text));

CREATE VIEW domain_udt_usage AS
  SELECT CAST(current_database() AS sql_identifier) AS udt_catalog, CAST(nbt.nspname AS sql_identifier) AS udt_schema,
         CAST(bt.typname AS sql_identifier) AS udt_name, CAST(current_database() AS sql_identifier) AS domain_catalog,
         CAST(n.nspname AS sql_identifier) AS domain_schema, CAST(t.typname AS sql_identifier) AS domain_name
  FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  JOIN pg_type bt ON bt.oid = t.typbasetype
  JOIN pg_namespace nbt ON nbt.oid = bt.typnamespace
  WHERE t.typtype = 'd' AND pg_has_role(bt.typowner, 'USAGE');

CREATE VIEW column_domain_usage AS
  SELECT CAST(current_database() AS sql_identifier) AS domain_catalog,
         CAST(nt.nspname AS sql_identifier) AS domain_schema, CAST(t.typname AS sql_identifier) AS domain_name,
         CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(a.attname AS sql_identifier) AS column_name
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_namespace nt ON nt.oid = t.typnamespace
  WHERE t.typtype = 'd' AND c.relkind IN ('r', 'v', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    AND pg_has_role(t.typowner, 'USAGE');

CREATE VIEW column_udt_usage AS
  SELECT CAST(current_database() AS sql_identifier) AS udt_catalog,
         CAST(coalesce(nbt.nspname, nt.nspname) AS sql_identifier) AS udt_schema,
         CAST(coalesce(bt.typname, t.typname) AS sql_identifier) AS udt_name,
         CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(a.attname AS sql_identifier) AS column_name
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_namespace nt ON nt.oid = t.typnamespace
  LEFT JOIN (pg_type bt JOIN pg_namespace nbt ON nbt.oid = bt.typnamespace)
    ON t.typtype = 'd' AND bt.oid = t.typbasetype
  WHERE c.relkind IN ('r', 'v', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    AND pg_has_role(coalesce(bt.typowner, t.typowner), 'USAGE');

CREATE VIEW column_column_usage AS
  SELECT DISTINCT CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(a.attname AS sql_identifier) AS column_name, CAST(g.attname AS sql_identifier) AS dependent_column
  FROM pg_attrdef e
  JOIN pg_attribute g ON g.attrelid = e.adrelid AND g.attnum = e.adnum AND g.attgenerated <> ''
  JOIN pg_depend d ON d.classid = 2604 AND d.objid = e.oid AND d.refclassid = 1259 AND d.refobjid = e.adrelid
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum <> g.attnum
  JOIN pg_class c ON c.oid = e.adrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE pg_has_role(c.relowner, 'USAGE');

CREATE VIEW sequences AS
  SELECT CAST(current_database() AS sql_identifier) AS sequence_catalog,
         CAST(n.nspname AS sql_identifier) AS sequence_schema, CAST(c.relname AS sql_identifier) AS sequence_name,
         CAST(format_type(s.seqtypid, NULL) AS character_data) AS data_type,
         CAST(CASE s.seqtypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 END AS cardinal_number) AS numeric_precision,
         CAST(2 AS cardinal_number) AS numeric_precision_radix, CAST(0 AS cardinal_number) AS numeric_scale,
         CAST(s.seqstart AS character_data) AS start_value, CAST(s.seqmin AS character_data) AS minimum_value,
         CAST(s.seqmax AS character_data) AS maximum_value, CAST(s.seqincrement AS character_data) AS increment,
         CAST(CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END AS yes_or_no) AS cycle_option
  FROM pg_sequence s
  JOIN pg_class c ON c.oid = s.seqrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'S' AND NOT pg_is_other_temp_schema(n.oid)
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 1259 AND d.objid = c.oid AND d.deptype = 'i')
    AND (pg_has_role(c.relowner, 'USAGE') OR has_sequence_privilege(c.oid, 'SELECT, UPDATE, USAGE'::text));

CREATE VIEW routines AS
  SELECT CAST(current_database() AS sql_identifier) AS specific_catalog,
         CAST(np.nspname AS sql_identifier) AS specific_schema,
         CAST(nameconcatoid(p.proname, p.oid) AS sql_identifier) AS specific_name,
         CAST(current_database() AS sql_identifier) AS routine_catalog,
         CAST(np.nspname AS sql_identifier) AS routine_schema, CAST(p.proname AS sql_identifier) AS routine_name,
         CAST(CASE p.prokind WHEN 'f' THEN 'FUNCTION' WHEN 'p' THEN 'PROCEDURE' END AS character_data) AS routine_type,
         CAST(NULL AS sql_identifier) AS module_catalog, CAST(NULL AS sql_identifier) AS module_schema,
         CAST(NULL AS sql_identifier) AS module_name, CAST(NULL AS sql_identifier) AS udt_catalog,
         CAST(NULL AS sql_identifier) AS udt_schema, CAST(NULL AS sql_identifier) AS udt_name,
         CAST(CASE p.prokind WHEN 'p' THEN NULL ELSE CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' WHEN nt.nspname = 'pg_catalog' THEN format_type(t.oid, NULL) ELSE 'USER-DEFINED' END END AS character_data) AS data_type,
         CAST(NULL AS cardinal_number) AS character_maximum_length,
         CAST(NULL AS cardinal_number) AS character_octet_length,
         CAST(NULL AS sql_identifier) AS character_set_catalog, CAST(NULL AS sql_identifier) AS character_set_schema,
         CAST(NULL AS sql_identifier) AS character_set_name, CAST(NULL AS sql_identifier) AS collation_catalog,
         CAST(NULL AS sql_identifier) AS collation_schema, CAST(NULL AS sql_identifier) AS collation_name,
         CAST(NULL AS cardinal_number) AS numeric_precision, CAST(NULL AS cardinal_number) AS numeric_precision_radix,
         CAST(NULL AS cardinal_number) AS numeric_scale, CAST(NULL AS cardinal_number) AS datetime_precision,
         CAST(NULL AS character_data) AS interval_type, CAST(NULL AS cardinal_number) AS interval_precision,
         CAST(CASE WHEN nt.nspname IS NOT NULL THEN current_database() END AS sql_identifier) AS type_udt_catalog,
         CAST(nt.nspname AS sql_identifier) AS type_udt_schema, CAST(t.typname AS sql_identifier) AS type_udt_name,
         CAST(NULL AS sql_identifier) AS scope_catalog, CAST(NULL AS sql_identifier) AS scope_schema,
         CAST(NULL AS sql_identifier) AS scope_name, CAST(NULL AS cardinal_number) AS maximum_cardinality,
         CAST(CASE WHEN p.prokind <> 'p' THEN 0 END AS sql_identifier) AS dtd_identifier,
         CAST(CASE l.lanname WHEN 'sql' THEN 'SQL' ELSE 'EXTERNAL' END AS character_data) AS routine_body,
         CAST(CASE WHEN pg_has_role(p.proowner, 'USAGE') THEN p.prosrc END AS character_data) AS routine_definition,
         CAST(CASE l.lanname WHEN 'c' THEN p.prosrc END AS character_data) AS external_name,
         CAST(upper(l.lanname) AS character_data) AS external_language,
         CAST('GENERAL' AS character_data) AS parameter_style,
         CAST(CASE WHEN p.provolatile = 'i' THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_deterministic,
         CAST('MODIFIES' AS character_data) AS sql_data_access,
         CAST(CASE WHEN p.prokind <> 'p' THEN CASE WHEN p.proisstrict THEN 'YES' ELSE 'NO' END END AS yes_or_no) AS is_null_call,
         CAST(NULL AS character_data) AS sql_path, CAST('YES' AS yes_or_no) AS schema_level_routine,
         CAST(0 AS cardinal_number) AS max_dynamic_result_sets, CAST(NULL AS yes_or_no) AS is_user_defined_cast,
         CAST(NULL AS yes_or_no) AS is_implicitly_invocable,
         CAST(CASE WHEN p.prosecdef THEN 'DEFINER' ELSE 'INVOKER' END AS character_data) AS security_type,
         CAST(NULL AS sql_identifier) AS to_sql_specific_catalog,
         CAST(NULL AS sql_identifier) AS to_sql_specific_schema, CAST(NULL AS sql_identifier) AS to_sql_specific_name,
         CAST('NO' AS yes_or_no) AS as_locator, CAST(NULL AS time_stamp) AS created,
         CAST(NULL AS time_stamp) AS last_altered, CAST(NULL AS yes_or_no) AS new_savepoint_level,
         CAST('NO' AS yes_or_no) AS is_udt_dependent, CAST(NULL AS character_data) AS result_cast_from_data_type,
         CAST(NULL AS yes_or_no) AS result_cast_as_locator,
         CAST(NULL AS cardinal_number) AS result_cast_char_max_length,
         CAST(NULL AS cardinal_number) AS result_cast_char_octet_length,
         CAST(NULL AS sql_identifier) AS result_cast_char_set_catalog,
         CAST(NULL AS sql_identifier) AS result_cast_char_set_schema,
         CAST(NULL AS sql_identifier) AS result_cast_char_set_name,
         CAST(NULL AS sql_identifier) AS result_cast_collation_catalog,
         CAST(NULL AS sql_identifier) AS result_cast_collation_schema,
         CAST(NULL AS sql_identifier) AS result_cast_collation_name,
         CAST(NULL AS cardinal_number) AS result_cast_numeric_precision,
         CAST(NULL AS cardinal_number) AS result_cast_numeric_precision_radix,
         CAST(NULL AS cardinal_number) AS result_cast_numeric_scale,
         CAST(NULL AS cardinal_number) AS result_cast_datetime_precision,
         CAST(NULL AS character_data) AS result_cast_interval_type,
         CAST(NULL AS cardinal_number) AS result_cast_interval_precision,
         CAST(NULL AS sql_identifier) AS result_cast_type_udt_catalog,
         CAST(NULL AS sql_identifier) AS result_cast_type_udt_schema,
         CAST(NULL AS sql_identifier) AS result_cast_type_udt_name,
         CAST(NULL AS sql_identifier) AS result_cast_scope_catalog,
         CAST(NULL AS sql_identifier) AS result_cast_scope_schema,
         CAST(NULL AS sql_identifier) AS result_cast_scope_name,
         CAST(NULL AS cardinal_number) AS result_cast_maximum_cardinality,
         CAST(NULL AS sql_identifier) AS result_cast_dtd_identifier
  FROM pg_proc p
  JOIN pg_namespace np ON np.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
  LEFT JOIN (pg_type t JOIN pg_namespace nt ON nt.oid = t.typnamespace) ON t.oid = p.prorettype AND p.prokind <> 'p'
  WHERE pg_has_role(p.proowner, 'USAGE') OR has_function_privilege(p.oid, 'EXECUTE'::text);

CREATE VIEW parameters AS
  SELECT CAST(current_database() AS sql_identifier) AS specific_catalog,
         CAST(np.nspname AS sql_identifier) AS specific_schema,
         CAST(nameconcatoid(p.proname, p.oid) AS sql_identifier) AS specific_name,
         CAST(k.place AS cardinal_number) AS ordinal_position,
         CAST(CASE coalesce(p.proargmodes[k.place], 'i') WHEN 'i' THEN 'IN' WHEN 'o' THEN 'OUT' WHEN 'b' THEN 'INOUT' WHEN 'v' THEN 'IN' WHEN 't' THEN 'OUT' END AS character_data) AS parameter_mode,
         CAST('NO' AS yes_or_no) AS is_result, CAST('NO' AS yes_or_no) AS as_locator,
         CAST(nullif(p.proargnames[k.place], '') AS sql_identifier) AS parameter_name,
         CAST(CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' WHEN nt.nspname = 'pg_catalog' THEN format_type(t.oid, NULL) ELSE 'USER-DEFINED' END AS character_data) AS data_type,
         CAST(NULL AS cardinal_number) AS character_maximum_length,
         CAST(NULL AS cardinal_number) AS character_octet_length,
         CAST(NULL AS sql_identifier) AS character_set_catalog, CAST(NULL AS sql_identifier) AS character_set_schema,
         CAST(NULL AS sql_identifier) AS character_set_name, CAST(NULL AS sql_identifier) AS collation_catalog,
         CAST(NULL AS sql_identifier) AS collation_schema, CAST(NULL AS sql_identifier) AS collation_name,
         CAST(NULL AS cardinal_number) AS numeric_precision, CAST(NULL AS cardinal_number) AS numeric_precision_radix,
         CAST(NULL AS cardinal_number) AS numeric_scale, CAST(NULL AS cardinal_number) AS datetime_precision,
         CAST(NULL AS character_data) AS interval_type, CAST(NULL AS cardinal_number) AS interval_precision,
         CAST(current_database() AS sql_identifier) AS udt_catalog, CAST(nt.nspname AS sql_identifier) AS udt_schema,
         CAST(t.typname AS sql_identifier) AS udt_name, CAST(NULL AS sql_identifier) AS scope_catalog,
         CAST(NULL AS sql_identifier) AS scope_schema, CAST(NULL AS sql_identifier) AS scope_name,
         CAST(NULL AS cardinal_number) AS maximum_cardinality, CAST(k.place AS sql_identifier) AS dtd_identifier,
         CAST(CASE WHEN pg_has_role(p.proowner, 'USAGE') THEN pg_get_function_arg_default(p.oid, k.place) END AS character_data) AS parameter_default
  FROM pg_proc p
  JOIN pg_namespace np ON np.oid = p.pronamespace
  CROSS JOIN LATERAL generate_series(1, coalesce(array_length(p.proallargtypes, 1), p.pronargs::integer)) AS k(place)
  JOIN pg_type t ON t.oid = CASE WHEN p.proallargtypes IS NULL THEN p.proargtypes[k.place - 1] ELSE p.proallargtypes[k.place] END
  JOIN pg_namespace nt ON nt.oid = t.typnamespace
  WHERE pg_has_role(p.proowner, 'USAGE') OR has_function_privilege(p.oid, 'EXECUTE'::text);

CREATE VIEW triggers AS
  SELECT CAST(current_database() AS sql_identifier) AS trigger_catalog,
         CAST(n.nspname AS sql_identifier) AS trigger_schema, CAST(g.tgname AS sql_identifier) AS trigger_name,
         CAST(e.name AS character_data) AS event_manipulation,
         CAST(current_database() AS sql_identifier) AS event_object_catalog,
         CAST(n.nspname AS sql_identifier) AS event_object_schema,
         CAST(c.relname AS sql_identifier) AS event_object_table,
         CAST(rank() OVER (PARTITION BY n.oid, c.oid, e.bit, g.tgtype & 1, g.tgtype & 66 ORDER BY g.tgname) AS cardinal_number) AS action_order,
         CAST(CASE WHEN pg_has_role(c.relowner, 'USAGE') THEN (regexp_match(pg_get_triggerdef(g.oid), '.{35,} WHEN \((.+)\) EXECUTE FUNCTION'))[1] END AS character_data) AS action_condition,
         CAST(substring(pg_get_triggerdef(g.oid), strpos(substring(pg_get_triggerdef(g.oid), 48), 'EXECUTE FUNCTION') + 47) AS character_data) AS action_statement,
         CAST(CASE g.tgtype & 1 WHEN 1 THEN 'ROW' ELSE 'STATEMENT' END AS character_data) AS action_orientation,
         CAST(CASE g.tgtype & 66 WHEN 2 THEN 'BEFORE' WHEN 64 THEN 'INSTEAD OF' ELSE 'AFTER' END AS character_data) AS action_timing,
         CAST(g.tgoldtable AS sql_identifier) AS action_reference_old_table,
         CAST(g.tgnewtable AS sql_identifier) AS action_reference_new_table,
         CAST(NULL AS sql_identifier) AS action_reference_old_row,
         CAST(NULL AS sql_identifier) AS action_reference_new_row, CAST(NULL AS time_stamp) AS created
  FROM pg_trigger g
  JOIN pg_class c ON c.oid = g.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN (VALUES (4, 'INSERT'), (8, 'DELETE'), (16, 'UPDATE')) AS e(bit, name) ON g.tgtype & e.bit <> 0
  WHERE NOT g.tgisinternal AND NOT pg_is_other_temp_schema(n.oid)
    AND (pg_has_role(c.relowner, 'USAGE')
         OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'::text)
         OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'::text));

CREATE VIEW triggered_update_columns AS
  SELECT CAST(current_database() AS sql_identifier) AS trigger_catalog,
         CAST(n.nspname AS sql_identifier) AS trigger_schema, CAST(g.tgname AS sql_identifier) AS trigger_name,
         CAST(current_database() AS sql_identifier) AS event_object_catalog,
         CAST(n.nspname AS sql_identifier) AS event_object_schema,
         CAST(c.relname AS sql_identifier) AS event_object_table,
         CAST(a.attname AS sql_identifier) AS event_object_column
  FROM pg_trigger g
  JOIN pg_class c ON c.oid = g.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (g.tgattr::smallint[])
  WHERE NOT g.tgisinternal AND NOT pg_is_other_temp_schema(n.oid)
    AND (pg_has_role(c.relowner, 'USAGE') OR has_column_privilege(c.oid, a.attnum, 'INSERT, UPDATE, REFERENCES'::text));

CREATE VIEW table_privileges AS
  SELECT CAST(grantor.rolname AS sql_identifier) AS grantor, CAST(grantee.rolname AS sql_identifier) AS grantee,
         CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(x.privilege_type AS character_data) AS privilege_type,
         CAST(CASE WHEN pg_has_role(grantee.oid, c.relowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_grantable,
         CAST(CASE WHEN x.privilege_type = 'SELECT' THEN 'YES' ELSE 'NO' END AS yes_or_no) AS with_hierarchy
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
  JOIN pg_authid grantor ON grantor.oid = x.grantor
  JOIN (SELECT a.oid, a.rolname FROM pg_authid a UNION ALL SELECT 0::oid, 'PUBLIC'::name) grantee
    ON grantee.oid = x.grantee
  WHERE c.relkind IN ('r', 'v', 'f', 'p')
    AND x.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER')
    AND (pg_has_role(grantor.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC');

CREATE VIEW role_table_grants AS
  SELECT p.grantor, p.grantee, p.table_catalog, p.table_schema, p.table_name, p.privilege_type, p.is_grantable,
         p.with_hierarchy
  FROM table_privileges p
  WHERE p.grantor IN (SELECT e.role_name FROM enabled_roles e)
     OR p.grantee IN (SELECT e.role_name FROM enabled_roles e);

CREATE VIEW column_privileges AS
  SELECT CAST(grantor.rolname AS sql_identifier) AS grantor, CAST(grantee.rolname AS sql_identifier) AS grantee,
         CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(a.attname AS sql_identifier) AS column_name, CAST(x.privilege_type AS character_data) AS privilege_type,
         CAST(CASE WHEN pg_has_role(grantee.oid, c.relowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_grantable
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
  JOIN pg_authid grantor ON grantor.oid = x.grantor
  JOIN (SELECT a.oid, a.rolname FROM pg_authid a UNION ALL SELECT 0::oid, 'PUBLIC'::name) grantee
    ON grantee.oid = x.grantee
  WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'f', 'p')
    AND x.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'REFERENCES')
    AND (pg_has_role(grantor.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC')
  UNION
  SELECT CAST(grantor.rolname AS sql_identifier) AS grantor, CAST(grantee.rolname AS sql_identifier) AS grantee,
         CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(a.attname AS sql_identifier) AS column_name, CAST(x.privilege_type AS character_data) AS privilege_type,
         CAST(CASE WHEN pg_has_role(grantee.oid, c.relowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_grantable
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL aclexplode(a.attacl) x
  JOIN pg_authid grantor ON grantor.oid = x.grantor
  JOIN (SELECT a.oid, a.rolname FROM pg_authid a UNION ALL SELECT 0::oid, 'PUBLIC'::name) grantee
    ON grantee.oid = x.grantee
  WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'f', 'p')
    AND x.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'REFERENCES')
    AND (pg_has_role(grantor.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC');

CREATE VIEW role_column_grants AS
  SELECT p.grantor, p.grantee, p.table_catalog, p.table_schema, p.table_name, p.column_name, p.privilege_type,
         p.is_grantable
  FROM column_privileges p
  WHERE p.grantor IN (SELECT e.role_name FROM enabled_roles e)
     OR p.grantee IN (SELECT e.role_name FROM enabled_roles e);

CREATE VIEW routine_privileges AS
  SELECT CAST(grantor.rolname AS sql_identifier) AS grantor, CAST(grantee.rolname AS sql_identifier) AS grantee,
         CAST(current_database() AS sql_identifier) AS specific_catalog,
         CAST(np.nspname AS sql_identifier) AS specific_schema,
         CAST(nameconcatoid(p.proname, p.oid) AS sql_identifier) AS specific_name,
         CAST(current_database() AS sql_identifier) AS routine_catalog,
         CAST(np.nspname AS sql_identifier) AS routine_schema, CAST(p.proname AS sql_identifier) AS routine_name,
         CAST('EXECUTE' AS character_data) AS privilege_type,
         CAST(CASE WHEN pg_has_role(grantee.oid, p.proowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_grantable
  FROM pg_proc p
  JOIN pg_namespace np ON np.oid = p.pronamespace
  CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
  JOIN pg_authid grantor ON grantor.oid = x.grantor
  JOIN (SELECT a.oid, a.rolname FROM pg_authid a UNION ALL SELECT 0::oid, 'PUBLIC'::name) grantee
    ON grantee.oid = x.grantee
  WHERE x.privilege_type = 'EXECUTE'
    AND (pg_has_role(grantor.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC');

CREATE VIEW role_routine_grants AS
  SELECT p.grantor, p.grantee, p.specific_catalog, p.specific_schema, p.specific_name, p.routine_catalog,
         p.routine_schema, p.routine_name, p.privilege_type, p.is_grantable
  FROM routine_privileges p
  WHERE p.grantor IN (SELECT e.role_name FROM enabled_roles e)
     OR p.grantee IN (SELECT e.role_name FROM enabled_roles e);

CREATE VIEW udt_privileges AS
  SELECT CAST(grantor.rolname AS sql_identifier) AS grantor, CAST(grantee.rolname AS sql_identifier) AS grantee,
         CAST(current_database() AS sql_identifier) AS udt_catalog, CAST(n.nspname AS sql_identifier) AS udt_schema,
         CAST(t.typname AS sql_identifier) AS udt_name, CAST('TYPE USAGE' AS character_data) AS privilege_type,
         CAST(CASE WHEN pg_has_role(grantee.oid, t.typowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_grantable
  FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  CROSS JOIN LATERAL aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) x
  JOIN pg_authid grantor ON grantor.oid = x.grantor
  JOIN (SELECT a.oid, a.rolname FROM pg_authid a UNION ALL SELECT 0::oid, 'PUBLIC'::name) grantee
    ON grantee.oid = x.grantee
  WHERE t.typtype = 'c' AND x.privilege_type = 'USAGE'
    AND (pg_has_role(grantor.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC');

CREATE VIEW role_udt_grants AS
  SELECT p.grantor, p.grantee, p.udt_catalog, p.udt_schema, p.udt_name, p.privilege_type, p.is_grantable
  FROM udt_privileges p
  WHERE p.grantor IN (SELECT e.role_name FROM enabled_roles e)
     OR p.grantee IN (SELECT e.role_name FROM enabled_roles e);

CREATE VIEW usage_privileges AS
  SELECT CAST(u.rolname AS sql_identifier) AS grantor, CAST('PUBLIC' AS sql_identifier) AS grantee,
         CAST(current_database() AS sql_identifier) AS object_catalog,
         CAST(n.nspname AS sql_identifier) AS object_schema, CAST(c.collname AS sql_identifier) AS object_name,
         CAST('COLLATION' AS character_data) AS object_type, CAST('USAGE' AS character_data) AS privilege_type,
         CAST('NO' AS yes_or_no) AS is_grantable
  FROM pg_collation c
  JOIN pg_namespace n ON n.oid = c.collnamespace
  JOIN pg_authid u ON u.oid = c.collowner
  WHERE c.collencoding IN (-1, (SELECT d.encoding FROM pg_database d WHERE d.datname = current_database()))
  UNION ALL
  SELECT CAST(grantor.rolname AS sql_identifier) AS grantor, CAST(grantee.rolname AS sql_identifier) AS grantee,
         CAST(current_database() AS sql_identifier) AS object_catalog,
         CAST(n.nspname AS sql_identifier) AS object_schema, CAST(t.typname AS sql_identifier) AS object_name,
         CAST('DOMAIN' AS character_data) AS object_type, CAST('USAGE' AS character_data) AS privilege_type,
         CAST(CASE WHEN pg_has_role(grantee.oid, t.typowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_grantable
  FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  CROSS JOIN LATERAL aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) x
  JOIN pg_authid grantor ON grantor.oid = x.grantor
  JOIN (SELECT a.oid, a.rolname FROM pg_authid a UNION ALL SELECT 0::oid, 'PUBLIC'::name) grantee
    ON grantee.oid = x.grantee
  WHERE t.typtype = 'd' AND x.privilege_type = 'USAGE'
    AND (pg_has_role(grantor.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC')
  UNION ALL
  SELECT CAST(grantor.rolname AS sql_identifier) AS grantor, CAST(grantee.rolname AS sql_identifier) AS grantee,
         CAST(current_database() AS sql_identifier) AS object_catalog,
         CAST(n.nspname AS sql_identifier) AS object_schema, CAST(c.relname AS sql_identifier) AS object_name,
         CAST('SEQUENCE' AS character_data) AS object_type, CAST('USAGE' AS character_data) AS privilege_type,
         CAST(CASE WHEN pg_has_role(grantee.oid, c.relowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END AS yes_or_no) AS is_grantable
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('s', c.relowner))) x
  JOIN pg_authid grantor ON grantor.oid = x.grantor
  JOIN (SELECT a.oid, a.rolname FROM pg_authid a UNION ALL SELECT 0::oid, 'PUBLIC'::name) grantee
    ON grantee.oid = x.grantee
  WHERE c.relkind = 'S' AND x.privilege_type = 'USAGE'
    AND (pg_has_role(grantor.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC');

CREATE VIEW role_usage_grants AS
  SELECT p.grantor, p.grantee, p.object_catalog, p.object_schema, p.object_name, p.object_type, p.privilege_type,
         p.is_grantable
  FROM usage_privileges p
  WHERE p.grantor IN (SELECT e.role_name FROM enabled_roles e)
     OR p.grantee IN (SELECT e.role_name FROM enabled_roles e);

CREATE VIEW view_table_usage AS
  SELECT DISTINCT CAST(current_database() AS sql_identifier) AS view_catalog,
         CAST(nv.nspname AS sql_identifier) AS view_schema, CAST(v.relname AS sql_identifier) AS view_name,
         CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name
  FROM pg_class v
  JOIN pg_namespace nv ON nv.oid = v.relnamespace
  JOIN pg_depend own ON own.refclassid = 1259 AND own.refobjid = v.oid AND own.classid = 2618 AND own.deptype = 'i'
  JOIN pg_depend d ON d.classid = 2618 AND d.objid = own.objid
  JOIN pg_class c ON d.refclassid = 1259 AND c.oid = d.refobjid AND c.oid <> v.oid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE v.relkind = 'v' AND c.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(c.relowner, 'USAGE');

CREATE VIEW view_column_usage AS
  SELECT DISTINCT CAST(current_database() AS sql_identifier) AS view_catalog,
         CAST(nv.nspname AS sql_identifier) AS view_schema, CAST(v.relname AS sql_identifier) AS view_name,
         CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(a.attname AS sql_identifier) AS column_name
  FROM pg_class v
  JOIN pg_namespace nv ON nv.oid = v.relnamespace
  JOIN pg_depend own ON own.refclassid = 1259 AND own.refobjid = v.oid AND own.classid = 2618 AND own.deptype = 'i'
  JOIN pg_depend d ON d.classid = 2618 AND d.objid = own.objid
  JOIN pg_class c ON d.refclassid = 1259 AND c.oid = d.refobjid AND c.oid <> v.oid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
  WHERE v.relkind = 'v' AND c.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(c.relowner, 'USAGE');

CREATE VIEW view_routine_usage AS
  SELECT DISTINCT CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(nv.nspname AS sql_identifier) AS table_schema, CAST(v.relname AS sql_identifier) AS table_name,
         CAST(current_database() AS sql_identifier) AS specific_catalog,
         CAST(np.nspname AS sql_identifier) AS specific_schema,
         CAST(nameconcatoid(p.proname, p.oid) AS sql_identifier) AS specific_name
  FROM pg_class v
  JOIN pg_namespace nv ON nv.oid = v.relnamespace
  JOIN pg_depend own ON own.refclassid = 1259 AND own.refobjid = v.oid AND own.classid = 2618 AND own.deptype = 'i'
  JOIN pg_depend d ON d.classid = 2618 AND d.objid = own.objid
  JOIN pg_proc p ON d.refclassid = 1255 AND p.oid = d.refobjid
  JOIN pg_namespace np ON np.oid = p.pronamespace
  WHERE v.relkind = 'v' AND pg_has_role(p.proowner, 'USAGE');

CREATE VIEW routine_table_usage AS
  SELECT DISTINCT CAST(current_database() AS sql_identifier) AS specific_catalog,
         CAST(np.nspname AS sql_identifier) AS specific_schema,
         CAST(nameconcatoid(p.proname, p.oid) AS sql_identifier) AS specific_name,
         CAST(current_database() AS sql_identifier) AS routine_catalog,
         CAST(np.nspname AS sql_identifier) AS routine_schema, CAST(p.proname AS sql_identifier) AS routine_name,
         CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name
  FROM pg_proc p
  JOIN pg_namespace np ON np.oid = p.pronamespace
  JOIN pg_depend d ON d.classid = 1255 AND d.objid = p.oid
  JOIN pg_class c ON d.refclassid = 1259 AND c.oid = d.refobjid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE p.prokind IN ('f', 'p') AND c.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(c.relowner, 'USAGE');

CREATE VIEW routine_column_usage AS
  SELECT DISTINCT CAST(current_database() AS sql_identifier) AS specific_catalog,
         CAST(np.nspname AS sql_identifier) AS specific_schema,
         CAST(nameconcatoid(p.proname, p.oid) AS sql_identifier) AS specific_name,
         CAST(current_database() AS sql_identifier) AS routine_catalog,
         CAST(np.nspname AS sql_identifier) AS routine_schema, CAST(p.proname AS sql_identifier) AS routine_name,
         CAST(current_database() AS sql_identifier) AS table_catalog,
         CAST(n.nspname AS sql_identifier) AS table_schema, CAST(c.relname AS sql_identifier) AS table_name,
         CAST(a.attname AS sql_identifier) AS column_name
  FROM pg_proc p
  JOIN pg_namespace np ON np.oid = p.pronamespace
  JOIN pg_depend d ON d.classid = 1255 AND d.objid = p.oid
  JOIN pg_class c ON d.refclassid = 1259 AND c.oid = d.refobjid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
  WHERE p.prokind IN ('f', 'p') AND c.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(c.relowner, 'USAGE');

CREATE VIEW routine_sequence_usage AS
  SELECT DISTINCT CAST(current_database() AS sql_identifier) AS specific_catalog,
         CAST(np.nspname AS sql_identifier) AS specific_schema,
         CAST(nameconcatoid(p.proname, p.oid) AS sql_identifier) AS specific_name,
         CAST(current_database() AS sql_identifier) AS routine_catalog,
         CAST(np.nspname AS sql_identifier) AS routine_schema, CAST(p.proname AS sql_identifier) AS routine_name,
         CAST(current_database() AS sql_identifier) AS sequence_catalog,
         CAST(n.nspname AS sql_identifier) AS sequence_schema, CAST(c.relname AS sql_identifier) AS sequence_name
  FROM pg_proc p
  JOIN pg_namespace np ON np.oid = p.pronamespace
  JOIN pg_depend d ON d.classid = 1255 AND d.objid = p.oid
  JOIN pg_class c ON d.refclassid = 1259 AND c.oid = d.refobjid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE p.prokind IN ('f', 'p') AND c.relkind = 'S' AND pg_has_role(c.relowner, 'USAGE');

CREATE VIEW routine_routine_usage AS
  SELECT DISTINCT CAST(current_database() AS sql_identifier) AS specific_catalog,
         CAST(np.nspname AS sql_identifier) AS specific_schema,
         CAST(nameconcatoid(p.proname, p.oid) AS sql_identifier) AS specific_name,
         CAST(current_database() AS sql_identifier) AS routine_catalog,
         CAST(nr.nspname AS sql_identifier) AS routine_schema,
         CAST(nameconcatoid(r.proname, r.oid) AS sql_identifier) AS routine_name
  FROM pg_proc p
  JOIN pg_namespace np ON np.oid = p.pronamespace
  JOIN pg_depend d ON d.classid = 1255 AND d.objid = p.oid
  JOIN pg_proc r ON d.refclassid = 1255 AND r.oid = d.refobjid
  JOIN pg_namespace nr ON nr.oid = r.pronamespace
  WHERE p.prokind IN ('f', 'p') AND r.prokind IN ('f', 'p') AND pg_has_role(r.proowner, 'USAGE');

CREATE VIEW collations AS
  SELECT CAST(current_database() AS sql_identifier) AS collation_catalog,
         CAST(n.nspname AS sql_identifier) AS collation_schema, CAST(c.collname AS sql_identifier) AS collation_name,
         CAST('NO PAD' AS character_data) AS pad_attribute
  FROM pg_collation c
  JOIN pg_namespace n ON n.oid = c.collnamespace
  WHERE c.collencoding IN (-1, (SELECT d.encoding FROM pg_database d WHERE d.datname = current_database()));

CREATE VIEW collation_character_set_applicability AS
  SELECT CAST(current_database() AS sql_identifier) AS collation_catalog,
         CAST(n.nspname AS sql_identifier) AS collation_schema, CAST(c.collname AS sql_identifier) AS collation_name,
         CAST(NULL AS sql_identifier) AS character_set_catalog, CAST(NULL AS sql_identifier) AS character_set_schema,
         CAST(getdatabaseencoding() AS sql_identifier) AS character_set_name
  FROM pg_collation c
  JOIN pg_namespace n ON n.oid = c.collnamespace
  WHERE c.collencoding IN (-1, (SELECT d.encoding FROM pg_database d WHERE d.datname = current_database()));

CREATE VIEW character_sets AS
  SELECT CAST(NULL AS sql_identifier) AS character_set_catalog, CAST(NULL AS sql_identifier) AS character_set_schema,
         CAST(getdatabaseencoding() AS sql_identifier) AS character_set_name,
         CAST(CASE getdatabaseencoding() WHEN 'UTF8' THEN 'UCS' ELSE getdatabaseencoding() END AS sql_identifier) AS character_repertoire,
         CAST(getdatabaseencoding() AS sql_identifier) AS form_of_use,
         CAST(current_database() AS sql_identifier) AS default_collate_catalog,
         CAST(n.nspname AS sql_identifier) AS default_collate_schema,
         CAST(c.collname AS sql_identifier) AS default_collate_name
  FROM pg_database d
  LEFT JOIN (pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace)
    ON c.collcollate = d.datcollate AND c.collctype = d.datctype
  WHERE d.datname = current_database()
  ORDER BY char_length(c.collname) DESC, c.collname
  LIMIT 1;

CREATE VIEW user_defined_types AS
  SELECT CAST(current_database() AS sql_identifier) AS user_defined_type_catalog,
         CAST(n.nspname AS sql_identifier) AS user_defined_type_schema,
         CAST(c.relname AS sql_identifier) AS user_defined_type_name,
         CAST('STRUCTURED' AS character_data) AS user_defined_type_category,
         CAST('YES' AS yes_or_no) AS is_instantiable, CAST(NULL AS yes_or_no) AS is_final,
         CAST(NULL AS character_data) AS ordering_form, CAST(NULL AS character_data) AS ordering_category,
         CAST(NULL AS sql_identifier) AS ordering_routine_catalog,
         CAST(NULL AS sql_identifier) AS ordering_routine_schema,
         CAST(NULL AS sql_identifier) AS ordering_routine_name, CAST(NULL AS character_data) AS reference_type,
         CAST(NULL AS character_data) AS data_type, CAST(NULL AS cardinal_number) AS character_maximum_length,
         CAST(NULL AS cardinal_number) AS character_octet_length,
         CAST(NULL AS sql_identifier) AS character_set_catalog, CAST(NULL AS sql_identifier) AS character_set_schema,
         CAST(NULL AS sql_identifier) AS character_set_name, CAST(NULL AS sql_identifier) AS collation_catalog,
         CAST(NULL AS sql_identifier) AS collation_schema, CAST(NULL AS sql_identifier) AS collation_name,
         CAST(NULL AS cardinal_number) AS numeric_precision, CAST(NULL AS cardinal_number) AS numeric_precision_radix,
         CAST(NULL AS cardinal_number) AS numeric_scale, CAST(NULL AS cardinal_number) AS datetime_precision,
         CAST(NULL AS character_data) AS interval_type, CAST(NULL AS cardinal_number) AS interval_precision,
         CAST(NULL AS sql_identifier) AS source_dtd_identifier, CAST(NULL AS sql_identifier) AS ref_dtd_identifier
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.typrelid = c.oid
  WHERE c.relkind = 'c' AND (pg_has_role(t.typowner, 'USAGE') OR has_type_privilege(t.oid, 'USAGE'::text));

CREATE VIEW transforms AS
  SELECT CAST(current_database() AS sql_identifier) AS udt_catalog, CAST(nt.nspname AS sql_identifier) AS udt_schema,
         CAST(t.typname AS sql_identifier) AS udt_name,
         CAST(current_database() AS sql_identifier) AS specific_catalog,
         CAST(np.nspname AS sql_identifier) AS specific_schema,
         CAST(nameconcatoid(p.proname, p.oid) AS sql_identifier) AS specific_name,
         CAST(l.lanname AS sql_identifier) AS group_name, CAST('FROM SQL' AS character_data) AS transform_type
  FROM pg_transform f
  JOIN pg_type t ON t.oid = f.trftype
  JOIN pg_namespace nt ON nt.oid = t.typnamespace
  JOIN pg_language l ON l.oid = f.trflang
  JOIN pg_proc p ON p.oid = f.trffromsql
  JOIN pg_namespace np ON np.oid = p.pronamespace
  UNION ALL
  SELECT CAST(current_database() AS sql_identifier) AS udt_catalog, CAST(nt.nspname AS sql_identifier) AS udt_schema,
         CAST(t.typname AS sql_identifier) AS udt_name,
         CAST(current_database() AS sql_identifier) AS specific_catalog,
         CAST(np.nspname AS sql_identifier) AS specific_schema,
         CAST(nameconcatoid(p.proname, p.oid) AS sql_identifier) AS specific_name,
         CAST(l.lanname AS sql_identifier) AS group_name, CAST('TO SQL' AS character_data) AS transform_type
  FROM pg_transform f
  JOIN pg_type t ON t.oid = f.trftype
  JOIN pg_namespace nt ON nt.oid = t.typnamespace
  JOIN pg_language l ON l.oid = f.trflang
  JOIN pg_proc p ON p.oid = f.trftosql
  JOIN pg_namespace np ON np.oid = p.pronamespace;

CREATE VIEW data_type_privileges AS
  SELECT CAST(current_database() AS sql_identifier) AS object_catalog,
         CAST(x.schema_name AS sql_identifier) AS object_schema, CAST(x.object_name AS sql_identifier) AS object_name,
         CAST(x.object_type AS character_data) AS object_type,
         CAST(x.dtd_identifier AS sql_identifier) AS dtd_identifier
  FROM (SELECT a.udt_schema, a.udt_name, 'USER-DEFINED TYPE'::text, a.dtd_identifier FROM attributes a
        UNION ALL SELECT c.table_schema, c.table_name, 'TABLE'::text, c.dtd_identifier FROM columns c
        UNION ALL SELECT d.domain_schema, d.domain_name, 'DOMAIN'::text, d.dtd_identifier FROM domains d
        UNION ALL SELECT p.specific_schema, p.specific_name, 'ROUTINE'::text, p.dtd_identifier FROM parameters p
        UNION ALL SELECT r.specific_schema, r.specific_name, 'ROUTINE'::text, r.dtd_identifier FROM routines r)
       AS x(schema_name, object_name, object_type, dtd_identifier);

CREATE VIEW element_types AS
  SELECT CAST(current_database() AS sql_identifier) AS object_catalog,
         CAST(n.nspname AS sql_identifier) AS object_schema, CAST(x.name AS sql_identifier) AS object_name,
         CAST(x.kind AS character_data) AS object_type, CAST(x.dtd AS sql_identifier) AS collection_type_identifier,
         CAST(CASE nbt.nspname WHEN 'pg_catalog' THEN format_type(bt.oid, NULL) ELSE 'USER-DEFINED' END AS character_data) AS data_type,
         CAST(NULL AS cardinal_number) AS character_maximum_length,
         CAST(NULL AS cardinal_number) AS character_octet_length,
         CAST(NULL AS sql_identifier) AS character_set_catalog, CAST(NULL AS sql_identifier) AS character_set_schema,
         CAST(NULL AS sql_identifier) AS character_set_name,
         CAST(CASE WHEN nco.nspname IS NOT NULL THEN current_database() END AS sql_identifier) AS collation_catalog,
         CAST(nco.nspname AS sql_identifier) AS collation_schema,
         CAST(co.collname AS sql_identifier) AS collation_name, CAST(NULL AS cardinal_number) AS numeric_precision,
         CAST(NULL AS cardinal_number) AS numeric_precision_radix, CAST(NULL AS cardinal_number) AS numeric_scale,
         CAST(NULL AS cardinal_number) AS datetime_precision, CAST(NULL AS character_data) AS interval_type,
         CAST(NULL AS cardinal_number) AS interval_precision, CAST(NULL AS character_data) AS domain_default,
         CAST(current_database() AS sql_identifier) AS udt_catalog, CAST(nbt.nspname AS sql_identifier) AS udt_schema,
         CAST(bt.typname AS sql_identifier) AS udt_name, CAST(NULL AS sql_identifier) AS scope_catalog,
         CAST(NULL AS sql_identifier) AS scope_schema, CAST(NULL AS sql_identifier) AS scope_name,
         CAST(NULL AS cardinal_number) AS maximum_cardinality,
         CAST('a' || x.dtd::text AS sql_identifier) AS dtd_identifier
  FROM (SELECT c.relnamespace, c.relname, CASE c.relkind WHEN 'c' THEN 'USER-DEFINED TYPE'::text ELSE 'TABLE'::text END,
               a.attnum::integer, a.atttypid, a.attcollation
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind IN ('r', 'v', 'f', 'c', 'p') AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT t.typnamespace, t.typname, 'DOMAIN'::text, 1, t.typbasetype, t.typcollation
        FROM pg_type t WHERE t.typtype = 'd'
        UNION ALL
        SELECT p.pronamespace, nameconcatoid(p.proname, p.oid), 'ROUTINE'::text, k.place,
               CASE WHEN p.proallargtypes IS NULL THEN p.proargtypes[k.place - 1] ELSE p.proallargtypes[k.place] END, 0::oid
        FROM pg_proc p, generate_series(1, coalesce(array_length(p.proallargtypes, 1), p.pronargs::integer)) AS k(place)
        UNION ALL
        SELECT p.pronamespace, nameconcatoid(p.proname, p.oid), 'ROUTINE'::text, 0, p.prorettype, 0::oid
        FROM pg_proc p)
       AS x(namespace, name, kind, dtd, type_oid, collation_oid)
  JOIN pg_namespace n ON n.oid = x.namespace
  JOIN pg_type t ON t.oid = x.type_oid AND t.typelem <> 0 AND t.typlen = -1
  JOIN pg_type bt ON bt.oid = t.typelem
  JOIN pg_namespace nbt ON nbt.oid = bt.typnamespace
  LEFT JOIN (pg_collation co JOIN pg_namespace nco ON nco.oid = co.collnamespace)
    ON co.oid = x.collation_oid AND NOT (nco.nspname = 'pg_catalog' AND co.collname = 'default')
  WHERE (n.nspname, x.name, x.kind, x.dtd::text) IN
        (SELECT d.object_schema, d.object_name, d.object_type, d.dtd_identifier FROM data_type_privileges d);

-- Foreign data. The views with an underscore in front are for the others; nobody else may read them.

CREATE VIEW _pg_foreign_data_wrappers AS
  SELECT w.oid, w.fdwowner, w.fdwoptions, CAST(current_database() AS sql_identifier) AS foreign_data_wrapper_catalog,
         CAST(w.fdwname AS sql_identifier) AS foreign_data_wrapper_name,
         CAST(a.rolname AS sql_identifier) AS authorization_identifier,
         CAST('c' AS character_data) AS foreign_data_wrapper_language
  FROM pg_foreign_data_wrapper w
  JOIN pg_authid a ON a.oid = w.fdwowner
  WHERE pg_has_role(w.fdwowner, 'USAGE') OR has_foreign_data_wrapper_privilege(w.oid, 'USAGE'::text);

CREATE VIEW _pg_foreign_servers AS
  SELECT s.oid, s.srvoptions, CAST(current_database() AS sql_identifier) AS foreign_server_catalog,
         CAST(s.srvname AS sql_identifier) AS foreign_server_name,
         CAST(current_database() AS sql_identifier) AS foreign_data_wrapper_catalog,
         CAST(w.fdwname AS sql_identifier) AS foreign_data_wrapper_name,
         CAST(s.srvtype AS character_data) AS foreign_server_type,
         CAST(s.srvversion AS character_data) AS foreign_server_version,
         CAST(a.rolname AS sql_identifier) AS authorization_identifier
  FROM pg_foreign_server s
  JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
  JOIN pg_authid a ON a.oid = s.srvowner
  WHERE pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE'::text);

CREATE VIEW _pg_foreign_tables AS
  SELECT CAST(current_database() AS sql_identifier) AS foreign_table_catalog,
         CAST(n.nspname AS sql_identifier) AS foreign_table_schema,
         CAST(c.relname AS sql_identifier) AS foreign_table_name, t.ftoptions,
         CAST(current_database() AS sql_identifier) AS foreign_server_catalog,
         CAST(s.srvname AS sql_identifier) AS foreign_server_name,
         CAST(a.rolname AS sql_identifier) AS authorization_identifier
  FROM pg_foreign_table t
  JOIN pg_foreign_server s ON s.oid = t.ftserver
  JOIN pg_class c ON c.oid = t.ftrelid AND c.relkind = 'f'
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_authid a ON a.oid = c.relowner
  WHERE pg_has_role(c.relowner, 'USAGE')
     OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'::text)
     OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'::text);

CREATE VIEW _pg_foreign_table_columns AS
  SELECT n.nspname, c.relname, a.attname, a.attfdwoptions
  FROM pg_foreign_table t
  JOIN pg_class c ON c.oid = t.ftrelid AND c.relkind = 'f'
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  WHERE pg_has_role(c.relowner, 'USAGE')
     OR has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'::text);

CREATE VIEW _pg_user_mappings AS
  SELECT m.oid, m.umoptions, m.umuser,
         CAST(coalesce(a.rolname, 'PUBLIC'::name) AS sql_identifier) AS authorization_identifier,
         s.foreign_server_catalog, s.foreign_server_name, s.authorization_identifier AS srvowner
  FROM pg_user_mapping m
  JOIN _pg_foreign_servers s ON s.oid = m.umserver
  LEFT JOIN pg_authid a ON a.oid = m.umuser;

CREATE VIEW foreign_data_wrappers AS
  SELECT w.foreign_data_wrapper_catalog, w.foreign_data_wrapper_name, w.authorization_identifier,
         CAST(NULL AS character_data) AS library_name, w.foreign_data_wrapper_language
  FROM _pg_foreign_data_wrappers w;

CREATE VIEW foreign_data_wrapper_options AS
  SELECT w.foreign_data_wrapper_catalog, w.foreign_data_wrapper_name,
         CAST(o.option_name AS sql_identifier) AS option_name, CAST(o.option_value AS character_data) AS option_value
  FROM _pg_foreign_data_wrappers w, LATERAL pg_options_to_table(w.fdwoptions) o;

CREATE VIEW foreign_servers AS
  SELECT s.foreign_server_catalog, s.foreign_server_name, s.foreign_data_wrapper_catalog, s.foreign_data_wrapper_name,
         s.foreign_server_type, s.foreign_server_version, s.authorization_identifier
  FROM _pg_foreign_servers s;

CREATE VIEW foreign_server_options AS
  SELECT s.foreign_server_catalog, s.foreign_server_name, CAST(o.option_name AS sql_identifier) AS option_name,
         CAST(o.option_value AS character_data) AS option_value
  FROM _pg_foreign_servers s, LATERAL pg_options_to_table(s.srvoptions) o;

CREATE VIEW foreign_tables AS
  SELECT t.foreign_table_catalog, t.foreign_table_schema, t.foreign_table_name, t.foreign_server_catalog,
         t.foreign_server_name
  FROM _pg_foreign_tables t;

CREATE VIEW foreign_table_options AS
  SELECT t.foreign_table_catalog, t.foreign_table_schema, t.foreign_table_name,
         CAST(o.option_name AS sql_identifier) AS option_name, CAST(o.option_value AS character_data) AS option_value
  FROM _pg_foreign_tables t, LATERAL pg_options_to_table(t.ftoptions) o;

CREATE VIEW column_options AS
  SELECT CAST(current_database() AS sql_identifier) AS table_catalog, CAST(c.nspname AS sql_identifier) AS table_schema,
         CAST(c.relname AS sql_identifier) AS table_name, CAST(c.attname AS sql_identifier) AS column_name,
         CAST(o.option_name AS sql_identifier) AS option_name, CAST(o.option_value AS character_data) AS option_value
  FROM _pg_foreign_table_columns c, LATERAL pg_options_to_table(c.attfdwoptions) o;

CREATE VIEW user_mappings AS
  SELECT m.authorization_identifier, m.foreign_server_catalog, m.foreign_server_name
  FROM _pg_user_mappings m;

CREATE VIEW user_mapping_options AS
  SELECT m.authorization_identifier, m.foreign_server_catalog, m.foreign_server_name,
         CAST(o.option_name AS sql_identifier) AS option_name,
         CAST(CASE WHEN m.umuser <> 0::oid AND m.authorization_identifier::name = current_user
                     OR m.umuser = 0::oid AND pg_has_role(m.srvowner::name, 'USAGE')
                     OR (SELECT a.rolsuper FROM pg_authid a WHERE a.rolname = current_user)
                   THEN o.option_value END AS character_data) AS option_value
  FROM _pg_user_mappings m, LATERAL pg_options_to_table(m.umoptions) o;

RESET search_path;
