"""The payments for these tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shopkit.app import ServiceApp
from shopkit.testing.client import ContractClient
from shopkit.testing.tokens import Tokens
from tests.integration.till import Till


@pytest.fixture
def till(client: ContractClient, tokens: Tokens) -> Till:
    """Payments without a charge."""
    return Till(client, tokens)


@pytest.fixture
def another(app: ServiceApp, till: Till) -> Callable[[], Till]:
    """Maker of tills on the same data: a test client serves one thread."""

    def make() -> Till:
        client = ContractClient(app, app.response_class)
        client.service = till.client.service
        return Till(client, till.tokens)

    return make
