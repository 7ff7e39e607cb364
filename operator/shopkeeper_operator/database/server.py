"""Connections to database servers. Blocking: called in worker threads, every wait has an end."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg2
from psycopg2.extensions import encrypt_password

from shopkeeper_operator.database import statements
from shopkeeper_operator.plan.database import strangers
from shopkeeper_operator.plan.model import DropDatabases, Provision, ServiceDatabase, Step, Target
from shopkeeper_operator.snapshot import DatabaseFact, RoleFact, ServerFacts

_CONNECT_SECONDS: Final = 3
_OPTIONS: Final = "-c statement_timeout=15000 -c lock_timeout=5000"


class DatabaseError(Exception):
    """PostgreSQL refused a connection or a statement; the text is the server's or the driver's, on one line."""


@contextmanager
def _admin(target: Target, database: str | None = None) -> Iterator[Any]:
    """Connect as administrator, in autocommit."""
    with _spoken(target):
        elsewhere: dict[str, Any] = {"dbname": database} if database else {}
        connection = psycopg2.connect(
            target.uri,
            connect_timeout=_CONNECT_SECONDS,
            application_name="shopkeeper-operator",
            options=_OPTIONS,
            **elsewhere,
        )
    connection.autocommit = True
    with closing(connection), _spoken(target):
        yield connection


@contextmanager
def _spoken(target: Target) -> Iterator[None]:
    """Raise PostgreSQL's errors as our own, on one line and without the administrator's password."""
    try:
        yield
    except psycopg2.Error as error:
        password = urlsplit(target.uri).password or ""
        text = str(error).replace(password, "***") if password else str(error)
        raise DatabaseError(" ".join(text.split())) from None


def observe(target: Target, databases: Iterable[ServiceDatabase]) -> ServerFacts:
    """Return what is on the server of the Shop's roles and databases.

    Raises:
        DatabaseError: the administrator cannot log in.
    """
    wanted = list(databases)
    with _admin(target) as connection, connection.cursor() as cursor:
        cursor.execute(statements.FACTS_OF_SERVER)
        version, superuser = cursor.fetchone()
        cursor.execute(statements.FACTS_OF_DATABASES, ([item.database for item in wanted],))
        found = {name: DatabaseFact(owner, marker, public) for name, owner, marker, public in cursor.fetchall()}
        cursor.execute(statements.FACTS_OF_ROLES, ([name for item in wanted for name in (item.owner, item.runtime)],))
        markers = dict(cursor.fetchall())
    roles = {}
    for item in wanted:
        for name, password in ((item.owner, item.owner_password), (item.runtime, item.runtime_password)):
            if name in markers:
                works = item.database in found and _login_works(target, item.database, name, password)
                roles[name] = RoleFact(markers[name], works)
    return ServerFacts(str(version).split()[0], bool(superuser), roles, found)


def _login_works(target: Target, database: str, role: str, password: str) -> bool:
    """Tell whether a role's password opens its database: the one way to know that works on every server."""
    try:
        psycopg2.connect(
            target.uri, dbname=database, user=role, password=password, connect_timeout=_CONNECT_SECONDS
        ).close()
    except psycopg2.OperationalError:
        return False
    return True


def provision(action: Provision, facts: ServerFacts) -> None:
    """Take the steps of an action. Each can be repeated after a crash at any point.

    Raises:
        DatabaseError: the server refused a statement.
    """
    database, steps = action.database, action.steps
    with _admin(action.target) as connection:
        for name, password, make, change in (
            (database.owner, database.owner_password, Step.OWNER_ROLE, Step.OWNER_PASSWORD),
            (database.runtime, database.runtime_password, Step.RUNTIME_ROLE, Step.RUNTIME_PASSWORD),
        ):
            verifier = encrypt_password(password, name, scope=connection, algorithm="scram-sha-256")
            if make in steps:
                exists = name in facts.roles
                _together(connection, statements.role(name, verifier, database.marker, exists=exists))
            elif change in steps:
                _run(connection, [statements.password(name, verifier)])
        if statements.needs_owner(steps) and not facts.superuser:
            _run(connection, [statements.become_member(database.owner)])
        if Step.DATABASE in steps:
            _run(connection, [statements.create_database(database)])
        if Step.GRANTS in steps:
            _run(connection, statements.closed(database))
            if not action.target.shared:
                _run(connection, [statements.own_server_closed()])
            with _admin(action.target, database.database) as inside:
                _run(inside, statements.rights_inside(database))
            _run(connection, [statements.mark(database)])


def drop(action: DropDatabases) -> None:
    """Drop databases and roles that carry the Shop's mark, and nothing else.

    Raises:
        DatabaseError: the server is out of reach or refused.
    """
    facts = observe(action.target, action.databases)
    with _admin(action.target) as connection:
        for database in action.databases:
            if any(strangers(database, facts)):
                continue
            if not facts.superuser:
                ours = [name for name in (database.owner, database.runtime) if name in facts.roles]
                _run(connection, [statements.become_member(name) for name in ours])
            _run(connection, statements.drop(database))


def _together(connection: Any, commands: Iterable[Any]) -> None:
    """Run statements in one transaction."""
    connection.autocommit = False
    with connection:
        _run(connection, commands)
    connection.autocommit = True


def _run(connection: Any, commands: Iterable[Any]) -> None:
    with connection.cursor() as cursor:
        for command in commands:
            cursor.execute(command)
