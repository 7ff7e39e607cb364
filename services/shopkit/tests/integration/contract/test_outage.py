"""A service goes away in a running shop: its callers leave it alone, say so, and take up what was left when it is back.

This module comes last: of the shop that it shares it ends a process.
"""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from shopkit.testing.process import ServerProcess
from shopkit.testing.waiting import wait_for

from .running_shop import RunningShop, post

HTTP = urllib3.PoolManager(retries=False, timeout=30.0)


OPENED = 'circuit_breaker_changes_total{state="open",target="payments"}'
STATE = 'circuit_breaker_state{target="payments"}'
OPEN = "payments failed too often; it is asked again in N s."


def shown(server: ServerProcess, series: str) -> float:
    """Return what the metrics of a process say."""
    text = HTTP.request("GET", server.metrics_url).data.decode()
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


class Shopper:
    """Places and pays orders."""

    def __init__(self, shop: RunningShop) -> None:
        self._orders = shop.servers["orders"].url + "/api/v1/orders"
        self._headers = {"Authorization": f"Bearer {shop.admin}"}
        self._lines = [{"product_id": shop.products[0], "quantity": 1}]

    def place(self) -> str:
        return str(post(self._orders, {"lines": self._lines}, self._headers)["id"])

    def pay(self, order_id: str) -> urllib3.BaseHTTPResponse:
        body = {"payment_method": "pm_card_approved"}
        return HTTP.request("POST", f"{self._orders}/{order_id}/pay", json=body, headers=self._headers)

    def status(self, order_id: str) -> str:
        return str(HTTP.request("GET", f"{self._orders}/{order_id}", headers=self._headers).json()["status"])


def test_a_breaker_opens_for_payments_that_are_down_and_closes_when_they_are_back(
    shop: RunningShop, tmp_path: Path
) -> None:
    orders, payments = shop.servers["orders"], shop.servers["payments"]
    shopper = Shopper(shop)
    left_behind, later = shopper.place(), shopper.place()
    before = shown(orders, OPENED)
    os.killpg(payments.process.pid, signal.SIGKILL)
    payments.process.wait(30)
    told = set()

    def refused() -> bool:
        answer = shopper.pay(left_behind)
        problem = answer.json()
        assert (answer.status, problem["type"].rpartition("/")[2]) == (503, "upstream-unavailable")
        assert 1 <= int(answer.headers["Retry-After"]) <= 2
        told.add(re.sub(r"\d+", "N", problem["detail"]))
        return OPEN in told

    wait_for(refused, "the breaker to open")
    assert told <= {"payments cannot be reached.", OPEN}
    assert (shown(orders, OPENED), shown(orders, STATE)) == (before + 1, 2)

    port = urlsplit(payments.url).port
    with ServerProcess("payments", shop.environs["payments"], tmp_path / "payments", port):
        # Nobody asks again for this order: the worker finds it.
        wait_for(lambda: shopper.status(left_behind) == "confirmed", "the order that was left behind")
        wait_for(lambda: shopper.pay(later).status == 200, "the breaker to let a call through")
        assert shown(orders, STATE) == 0
