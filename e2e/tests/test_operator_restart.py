"""The operator killed in the middle of creating a Shop: it ends Ready, with nothing doubled and nothing lost."""

from collections.abc import Callable
from functools import partial

import pytest

from e2e.support.kubectl import Kubectl
from e2e.support.shop import WITH_DATABASE, Shop
from e2e.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

# A moment in the life of a new Shop: the first object of this kind was just written.
MOMENTS = ("secrets", "statefulsets", "jobs", "deployments")


def kill_operator(operator: Kubectl) -> None:
    """Kill the operator's pod without grace, as a node that dies does."""
    operator("delete", "pod", "-l", "app.kubernetes.io/name=shop-operator", "--grace-period=0", "--force")


def test_killed_after_each_kind_of_write(operator: Kubectl, make_shop: Callable[[str], Shop]) -> None:
    shop = make_shop("demo")
    shop.apply()
    secrets: dict[str, str] = {}
    for kind in MOMENTS:
        eventually(partial(shop.children, kind), f"the first of the {kind} is written", 120)
        kill_operator(operator)
        for name, data in secrets.items():
            assert shop.kubectl.get("secret", name)["data"] == data
        secrets = {o["metadata"]["name"]: o["data"] for o in shop.children("secrets")}

    shop.wait_ready(timeout=300)

    kept = {o["metadata"]["name"]: o["data"] for o in shop.children("secrets")}
    assert {name: kept[name] for name in secrets} == secrets
    jobs = [o["metadata"]["name"].rpartition("-migrate-")[0] for o in shop.children("jobs")]
    assert sorted(jobs) == sorted(f"demo-{service}" for service in WITH_DATABASE)
    assert shop.sql("postgres", "SELECT count(*) FROM pg_database WHERE NOT datistemplate") == str(
        1 + len(WITH_DATABASE)
    )
    with shop.gateway() as anyone:
        product = shop.admin(anyone).offer("Teapot", price=100, stock=1)
        shopper = anyone.register()
        assert shopper.pay(shopper.order(product, 1).body["id"]).body["status"] == "confirmed"
