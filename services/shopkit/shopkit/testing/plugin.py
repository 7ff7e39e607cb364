"""pytest fixtures for services. A service's `conftest.py` says which service it is, and gets the rest:

@pytest.fixture(scope="module")
def service(): return products.service.SERVICE
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from shopkit.app import ServiceApp, create_app
from shopkit.database import Database
from shopkit.service import Service
from shopkit.testing.client import ContractClient
from shopkit.testing.postgres import SERVER_VARIABLE, Templates, admin, running_server
from shopkit.testing.tokens import INTERNAL_TOKEN, ISSUER, Tokens

_SERVICES = ("USERS", "PRODUCTS", "INVENTORY", "ORDERS", "PAYMENTS")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a real PostgreSQL server, as superuser."""
    with running_server() as url:
        yield url


@pytest.fixture(scope="session")
def database_templates(postgres_url: str) -> Iterator[Templates]:
    """Maker of databases."""
    templates = Templates(postgres_url)
    yield templates
    # A private server goes away with all that it holds.
    if SERVER_VARIABLE in os.environ:
        templates.drop_all()


@pytest.fixture(scope="module")
def service() -> Service[Any]:
    """The service under test: each service's conftest overrides this."""
    raise pytest.UsageError("define a fixture `service` (scope module) in the service's tests/conftest.py")


@pytest.fixture(scope="module")
def extra_environ() -> dict[str, str]:
    """Further environment variables of the service under test: override where it needs some."""
    return {}


@pytest.fixture(scope="module")
def database_url(service: Service[Any], database_templates: Templates, extra_environ: dict[str, str]) -> str:
    """URL of a fresh, migrated database of the service, as its runtime role; one per test module."""
    return database_templates.create(service.name, extra_environ)


@pytest.fixture(scope="session")
def tokens() -> Tokens:
    """Maker of access tokens that the application under test accepts."""
    return Tokens()


@pytest.fixture(scope="module")
def environ(request: pytest.FixtureRequest, service: Service[Any], extra_environ: dict[str, str]) -> dict[str, str]:
    """Environment of the service under test."""
    own = {"DATABASE_URL": request.getfixturevalue("database_url")} if service.has_database else {}
    return {
        **own,
        "JWT_ISSUER": ISSUER,
        "INTERNAL_TOKEN": INTERNAL_TOKEN,
        "AMQP_URL": "amqp://127.0.0.1:9/%2F",
        # Port 9 (discard): whoever calls another service without a fake fails at once.
        **{f"{name}_URL": "http://127.0.0.1:9" for name in _SERVICES},
        # What one test breaks must not be kept from the next; a test of the breaker sets its own.
        "BREAKER_FAILURES": "1000",
        **extra_environ,
    }


@pytest.fixture(scope="module")
def app(service: Service[Any], environ: dict[str, str], tokens: Tokens) -> Iterator[ServiceApp]:
    """The application under test; one per test module, on the module's database."""
    made = create_app(service, environ, keys=tokens.keys)
    yield made
    if made.runtime.own_database is not None:
        made.runtime.own_database.close()


@pytest.fixture
def database(app: ServiceApp, database_templates: Templates, service: Service[Any]) -> Database:
    """The application's database, emptied for this test."""
    _empty(database_templates.owner_url(app.runtime.settings.database_url, service.name))
    database: Database = app.runtime.database
    return database


@pytest.fixture
def client(request: pytest.FixtureRequest, app: ServiceApp, service: Service[Any]) -> ContractClient:
    """A client of the application on an empty database (if any); it checks answers against the API document."""
    if service.has_database:
        request.getfixturevalue("database")
    made = ContractClient(app, app.response_class)
    made.service = service
    return made


def _empty(owner_url: str) -> None:
    with admin(owner_url) as opened, opened.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'schema_migrations'"
        )
        found = cursor.fetchone()
        if found and found[0]:
            cursor.execute(f"TRUNCATE {found[0]} RESTART IDENTITY CASCADE")
