"""A whole shop of real processes without broker, gateway and mail server: what its services need of each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shopkit.service import find_service
from shopkit.testing.postgres import Templates, free_port
from shopkit.testing.process import ServerProcess
from shopkit.testing.tokens import INTERNAL_TOKEN, ISSUER

# In the order in which they need each other.
SERVICES = ("users", "products", "inventory", "payments", "orders", "notifications", "recommendations", "storefront")
ADMIN_EMAIL, ADMIN_PASSWORD = "admin@shop.example.org", "a-password-that-is-long-enough"


@dataclass(frozen=True)
class RunningShop:
    """The processes.

    Attributes:
        servers: by service.
        environs: what each was started with.
        admin: access token of the administrator.
        products: ids of products of which there is plenty.
    """

    servers: Mapping[str, ServerProcess]
    environs: Mapping[str, Mapping[str, str]]
    admin: str
    products: tuple[str, ...]

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no process may print."""
        urls = [environ[name] for environ in self.environs.values() for name in ("DATABASE_URL",) if name in environ]
        key = self.environs["users"]["JWT_SIGNING_KEY"].splitlines()[1]
        return (ADMIN_EMAIL, ADMIN_PASSWORD, INTERNAL_TOKEN, self.admin, key, *urls)


@contextmanager
def running_shop(templates: Templates, folder: Path) -> Iterator[RunningShop]:
    """Start the services one after the other, and end them."""
    common = _common()
    servers: dict[str, ServerProcess] = {}
    environs: dict[str, dict[str, str]] = {}
    with ExitStack() as stack:
        for name in SERVICES:
            urls = {f"{other.upper()}_URL": server.url for other, server in servers.items()}
            environ = {"USERS_URL": "http://127.0.0.1:9", **common, **urls, "GRPC_PORT": str(free_port())}
            if find_service(name).has_database:
                environ["DATABASE_URL"] = templates.create(name, environ)
            environs[name] = environ
            servers[name] = stack.enter_context(ServerProcess(name, environ, folder / name))
        admin = _log_in(servers["users"].url)
        products = tuple(_add_product(servers, admin, f"Lamp {number}") for number in range(5))
        yield RunningShop(servers, environs, admin, products)


def _common() -> dict[str, str]:
    private = Ed25519PrivateKey.generate()
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return {
        "JWT_ISSUER": ISSUER,
        "JWT_SIGNING_KEY": private.private_bytes(encoding, form, serialization.NoEncryption()).decode(),
        "ADMIN_EMAIL": ADMIN_EMAIL,
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        "INTERNAL_TOKEN": INTERNAL_TOKEN,
        "SESSION_KEY": "a-key-of-the-tests-that-is-long-enough-for-signing",
        "MAIL_FROM": "shop@shop.example.org",
        "SHOP_URL": "https://shop.example.org",
        # Port 9 (discard): there is neither a broker nor a mail server, which fails no request.
        "AMQP_URL": "amqp://127.0.0.1:9/%2F",
        "SMTP_URL": "smtp://127.0.0.1:9",
        "PAYMENT_WEBHOOK_SECRET": "a-secret-of-the-tests-that-is-long-enough",
        # What is explored is the contract, not the protection.
        "ARGON2_MEMORY_KIB": "1024",
        "ARGON2_TIME_COST": "1",
        "ARGON2_CONCURRENCY": "8",
        "LOGIN_FAILURES_PER_PAIR": "1000000",
        "LOGIN_FAILURES_PER_ADDRESS": "1000000",
        "LOGIN_FAILURES_PER_ACCOUNT": "1000000",
        "REGISTRATIONS_PER_HOUR": "1000000",
        "SHUTDOWN_DRAIN_SECONDS": "0",
        # A shop that recovers in seconds.
        "BREAKER_SECONDS": "2",
        "SAGA_IDLE_SECONDS": "1",
        "SAGA_BACKOFF_MAX_SECONDS": "1",
    }


def _log_in(users: str) -> str:
    answer = post(f"{users}/api/v1/login", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}, {})
    return str(answer["access_token"])


def _add_product(servers: Mapping[str, ServerProcess], admin: str, name: str) -> str:
    headers = {"Authorization": f"Bearer {admin}"}
    body = {"name": name, "description": "It shines.", "price": 1999}
    product_id = str(post(f"{servers['products'].url}/api/v1/products", body, headers)["id"])
    post(f"{servers['inventory'].url}/api/v1/inventory/{product_id}", {"quantity": 1_000_000}, headers)
    return product_id


def post(url: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """Send a request that has to succeed and return its answer. Raises RuntimeError."""
    answer = urllib3.PoolManager(retries=False, timeout=30.0).request("POST", url, json=body, headers=headers)
    if answer.status >= 300:
        raise RuntimeError(f"{url} answered {answer.status}: {answer.data!r}")
    found: dict[str, Any] = answer.json()
    return found
