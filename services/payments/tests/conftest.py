"""Which service these tests are about."""

from __future__ import annotations

from typing import Any

import pytest

from payments.service import SERVICE
from shopkit.service import Service


@pytest.fixture(scope="module")
def service() -> Service[Any]:
    """The service under test."""
    return SERVICE
