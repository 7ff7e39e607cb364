"""The demo service, made importable for the tests of shopkit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from shopkit.service import Service, find_service

DEMO = Path(__file__).parent / "service"
sys.path.insert(0, str(DEMO))


@pytest.fixture(scope="module")
def service() -> Service[Any]:
    """The service under test."""
    return find_service("demo")
