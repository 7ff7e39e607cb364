"""What shoppers do in the benchmarks, and the data that they do it with."""

from __future__ import annotations

import itertools
import json
import random
import threading
from dataclasses import dataclass
from pathlib import Path

import urllib3

from e2e.bench.journey import Journey
from e2e.bench.stack import call
from e2e.bench.vegeta import Request

CATALOGUE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "catalogue" / "products.csv"
STOCK = 1_000_000
SHOPPERS = 20
PASSWORD = "a benchmark's password"  # noqa: S105 (of accounts that live as long as the run)
# One word, two words, a category, a range of prices, a word with an error: what people type.
SEARCHES = (
    "q=lamp",
    "q=dining%20chair",
    "category=lighting&sort=price",
    "q=linen&max_price=8000",
    "q=penddant",
)


@dataclass(frozen=True)
class Urls:
    """Where the parts of the API are: each service, or the gateway for all of them."""

    users: str
    products: str
    inventory: str
    orders: str


@dataclass(frozen=True)
class Scene:
    """A shop with a catalogue, stock and shoppers.

    Attributes:
        urls: where it is.
        products: ids of all products.
        tokens: access tokens of the shoppers.
    """

    urls: Urls
    products: list[str]
    tokens: list[str]

    def product_read(self) -> list[Request]:
        """Read products by id, one after the other."""
        return [Request("GET", f"/api/v1/products/{one}") for one in self.products]

    def product_search(self) -> list[Request]:
        """Search and filter."""
        return [Request("GET", f"/api/v1/products?{query}&limit=20") for query in SEARCHES]

    def login(self) -> list[Request]:
        """Log in with the right password."""
        return [
            Request("POST", "/api/v1/login", {"email": _email(number), "password": PASSWORD})
            for number in range(SHOPPERS)
        ]

    def order_read(self) -> list[Request]:
        """Read one's own orders: a request whose token is checked, by the gateway too."""
        return [
            Request("GET", "/api/v1/orders?limit=1", headers={"Authorization": f"Bearer {token}"})
            for token in self.tokens
        ]

    def checkout(self, seed: int) -> Journey:
        """Return the journey `order one to three products, then pay`; the register and login came before."""
        pool = urllib3.PoolManager(num_pools=4, maxsize=128, retries=False, timeout=urllib3.Timeout(20))
        chance, lock, numbers = random.Random(seed), threading.Lock(), itertools.count()  # noqa: S311

        def journey(_: int) -> str:
            with lock:
                chosen = chance.sample(self.products, chance.randint(1, 3))
                token = self.tokens[next(numbers) % len(self.tokens)]
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

            def post(path: str, body: object) -> urllib3.BaseHTTPResponse:
                return pool.request("POST", self.urls.orders + path, body=json.dumps(body).encode(), headers=headers)

            try:
                lines = [{"product_id": one, "quantity": 1} for one in chosen]
                ordered = post("/api/v1/orders", {"lines": lines})
                if ordered.status != 201:
                    return f"order {ordered.status}"
                number = json.loads(ordered.data)["id"]
                paid = post(f"/api/v1/orders/{number}/pay", {"payment_method": "pm_card_approved"})
                confirmed = paid.status == 200 and json.loads(paid.data)["status"] == "confirmed"
            except urllib3.exceptions.HTTPError as error:
                return type(error).__name__
            return "ok" if confirmed else f"pay {paid.status}"

        return journey


def set_the_scene(urls: Urls, admin: dict[str, str]) -> Scene:
    """Import the sample catalogue, set its stock, and register and log in the shoppers."""
    token = str(call(urls.users, "POST", "/api/v1/login", admin)["access_token"])
    answer = urllib3.request(
        "POST",
        f"{urls.products}/api/v1/products/import",
        body=CATALOGUE.read_bytes(),
        headers={"Content-Type": "text/csv", "Authorization": f"Bearer {token}"},
        timeout=60,
    )
    if answer.status != 200:
        raise RuntimeError(f"the import of the catalogue answered {answer.status}: {answer.data.decode()[:500]}")
    products = _all_products(urls.products)
    for one in products:
        call(urls.inventory, "POST", f"/api/v1/inventory/{one}", {"quantity": STOCK}, token)
    return Scene(urls, products, [_shopper(urls.users, number) for number in range(SHOPPERS)])


def _all_products(url: str) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        page = call(url, "GET", f"/api/v1/products?limit=100{cursor}")
        items = page["items"]
        assert isinstance(items, list)
        found += [item["id"] for item in items]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def _shopper(url: str, number: int) -> str:
    account = {"email": _email(number), "password": PASSWORD}
    call(url, "POST", "/api/v1/register", {**account, "name": f"Shopper {number}"})
    return str(call(url, "POST", "/api/v1/login", account)["access_token"])


def _email(number: int) -> str:
    return f"shopper-{number}@bench.example"
