"""The campaigns in short; `make test-consistency` runs the whole of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e.consistency import campaign, plan, rolling, striking
from e2e.consistency.stage import Stage, opened
from e2e.support.kubectl import Kubectl

pytestmark = pytest.mark.e2e

SEED = 4
PRODUCTS = 5
SHOPPERS = 20


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A shop with a few products of which there are ten pieces each."""
    with opened(Kubectl(), PRODUCTS, 10, SHOPPERS) as opened_stage:
        yield opened_stage


def test_no_request_fails_while_deployments_are_restarted(stage: Stage) -> None:
    """The edge, one that takes part in checkouts, and one that is asked by gRPC.

    Before parts are killed: for a minute after that, breakers refuse what they think is down.
    """
    outcome = rolling.run(stage, print, ("gateway", "orders", "recommendations"))
    assert outcome.failures == {}
    assert all(each.requests > 0 for each in outcome.restarted)


def test_the_books_are_right_after_parts_were_killed_under_load(stage: Stage) -> None:
    """Each part that keeps state or takes part in a checkout is killed once; there is less than the shoppers want."""
    checkouts = plan.checkouts(SEED, SHOPPERS, 120, PRODUCTS, 20.0)
    parts = striking.present(stage.shop)
    result = campaign.run(stage, checkouts, plan.faults(SEED, parts, 2 * len(parts)), print)
    assert result.violations == []
    assert result.checkouts == 120
    assert {each.part for each in result.struck} <= set(parts)
    assert len(result.struck) >= 3
