"""Two Shops side by side; what deleting one leaves and what a new one finds."""

from collections.abc import Callable

import pytest

from e2e.support.shop import SERVICES, Shop
from e2e.support.waiting import eventually

pytestmark = pytest.mark.e2e

# Everything a Shop may leave behind, data included.
ALL_KINDS = (
    "deployments,statefulsets,jobs,pods,services,secrets,configmaps,serviceaccounts,networkpolicies,"
    "poddisruptionbudgets,horizontalpodautoscalers,persistentvolumeclaims"
)
DATA_KINDS = "secrets,persistentvolumeclaims"
GONE_SECONDS = 120
# Two Shops beside those of other tests have to find room on a small node.
LEAN = {service: {"resources": {"requests": {"cpu": "10m"}}} for service in SERVICES}


def identities(shop: Shop, kinds: str) -> dict[str, str]:
    """Return the uid of each object of a Shop by kind and name."""
    return {f"{o['kind']}/{o['metadata']['name']}": o["metadata"]["uid"] for o in shop.children(kinds)}


def delete(shop: Shop) -> None:
    """Delete a Shop and wait until its last object but data is gone."""
    shop.kubectl("delete", "shop", shop.name, "--timeout=120s", timeout=150)


def test_life_of_two_shops(make_shop: Callable[[str], Shop]) -> None:
    first, second = make_shop("first"), make_shop("second")
    first.apply(deletionPolicy="Delete", services=LEAN)
    second.apply(services=LEAN)
    first.wait_ready()
    second.wait_ready()

    with first.gateway() as one, second.gateway() as two:
        cheap = first.admin(one).offer("Cup", price=100, stock=1)
        kept = second.admin(two).offer("Pot", price=500, stock=7)
        assert two.call("GET", f"/products/{cheap}").status == 404
        assert one.register().call("GET", "/users/me").status == 200

    untouched = identities(second, "deployments,services,secrets,persistentvolumeclaims,configmaps")
    delete(first)
    eventually(lambda: not first.children(ALL_KINDS), "Delete leaves nothing", GONE_SECONDS)
    assert identities(second, "deployments,services,secrets,persistentvolumeclaims,configmaps") == untouched
    assert second.ready()

    data = identities(second, DATA_KINDS)
    delete(second)
    eventually(lambda: identities(second, ALL_KINDS) == data, "Retain keeps the data and nothing else", GONE_SECONDS)

    second.apply(services=LEAN)
    second.wait_ready()
    assert identities(second, DATA_KINDS) == data
    with second.gateway() as two:
        assert two.call("GET", f"/products/{kept}").body["name"] == "Pot"
        assert two.stock(kept)["on_hand"] == 7
        second.admin(two)
