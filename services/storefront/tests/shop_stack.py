"""A whole shop on loopback: real processes on real databases, with the sample catalogue. No broker, no gateway."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shopkit.testing.postgres import Templates
from shopkit.testing.process import ServerProcess
from shopkit.testing.tokens import INTERNAL_TOKEN, ISSUER

_CATALOGUE = Path(__file__).parents[3] / "docs/examples/catalogue/products.csv"
ADMIN = {"ADMIN_EMAIL": "admin@example.com", "ADMIN_PASSWORD": "administrator"}
# A hash in a millisecond: these tests are not about the strength of passwords.
_CHEAP = {"ARGON2_MEMORY_KIB": "1024", "ARGON2_TIME_COST": "1"}
_WITH_DATABASE = ("users", "products", "inventory", "payments", "orders")
PIECES = 50


@dataclass(frozen=True)
class LocalShop:
    """A running shop.

    Attributes:
        servers: its processes by service.
        admin: headers of the administrator.
    """

    servers: dict[str, ServerProcess]
    admin: dict[str, str]

    @property
    def url(self) -> str:
        """Base URL of the storefront."""
        return self.servers["storefront"].url

    def call(self, service: str, method: str, path: str, body: Any = None) -> Any:
        """Ask a service as the administrator; return the JSON body of a success."""
        answer = urllib3.request(method, self.servers[service].url + path, json=body, headers=self.admin)
        assert answer.status < 300, answer.data
        return answer.json() if answer.data else None

    def products(self, query: str = "limit=100") -> list[dict[str, Any]]:
        """Return products of the catalogue."""
        found: list[dict[str, Any]] = self.call("products", "GET", f"/api/v1/products?{query}")["items"]
        return found

    def set_stock(self, product_id: str, quantity: int) -> None:
        """Set how many pieces there are."""
        self.call("inventory", "POST", f"/api/v1/inventory/{product_id}", {"quantity": quantity})


@contextmanager
def local_shop(templates: Templates, folder: Path, **storefront: str) -> Iterator[LocalShop]:
    """Run a shop.

    Args:
        templates: maker of databases.
        folder: for the processes' output.
        storefront: further variables of the storefront.
    """
    key = _signing_key()
    urls: dict[str, str] = {}
    servers: dict[str, ServerProcess] = {}
    with ExitStack() as stack:
        for name in (*_WITH_DATABASE, "storefront"):
            environ = {**_environ(key), **urls, **_CHEAP}
            if name == "storefront":
                environ |= {"SESSION_KEY": "a-session-key-of-the-tests", "SHOP_TITLE": "Corner & Sons", **storefront}
            else:
                environ["DATABASE_URL"] = templates.create(name, {**ADMIN, **_CHEAP})
            if name == "users":
                # It is no caller of its own, but checks that the variable is there.
                environ["USERS_URL"] = "http://127.0.0.1:9"
            servers[name] = stack.enter_context(ServerProcess(name, environ, folder / f"{name}.log"))
            urls[f"{name.upper()}_URL"] = servers[name].url
        shop = LocalShop(servers, _administrator(servers["users"].url))
        _fill(shop)
        yield shop


def _environ(key: str) -> dict[str, str]:
    return {
        "JWT_ISSUER": ISSUER,
        "JWT_SIGNING_KEY": key,
        "INTERNAL_TOKEN": INTERNAL_TOKEN,
        "PAYMENT_WEBHOOK_SECRET": "webhook-secret-of-the-tests",
        "AMQP_URL": "amqp://127.0.0.1:9/%2F",
        "SANDBOX_LATE_SECONDS": "1",
        "SAGA_IDLE_SECONDS": "2",
        "SAGA_POLL_SECONDS": "0.2",
        "TRUSTED_PROXIES": "0",
        "LOGIN_FAILURES_PER_ADDRESS": "1000",
        "SHOP": "corner",
    }


def _signing_key() -> str:
    private = Ed25519PrivateKey.generate()
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return private.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def _administrator(users: str) -> dict[str, str]:
    credentials = {"email": ADMIN["ADMIN_EMAIL"], "password": ADMIN["ADMIN_PASSWORD"]}
    answer = urllib3.request("POST", f"{users}/api/v1/login", json=credentials)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _fill(shop: LocalShop) -> None:
    """Load the sample catalogue; some pieces of everything."""
    lines = list(csv.DictReader(io.StringIO(_CATALOGUE.read_text())))
    answer = urllib3.request(
        "POST",
        f"{shop.servers['products'].url}/api/v1/products/import",
        body=_CATALOGUE.read_bytes(),
        headers={**shop.admin, "Content-Type": "text/csv"},
    )
    report = answer.json()
    assert report["created"] == len(lines), report
    for line in report["lines"]:
        shop.set_stock(line["id"], PIECES)
