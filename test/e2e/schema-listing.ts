import type { DataSource } from 'typeorm';

// TypeORM's own list of migrations is no part of the schema that they make.
const OWN = `n.nspname = 'public' AND c.relname <> 'migrations' AND c.relname !~ '^(migrations_id_seq|PK_)'`;

const QUERIES = [
  `SELECT concat_ws(' ', 'relation', c.relname, c.relkind, c.reloptions::text, pg_get_expr(c.relpartbound, c.oid),
     pg_get_partkeydef(c.oid), CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END)
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${OWN}`,
  `SELECT concat_ws(' ', 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
     a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
   FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE ${OWN} AND a.attnum > 0 AND NOT a.attisdropped`,
  `SELECT concat_ws(' ', 'constraint', c.relname, k.conname, pg_get_constraintdef(k.oid))
   FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${OWN}`,
  `SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid))
   FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${OWN}`,
  `SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid))
   FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE ${OWN} AND NOT t.tgisinternal`,
  `SELECT concat_ws(' ', 'function', pg_get_functiondef(p.oid))
   FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public' AND p.prokind IN ('f', 'p')`,
  `SELECT concat_ws(' ', 'type', t.typname, t.typtype, (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder)
     FROM pg_enum WHERE enumtypid = t.oid))
   FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = 'public' AND t.typtype IN ('e', 'd')`,
  `SELECT concat_ws(' ', 'extension', extname, extversion) FROM pg_extension`,
  `SELECT concat_ws(' ', 'schema', nspname) FROM pg_namespace WHERE nspname !~ '^pg_'`,
];

/** Everything that a migration can make, one line each, in a fixed order: two equal listings are two equal schemas. */
export async function listSchema(source: DataSource): Promise<readonly string[]> {
  const rows = await Promise.all(QUERIES.map((sql) => source.query<{ concat_ws: string }[]>(sql)));
  return rows
    .flat()
    .map((row) => row.concat_ws)
    .sort();
}
