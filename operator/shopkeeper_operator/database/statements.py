"""The SQL of every step, with identifiers and literals quoted by psycopg2. Pure.

Passwords arrive here as SCRAM verifiers: a server that logs statements must not log passwords.
"""

from collections.abc import Iterator
from typing import Final

from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from shopkeeper_operator.plan.database import REVISION
from shopkeeper_operator.plan.model import ServiceDatabase, Step

FACTS_OF_ROLES: Final = """
SELECT rolname, coalesce(shobj_description(oid, 'pg_authid'), '') FROM pg_roles WHERE rolname = ANY(%s)
"""
FACTS_OF_DATABASES: Final = """
SELECT datname, pg_get_userbyid(datdba), coalesce(shobj_description(oid, 'pg_database'), ''),
       has_database_privilege('public', oid, 'CONNECT')
FROM pg_database WHERE datname = ANY(%s)
"""
FACTS_OF_SERVER: Final = "SELECT current_setting('server_version'), rolsuper FROM pg_roles WHERE rolname = current_user"


def role(name: str, verifier: str, marker: str, *, exists: bool) -> Iterator[Composed]:
    """Yield what makes a login role, or makes an existing one ours. Both happen in one transaction, so that a role
    without our mark is never one of ours."""
    verb = SQL("ALTER" if exists else "CREATE")
    yield SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, Identifier(name), Literal(verifier))
    yield SQL("COMMENT ON ROLE {} IS {}").format(Identifier(name), Literal(marker))


def password(name: str, verifier: str) -> Composed:
    """Return the change of a role's password."""
    return SQL("ALTER ROLE {} PASSWORD {}").format(Identifier(name), Literal(verifier))


def create_database(database: ServiceDatabase) -> Composed:
    """Return the creation of a service's database, which cannot be part of a transaction."""
    return SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
        Identifier(database.database), Identifier(database.owner)
    )


def become_member(role_name: str) -> Composed:
    """Return what an administrator who is no superuser needs: only a member of a role may give it a database, or end
    its sessions."""
    return SQL("GRANT {} TO CURRENT_USER").format(Identifier(role_name))


def closed(database: ServiceDatabase) -> Iterator[Composed]:
    """Yield what lets nobody but the service's own roles connect."""
    name = Identifier(database.database)
    yield SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name)
    yield SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, Identifier(database.runtime))


def own_server_closed() -> SQL:
    """Return what keeps the roles of services out of the administrator's database, on the Shop's own server."""
    return SQL("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")


def rights_inside(database: ServiceDatabase) -> Iterator[Composable]:
    """Yield what gives the owner role the schema and the runtime role DML on what is and what will be in it."""
    owner, runtime = Identifier(database.owner), Identifier(database.runtime)
    yield SQL("ALTER SCHEMA public OWNER TO {}").format(owner)
    yield SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    yield SQL("GRANT USAGE ON SCHEMA public TO {}").format(runtime)
    for what, rights in (("TABLES", "SELECT, INSERT, UPDATE, DELETE"), ("SEQUENCES", "SELECT, USAGE")):
        yield SQL(f"GRANT {rights} ON ALL {what} IN SCHEMA public TO {{}}").format(runtime)
        yield SQL(f"ALTER DEFAULT PRIVILEGES FOR ROLE {{}} IN SCHEMA public GRANT {rights} ON {what} TO {{}}").format(
            owner, runtime
        )


def mark(database: ServiceDatabase) -> Composed:
    """Return the last statement: from now on the database counts as complete."""
    return SQL("COMMENT ON DATABASE {} IS {}").format(
        Identifier(database.database), Literal(f"{database.marker}:{REVISION}")
    )


def drop(database: ServiceDatabase) -> Iterator[Composed]:
    """Yield what removes a database and its roles; each works where the thing is gone already."""
    yield SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(database.database))
    for name in (database.runtime, database.owner):
        yield SQL("DROP ROLE IF EXISTS {}").format(Identifier(name))


def needs_owner(steps: tuple[Step, ...]) -> bool:
    """Tell whether steps hand something to the owner role."""
    return Step.DATABASE in steps or Step.GRANTS in steps
