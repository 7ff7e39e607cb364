"""Digests of secrets in the annotations of pods, so that a replaced secret restarts those that read it. Pure."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

from shopkeeper_operator import naming, parts
from shopkeeper_operator.api.model import Spec
from shopkeeper_operator.parts import Part
from shopkeeper_operator.snapshot import Snapshot


def credentials(snapshot: Snapshot, spec: Spec) -> dict[str, str]:
    """Return a digest per service, and one of the broker, over the secrets that its pods read.

    It is keyed with the shop's own token: a digest in an annotation must not help to guess a weak password.
    """
    shop = snapshot.shop.name
    read = {part.name: _read_by(shop, part) for part in parts.ALL} | {naming.RABBITMQ: [naming.rabbitmq_secret(shop)]}
    contents = {name: [snapshot.secret(secret) for secret in secrets] for name, secrets in read.items()}
    if spec.mail.secret_name:
        contents["notifications"].append(dict(snapshot.given.get(spec.mail.secret_name) or {}))
    token = (snapshot.secret(naming.internal_secret(shop)) or {}).get("token", "")
    return {name: _digest(token, content) for name, content in contents.items()}


def _read_by(shop: str, part: Part) -> list[str]:
    own = [naming.runtime_secret(shop, part.name)] if part.database else []
    account = [naming.amqp_secret(shop, part.name)] if part.messaging else []
    return [*own, *(name(shop) for name in part.reads), *account]


def _digest(token: str, content: Sequence[Mapping[str, str] | None]) -> str:
    text = json.dumps(content, sort_keys=True)
    return hmac.new(token.encode(), text.encode(), hashlib.sha256).hexdigest()[:16]
