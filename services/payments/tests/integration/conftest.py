"""The payments for these tests."""

from __future__ import annotations

import pytest

from shopkit.testing.client import ContractClient
from shopkit.testing.tokens import Tokens
from tests.integration.till import Till


@pytest.fixture
def till(client: ContractClient, tokens: Tokens) -> Till:
    """Payments without a charge."""
    return Till(client, tokens)
