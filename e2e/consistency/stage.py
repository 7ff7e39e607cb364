"""A Shop of the campaign's own: in its own namespace, with products, stock and accounts, and gone at the end."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import OKPAlgorithm

from e2e.consistency.wire import Line
from e2e.support import namespaces
from e2e.support.kubectl import Kubectl
from e2e.support.shop import Shop
from e2e.support.shopper import Shopper
from e2e.support.waiting import eventually

NAME = "demo"
PLENTY = 1_000_000
TOKEN_SECONDS = 4 * 3600
# So that orders that are left unpaid expire while somebody watches.
RESERVATION_SECONDS = 30
# Passwords are not what is tried here, and all accounts come from one address.
_ENVIRONMENT = {
    "users": {"ARGON2_MEMORY_KIB": "1024", "ARGON2_TIME_COST": "1", "REGISTRATIONS_PER_HOUR": "1000000"},
    "inventory": {"RESERVATION_TTL_SECONDS": str(RESERVATION_SECONDS)},
}


@dataclass(frozen=True)
class Stage:
    """A shop that is open.

    Attributes:
        shop: the Shop.
        url: its gateway, as this machine reaches it.
        products: ids of the products of which there are few.
        plenty: id of a product of which there is more than anybody can buy.
        initial: pieces of each product before the first order.
        shoppers: user id and token of each.
    """

    shop: Shop
    url: str
    products: Sequence[str]
    plenty: str
    initial: dict[str, int]
    shoppers: Sequence[tuple[str, str]] = field(repr=False)

    @property
    def users(self) -> list[str]:
        """The ids of the accounts."""
        return [user_id for user_id, _ in self.shoppers]


@contextmanager
def opened(kubectl: Kubectl, products: int, pieces: int, shoppers: int, **spec: Any) -> Iterator[Stage]:
    """Open a shop, and remove it with its namespace in the end.

    Args:
        kubectl: the cluster.
        products: how many are on sale.
        pieces: of each.
        shoppers: how many accounts there are.
        spec: more of the Shop's spec.
    """
    within = namespaces.create(kubectl, "consistency")
    try:
        shop = Shop(NAME, within)
        shop.apply(services={name: {"env": env} for name, env in _ENVIRONMENT.items()}, **spec)
        shop.wait_ready(timeout=300)
        url = shop.node_url()
        admin = shop.admin(Shopper(url))
        offered = [offer(admin, f"Piece {number}", 1000 + 7 * number, pieces) for number in range(products)]
        plenty = offer(admin, "Grain of sand", 1, PLENTY)
        initial = {**dict.fromkeys(offered, pieces), plenty: PLENTY}
        yield Stage(shop, url, offered, plenty, initial, accounts(shop, url, shoppers))
    finally:
        kubectl("delete", "namespace", within.namespace, "--wait=true", "--timeout=180s", timeout=200)


def offer(admin: Shopper, name: str, price: int, pieces: int) -> str:
    """Put a product on sale; a service that has just begun may not have the keys yet that tokens are checked by."""
    return eventually(lambda: admin.offer(name, price, pieces), f"{name} is on sale")


def accounts(shop: Shop, url: str, count: int) -> list[tuple[str, str]]:
    """Register shoppers; return user id and token of each.

    The tokens are signed here, with the shop's own key: a login each would cost more than all their orders.
    """
    signer = Signer(shop)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda number: _register(url, number), range(count)))
    return [(user_id, signer.sign(user_id)) for user_id in made]


def _register(url: str, number: int) -> str:
    line = Line(url)
    body = {"email": f"shopper{number}@example.com", "password": uuid.uuid4().hex, "name": f"Shopper {number}"}

    def registered() -> str:
        answer = line.send("register", "POST", "/register", body)
        if answer.status != 201:
            raise AssertionError(answer)
        return str(answer.body["id"])

    user_id = eventually(registered, f"shopper {number} is registered", 10)
    line.close()
    return user_id


class Signer:
    """Signs tokens of customers as the shop's own service does."""

    def __init__(self, shop: Shop) -> None:
        pem = shop.secret("jwt")["signing-key.pem"]
        key = load_pem_private_key(pem.encode(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError("the shop signs with a key of another kind")
        self._key = key
        self._issuer = f"shopkeeper/{shop.kubectl.namespace}/{shop.name}"
        public = json.loads(OKPAlgorithm.to_jwk(key.public_key()))
        canonical = json.dumps({name: public[name] for name in ("crv", "kty", "x")}, separators=(",", ":"))
        digest = hashlib.sha256(canonical.encode()).digest()
        self._kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def sign(self, user_id: str) -> str:
        """Return a token."""
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": "shop",
            "sub": user_id,
            "role": "customer",
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"kid": self._kid})
