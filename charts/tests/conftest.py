"""Helm for the chart tests, with the charts' dependencies built."""

import pytest

from charts.tests.helm import CHARTS, Helm
from charts.tools.deps import build_dependencies, find_helm


@pytest.fixture(scope="session")
def helm() -> Helm:
    """Return helm, after bringing the charts' dependencies up to date."""
    build_dependencies(CHARTS)
    return Helm(find_helm())
