"""What is done on a database server, on a real one: as superuser and as an administrator with fewer rights."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from shopkeeper_operator.database import server
from shopkeeper_operator.database.server import DatabaseError
from shopkeeper_operator.plan.database import missing_steps, strangers
from shopkeeper_operator.plan.model import DropDatabases, Provision, ServiceDatabase, Step, Target
from shopkeeper_operator.snapshot import ServerFacts
from shopkit.testing.postgres import running_server

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("operator")]

ADMIN, ADMIN_PASSWORD = "shop_admin", "s3cret"
ALL_STEPS = (Step.OWNER_ROLE, Step.RUNTIME_ROLE, Step.DATABASE, Step.GRANTS)


def database(name: str, service: str = "users", marker: str = "shopkeeper:ns/demo") -> ServiceDatabase:
    """Return names and passwords of a service's database."""
    return ServiceDatabase(
        service, name, f"{name}_owner", name, marker, owner_password=f"{name}-o", runtime_password=f"{name}-r"
    )


def login(url: str, **changed: str) -> str:
    """Return a URL with another user, password or database."""
    parts = urlsplit(url)
    user, password = changed.get("user", parts.username), changed.get("password", parts.password)
    host = f"{user}:{password}@{parts.hostname}:{parts.port}"
    return urlunsplit(("postgresql", host, f"/{changed.get('dbname', 'postgres')}", parts.query, ""))


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Return the URL of a server's superuser."""
    with running_server() as superuser:
        query(superuser, f"CREATE ROLE {ADMIN} LOGIN PASSWORD '{ADMIN_PASSWORD}' CREATEDB CREATEROLE")
        yield superuser
        query(superuser, f"DROP ROLE {ADMIN}")


@pytest.fixture(params=["superuser", "administrator"])
def target(url: str, request: pytest.FixtureRequest) -> Target:
    """Return the server, reached by one administrator or the other."""
    uri = url if request.param == "superuser" else login(url, user=ADMIN, password=ADMIN_PASSWORD)
    return Target("db", 5432, shared=True, uri=uri)


@pytest.fixture
def made(target: Target, request: pytest.FixtureRequest) -> Iterator[ServiceDatabase]:
    """Return a database that has been made, and drop it in the end."""
    wanted = database(f"t_{abs(hash(request.node.name)) % 10**8}")
    server.provision(Provision(target, wanted, ALL_STEPS), facts(target, wanted))
    yield wanted
    server.drop(DropDatabases(target, (wanted,)))


def facts(target: Target, *wanted: ServiceDatabase) -> ServerFacts:
    """Return what is on the server."""
    return server.observe(target, wanted)


def test_nothing_is_there_at_first(target: Target) -> None:
    found = facts(target, database("absent"))

    assert (found.roles, found.databases) == ({}, {})
    assert found.version[0].isdigit()
    assert missing_steps(database("absent"), found) == ALL_STEPS


def test_after_all_steps_nothing_is_missing(target: Target, made: ServiceDatabase) -> None:
    found = facts(target, made)

    assert missing_steps(made, found) == ()
    assert list(strangers(made, found)) == []
    assert found.databases[made.database].owner == made.owner


def test_every_step_can_be_repeated(target: Target, made: ServiceDatabase) -> None:
    again = (Step.OWNER_ROLE, Step.RUNTIME_ROLE, Step.GRANTS)

    server.provision(Provision(target, made, again), facts(target, made))

    assert missing_steps(made, facts(target, made)) == ()


def test_the_owner_migrates_and_the_runtime_role_reads_and_writes_rows(
    url: str, target: Target, made: ServiceDatabase
) -> None:
    owner = login(url, user=made.owner, password=made.owner_password, dbname=made.database)
    runtime = login(url, user=made.runtime, password=made.runtime_password, dbname=made.database)
    query(owner, "CREATE TABLE things (id bigserial PRIMARY KEY, name text)")

    query(runtime, "INSERT INTO things (name) VALUES ('teapot')")
    assert query(runtime, "UPDATE things SET name = 'cup' RETURNING id, name") == [(1, "cup")]
    for forbidden in ("CREATE TABLE mine (id int)", "ALTER TABLE things ADD COLUMN x int", "DROP TABLE things"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(runtime, forbidden)


def test_nobody_else_can_connect(url: str, target: Target, made: ServiceDatabase) -> None:
    query(url, "CREATE ROLE stranger LOGIN PASSWORD 'x'")
    try:
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            query(login(url, user="stranger", password="x", dbname=made.database), "SELECT 1")
    finally:
        query(url, "DROP ROLE stranger")


def test_passwords_reach_the_server_as_verifiers(url: str, target: Target, made: ServiceDatabase) -> None:
    statement = f"SELECT rolpassword FROM pg_authid WHERE rolname = '{made.runtime}'"
    ((before,),) = query(url, statement)
    renewed = replace(made, runtime_password="another")

    server.provision(Provision(target, renewed, (Step.RUNTIME_PASSWORD,)), facts(target, renewed))

    ((after,),) = query(url, statement)
    assert before.startswith("SCRAM-SHA-256$")
    assert after.startswith("SCRAM-SHA-256$")
    assert before != after
    assert facts(target, renewed).roles[made.runtime].login_works


def test_a_right_given_back_to_everybody_is_noticed(url: str, target: Target, made: ServiceDatabase) -> None:
    query(url, f'GRANT CONNECT ON DATABASE "{made.database}" TO PUBLIC')

    assert missing_steps(made, facts(target, made)) == (Step.GRANTS,)


def test_only_what_carries_the_mark_is_dropped(target: Target, made: ServiceDatabase) -> None:
    other = replace(made, marker="shopkeeper:other/shop")

    server.drop(DropDatabases(target, (other,)))
    assert missing_steps(made, facts(target, made)) == ()

    server.drop(DropDatabases(target, (made,)))
    server.drop(DropDatabases(target, (made,)))
    assert facts(target, made).databases == {}
    assert facts(target, made).roles == {}


def test_a_database_in_use_is_dropped(url: str, target: Target, made: ServiceDatabase) -> None:
    runtime = login(url, user=made.runtime, password=made.runtime_password, dbname=made.database)
    with closing(psycopg2.connect(runtime)):
        server.drop(DropDatabases(target, (made,)))

    assert facts(target, made).databases == {}


def test_a_server_that_refuses_is_told_without_the_password(url: str) -> None:
    nowhere = Target("db", 5432, shared=True, uri="postgresql://root:hunter2@127.0.0.1:1/hunter2")

    with pytest.raises(DatabaseError) as refused:
        facts(nowhere)

    assert "Connection refused" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)
