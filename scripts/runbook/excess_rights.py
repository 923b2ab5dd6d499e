"""What a role of the database may do beyond its need: the other half of privileges.py, which proves what it needs.

The app may write the tables and change none of them: whoever owns a table can drop the trigger that is the fence. The
replication role reads. What each needs stands in sql/roles.sql, sql/machinery.sql and the app's migrations.
"""

from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

ATTRIBUTES = """
SELECT format('%s has the attribute %s', rolname, attribute) FROM pg_roles, LATERAL (VALUES
    ('SUPERUSER', rolsuper), ('CREATEROLE', rolcreaterole), ('CREATEDB', rolcreatedb), ('BYPASSRLS', rolbypassrls),
    ('REPLICATION', rolreplication AND rolname <> 'lifeboat_replication')
) AS one (attribute, has) WHERE has AND rolname IN ('lifeboat_app', 'lifeboat_replication')
"""
MEMBERSHIPS = """
SELECT format('%s is a member of %s', m.rolname, g.rolname) FROM pg_auth_members
JOIN pg_roles m ON m.oid = member JOIN pg_roles g ON g.oid = roleid
WHERE m.rolname IN ('lifeboat_app', 'lifeboat_replication')
  AND NOT (m.rolname = 'lifeboat_replication' AND g.rolname = 'rds_replication')
"""
OWNED = """
SELECT format('%s owns %s', rolname, c.oid::regclass) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
WHERE rolname IN ('lifeboat_app', 'lifeboat_replication') AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
"""
# The app's queue stays on its own site, behind the fence of no table: it may do there what its library asks for.
ON_TABLES = """
SELECT format('%s may %s %s', role, lower(act), c.oid::regclass)
FROM (VALUES ('lifeboat_app'), ('lifeboat_replication')) AS roles (role)
CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('TRIGGER'), ('REFERENCES')) AS acts (act)
JOIN pg_class c ON c.relkind IN ('r', 'p') JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'lifeboat') AND has_table_privilege(role, c.oid, act)
  AND NOT (role = 'lifeboat_app' AND n.nspname = 'public' AND act IN ('INSERT', 'UPDATE', 'DELETE'))
"""
TO_CREATE = """
SELECT format('%s may create in the schema %s', role, nspname)
FROM (VALUES ('lifeboat_app'), ('lifeboat_replication')) AS roles (role) CROSS JOIN pg_namespace
WHERE nspname IN ('public', 'lifeboat', 'queue') AND has_schema_privilege(role, oid, 'CREATE')
UNION ALL
SELECT format('%s may create schemas', role) FROM (VALUES ('lifeboat_app'), ('lifeboat_replication')) AS roles (role)
WHERE has_database_privilege(role, current_database(), 'CREATE')
"""


def excess(connection: Connection) -> tuple[str, ...]:
    """Return what the app's and the replication role may do and need not, in words; any role may look."""
    queries: tuple[Any, ...] = (ATTRIBUTES, MEMBERSHIPS, OWNED, ON_TABLES, TO_CREATE)
    return tuple(sorted(sentence for query in queries for (sentence,) in connection.execute(query)))
