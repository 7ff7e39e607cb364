"""Parts of a shop that are away for a while: what still works, what is said, and what is made up for afterwards."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import urllib3

from e2e.support.kubectl import Kubectl
from e2e.support.mails import mails_of
from e2e.support.shop import Shop, forward
from e2e.support.shopper import Shopper
from e2e.support.waiting import eventually

pytestmark = pytest.mark.e2e

BREAKER_SECONDS = 5
SPEC = {
    # The default of a minute would only make the test longer.
    "services": {"orders": {"env": {"BREAKER_SECONDS": str(BREAKER_SECONDS)}}},
}


@pytest.fixture(scope="module")
def shop(make_shop: Callable[[str], Shop]) -> Shop:
    """Return a Shop of this module's own."""
    made = make_shop("outages")
    made.apply(**SPEC)
    made.wait_ready()
    return made


@contextmanager
def away(shop: Shop, kind: str, name: str) -> Iterator[None]:
    """Keep a part of a Shop scaled to zero while the block runs; the operator, no longer paused, brings it back."""
    target = f"{kind}/{shop.name}-{name}"
    replicas = shop.kubectl.get(kind, f"{shop.name}-{name}")["spec"]["replicas"]
    shop.apply(paused=True, **SPEC)
    eventually(lambda: paused(shop), "the operator keeps its hands off", 30)
    shop.kubectl("scale", target, "--replicas=0")
    shop.kubectl(
        "wait", "--for=delete", "pod", "-l", f"app.kubernetes.io/name={name},app.kubernetes.io/instance={shop.name}",
        "--timeout=60s",
    )  # fmt: skip
    try:
        yield
    finally:
        shop.apply(paused=False, **SPEC)
        eventually(
            lambda: shop.kubectl.get(kind, f"{shop.name}-{name}")["status"].get("readyReplicas", 0) == replicas,
            f"{target} is back",
            120,
        )


def paused(shop: Shop) -> bool:
    conditions = shop.status()["status"]["conditions"]
    return any(entry["type"] == "Paused" and entry["status"] == "True" for entry in conditions)


def metric(shop: Shop, service: str, pattern: str) -> float:
    """Return the value of the one sample whose line matches."""
    with forward(shop.kubectl, f"deployment/{shop.name}-{service}", 9090) as port:
        text = urllib3.request("GET", f"http://127.0.0.1:{port}/metrics").data.decode()
    found = re.findall(rf"^{pattern} (\S+)$", text, re.MULTILINE)
    assert len(found) == 1, found
    return float(found[0])


def test_orders_work_while_the_broker_is_away_and_mails_come_later_once(shop: Shop) -> None:
    with shop.gateway() as client, mails_of(shop) as mails:
        product = shop.admin(client).offer("Kettle", price=3900, stock=9)
        with away(shop, "statefulset", "rabbitmq"):
            email, password = "bo@example.com", "correct horse battery"
            registered = client.call("POST", "/register", {"email": email, "password": password, "name": "Bo"})
            assert registered.status == 201
            bo = client.login(email, password)
            order = bo.order(product, 2).body
            assert bo.pay(order["id"]).body["status"] == "confirmed"
            assert shop.sql("orders", "SELECT count(*) FROM outbox") == "1"
            assert shop.sql("users", f"SELECT count(*) FROM outbox WHERE subject = '{registered.body['id']}'") == "1"
            assert mails.to(email) == []
            assert "MessagingReady" in not_true(shop)

        eventually(lambda: len(mails.to(email)) == 2, "both mails have come", 120)
        assert sorted(mails.subjects(email)) == ["Welcome to Outages", "Your order of €78.00 is confirmed"]
        for service in ("users", "orders"):
            assert shop.sql(service, "SELECT count(*) FROM outbox") == "0"
        assert (
            shop.sql("notifications", f"SELECT count(*) FROM notifications WHERE user_id = '{order['user_id']}'") == "2"
        )
        assert dead_letters(shop, "notifications") == 0
        assert dead_letters(shop, "recommendations") == 0


def not_true(shop: Shop) -> list[str]:
    return [entry["type"] for entry in shop.status()["status"]["conditions"] if entry["status"] != "True"]


def dead_letters(shop: Shop, service: str) -> int:
    """Count them by the command that people type."""
    text = shop.kubectl(
        "exec", f"deployment/{shop.name}-{service}", "--", "python", "-m", "shopkit", "dead-letters", service, "list"
    )
    return len([line for line in text.splitlines() if re.match(r"[0-9a-f]{8}-", line)])


def test_breaker_opens_after_five_failures_and_closes_again(shop: Shop) -> None:
    state = r'circuit_breaker_state\{target="payments"\}'
    with shop.gateway() as client:
        product = shop.admin(client).offer("Lamp", price=2500, stock=20)
        shopper = client.register()
        orders = [shopper.order(product, 1).body["id"] for _ in range(8)]
        assert metric(shop, "orders", state) == 0
        with away(shop, "deployment", "payments"):
            for order in orders:
                began = time.monotonic()
                answer = shopper.pay(order)
                assert time.monotonic() - began < 5
                assert (answer.status, answer.body["type"].rpartition("/")[2]) == (503, "upstream-unavailable")
                assert int(answer.headers["retry-after"]) >= 1
            assert metric(shop, "orders", state) == 2
            refused = r'http_client_refusals_total\{reason="breaker",target="payments"\}'
            assert metric(shop, "orders", refused) >= 1
        eventually(lambda: all(confirmed(shopper, order) for order in orders), "all orders are paid", 90)
        assert metric(shop, "orders", state) == 0
        for passed in ("half-open", "closed"):
            changes = rf'circuit_breaker_changes_total\{{state="{passed}",target="payments"\}}'
            assert metric(shop, "orders", changes) >= 1
    total = shop.sql("payments", "SELECT count(*), sum(amount) FROM charges WHERE status = 'captured'")
    assert total == "9|27800"


def confirmed(shopper: Shopper, order: str) -> bool:
    return bool(shopper.pay(order).status == 200)


def test_postgres_killed_under_a_shop_loses_nothing(shop: Shop, namespace: Kubectl) -> None:
    with shop.gateway() as client:
        shopper = client.register()
        product = shop.admin(client).offer("Chair", price=100, stock=5)
        paid = shopper.order(product, 1).body["id"]
        assert shopper.pay(paid).status == 200

        # One second of grace rather than none: without, two servers could meet on one volume.
        namespace("delete", "pod", f"{shop.name}-postgres-0", "--grace-period=1")

        eventually(lambda: client.call("GET", f"/products/{product}").status == 200, "products answers again", 90)
        eventually(lambda: shopper.call("GET", f"/orders/{paid}").status == 200, "orders answers again", 60)
        assert shopper.call("GET", f"/orders/{paid}").body["status"] == "confirmed"
        assert (shopper.stock(product)["on_hand"], shopper.stock(product)["reserved"]) == (4, 0)
