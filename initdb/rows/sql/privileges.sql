-- Everybody may read the views of pg_catalog and information_schema, but for those that show secrets and those that are
-- parts of others. The privileges of catalogs and functions come with the bootstrap script. pg_init_privs remembers them
-- all, so that pg_dump leaves them alone. 10 is the superuser, 0 is PUBLIC. PostgreSQL, too, keeps sql_parts and transforms
-- for the superuser.

UPDATE pg_class
  SET relacl = CASE
        WHEN relname IN ('pg_shadow', 'pg_file_settings', 'pg_hba_file_rules', 'pg_ident_file_mappings', 'pg_config',
                         'pg_replication_origin_status')
          THEN acldefault('r', 10::oid)
        ELSE acldefault('r', 10::oid) || makeaclitem(0::oid, 10::oid, 'SELECT', false)
      END
  WHERE relacl IS NULL AND relkind IN ('r', 'v') AND relname !~ '^_pg_' AND relname NOT IN ('sql_parts', 'transforms');

INSERT INTO pg_init_privs (objoid, classoid, objsubid, privtype, initprivs)
  SELECT c.oid, 1259::oid, 0, 'i'::"char", c.relacl
  FROM pg_class c
  WHERE c.relacl IS NOT NULL AND c.oid >= 12000::oid;
