"""Which service these tests are about, and what they all do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from products.service import SERVICE
from shopkit.service import Service
from shopkit.testing.client import ContractClient
from shopkit.testing.tokens import Tokens

LAMP = {"name": "Lamp", "description": "It shines.", "price": 1999}
Add = Callable[..., TestResponse]


@pytest.fixture(scope="module")
def service() -> Service[Any]:
    """The service under test."""
    return SERVICE


@pytest.fixture
def add(client: ContractClient, tokens: Tokens) -> Add:
    """Add a lamp, or what the given fields make of it."""

    def post(**changed: Any) -> TestResponse:
        response = client.post("/api/v1/products", json={**LAMP, **changed}, headers=tokens.admin())
        assert response.status_code == 201, response.text
        return response

    return post
