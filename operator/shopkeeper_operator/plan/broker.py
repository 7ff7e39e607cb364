"""The accounts of services at the broker: names, rights and hashes of passwords, as RabbitMQ's definitions. Pure."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from shopkeeper_operator import naming, parts
from shopkeeper_operator.snapshot import Snapshot

#: Keys of the broker's secret.
COOKIE: Final = "erlang-cookie"
USERS: Final = "users.json"

_ALGORITHM: Final = "rabbit_password_hashing_sha256"
_SALT_BYTES: Final = 4
_PORT: Final = 5672
_EVENTS: Final = r"^shop\.events$"


def account(shop: str, service: str) -> dict[str, str]:
    """Return what is known of a service's account before its password is drawn."""
    return {"username": service, "host": naming.part(shop, naming.RABBITMQ), "port": str(_PORT)}


def passwords(snapshot: Snapshot) -> dict[str, str] | None:
    """Return the password of each account; None where one is not there yet."""
    shop = snapshot.shop.name
    found = {part.name: snapshot.secret(naming.amqp_secret(shop, part.name)) for part in parts.WITH_BROKER}
    known = {name: values["password"] for name, values in found.items() if values and values.get("password")}
    return known if len(known) == len(found) else None


def definitions(known: Mapping[str, str], salt: Callable[[int], bytes]) -> str:
    """Return the content of `users.json`.

    Args:
        known: the password of each account.
        salt: draws so many bytes at random.
    """
    users = [
        {"name": name, "password_hash": _hash(password, salt(_SALT_BYTES)), "hashing_algorithm": _ALGORITHM, "tags": []}
        for name, password in sorted(known.items())
    ]
    content = {"vhosts": [{"name": "/"}], "users": users, "permissions": _permissions()}
    return json.dumps(content, indent=1)


def _hash(password: str, salt: bytes) -> str:
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _permissions() -> list[dict[str, str]]:
    """Return what each account may do: declare nothing, and write and read only what is its own.

    The exchange and the queues are there before any service: they are part of the broker's configuration.
    """
    made = []
    for part in sorted(parts.WITH_BROKER, key=lambda part: part.name):
        write = _EVENTS if part.publishes else rf"^{part.name}\.requeue$"
        read = rf"^{part.name}\.(events|dead|retry\..*)$" if part.consumes else ""
        made.append({"user": part.name, "vhost": "/", "configure": "", "write": write, "read": read})
    return made


def is_current(content: str, known: Mapping[str, str]) -> bool:
    """Tell whether `users.json` opens for every account by its password, and gives the rights of today."""
    try:
        stored = json.loads(content)
        users = {user["name"]: user["password_hash"] for user in stored["users"]}
        rights = sorted(stored["permissions"], key=lambda found: str(found["user"]))
    except (ValueError, KeyError, TypeError):
        return False
    return users.keys() == known.keys() and rights == _permissions() and all(_opens(users[n], known[n]) for n in known)


def _opens(stored: Any, password: str) -> bool:
    try:
        salt = base64.b64decode(stored, validate=True)[:_SALT_BYTES]
    except (ValueError, TypeError):
        return False
    return hmac.compare_digest(stored, _hash(password, salt))
