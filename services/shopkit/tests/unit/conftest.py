"""An application without a database, for what does not need one."""

from __future__ import annotations

from typing import Any

import pytest

from shopkit.app import ServiceApp, create_app
from shopkit.service import Service
from shopkit.testing.client import ContractClient
from shopkit.testing.tokens import INTERNAL_TOKEN, ISSUER, Tokens


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    """The environment of the demo; its database cannot be reached."""
    return {
        "DATABASE_URL": "postgresql://demo:secret-password@127.0.0.1:9/demo",
        "JWT_ISSUER": ISSUER,
        "USERS_URL": "http://127.0.0.1:9",
        "INTERNAL_TOKEN": INTERNAL_TOKEN,
    }


@pytest.fixture(scope="module")
def app(service: Service[Any], environ: dict[str, str], tokens: Tokens) -> ServiceApp:
    """The demo."""
    return create_app(service, environ, keys=tokens.keys)


@pytest.fixture
def client(app: ServiceApp, service: Service[Any]) -> ContractClient:
    """A client of the demo."""
    made = ContractClient(app, app.response_class)
    made.service = service
    return made
