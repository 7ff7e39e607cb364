"""What attackers try on every service: each try must be refused with the right status, and change nothing.

A service's test says what its routes act on (ids, bodies that are right); which routes there are is read from its APIs,
so that a new one is attacked as well.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from werkzeug.test import TestResponse

from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.routing import PATH_PARAMETER, Operation, operations
from shopkit.testing.client import ContractClient
from shopkit.testing.tokens import ISSUER, Tokens

Ids = Mapping[str, str]
Bodies = Mapping[str, Any]
# More than any service takes, the import of a catalogue included.
_TOO_LARGE = 6 * 1024 * 1024
_DEPTH = 100_000
HOSTILE = (
    "' OR '1'='1",
    "'; DROP TABLE schema_migrations; --",
    "%s%(id)s{0}$1",
    "../../../etc/passwd",
    "a\r\nSet-Cookie: stolen=1",
    "\N{FULLWIDTH APOSTROPHE}\x00",
)
# What models of requests do not have, and rows do.
_FOREIGN = (
    "id",
    "role",
    "status",
    "state",
    "user_id",
    "total",
    "reserved",
    "version",
    "created_at",
    "is_admin",
    "__class__",
)


@dataclass(frozen=True)
class Target:
    """A service under attack.

    Args:
        client: a client of it.
        database: its database.
        tokens: maker of the tokens that it accepts.
        ids: of what is there, by the names of the path parameters.
        bodies: a body that is right for each route that takes one, by `<METHOD> <path>`.
        owner: who owns what is there.
    """

    client: ContractClient
    database: Database
    tokens: Tokens
    ids: Ids
    bodies: Bodies
    owner: str

    def rows(self) -> list[str]:
        """Return everything that is stored."""
        tables = self.database.fetch_all(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        )
        found = []
        for table in tables:
            name = table["tablename"]
            statement = f"SELECT {name}::text AS row FROM {name} ORDER BY 1"
            found += [f"{name}: {row['row']}" for row in self.database.fetch_all(statement)]
        return found

    def operations(self, scheme: str | None = None) -> Iterator[Operation]:
        """Yield the routes, or those that ask for a `user` or are `internal`."""
        for _, operation in operations(self.client.service.apis):
            if scheme is None or (operation.auth is not None and operation.auth.scheme == scheme):
                yield operation

    def headers(self, operation: Operation) -> dict[str, str]:
        """Return the headers of who may use a route."""
        if operation.auth is None:
            return {}
        if operation.auth.scheme == "internal":
            return self.tokens.internal()
        return {"Authorization": f"Bearer {self.tokens.mint(self.owner, operation.auth.role or 'customer')}"}

    def send(self, operation: Operation, headers: Mapping[str, str], **changed: Any) -> TestResponse:
        """Use a route as it should be, but for what is changed."""
        path = changed.pop("path", None) or PATH_PARAMETER.sub(lambda name: self.ids[name[1]], operation.path)
        if "data" not in changed and "json" not in changed:
            body = self.bodies.get(f"{operation.method} {operation.path}")
            changed |= {"json": body} if body is not None else {}
        return self.client.open(path, method=operation.method, headers=dict(headers), **changed)


def forged(tokens: Tokens, user_id: str) -> dict[str, str]:
    """Return tokens of an administrator that none of ours has signed like this, by what is wrong with them."""
    genuine = tokens.mint(user_id, "admin")
    head, payload, signature = genuine.split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    claims = jwt.decode(genuine, options={"verify_signature": False})
    public = tokens.jwks()["keys"][0]

    def unsigned(name: str) -> str:
        changed = base64.urlsafe_b64encode(json.dumps({**header, "alg": name}).encode()).rstrip(b"=").decode()
        return f"{changed}.{payload}."

    stranger = Ed25519PrivateKey.generate()
    past = int(time.time()) - 3600
    return {
        "alg=none": unsigned("none"),
        "alg=None": unsigned("None"),
        "signed with the public key": jwt.encode(
            claims, public["x"], algorithm="HS256", headers=header | {"alg": "HS256"}
        ),
        "of a foreign key": jwt.encode(claims, stranger, algorithm="EdDSA", headers=header),
        "of a key nobody knows": jwt.encode(claims, stranger, algorithm="EdDSA", headers={"kid": "unknown"}),
        "of another payload": f"{head}.{tokens.mint(new_id()).split('.')[1]}.{signature}",
        "expired": tokens.mint(user_id, "admin", iat=past - 900, exp=past),
        "without an end": tokens.mint(user_id, "admin", exp=None),
        "of another shop": tokens.mint(user_id, "admin", iss=f"{ISSUER}2"),
        "for another audience": tokens.mint(user_id, "admin", aud="bank"),
        "of no role": tokens.mint(user_id, "owner"),
        "no token": "swordfish",
    }


def forged_tokens_change_nothing(target: Target) -> int:
    """Try every forged token on every route that asks who one is, and return how many tries there were.

    Raises:
        AssertionError: one was not refused with 401, or something has changed.
    """
    return _change_nothing(target, lambda: _forged(target))


def foreign_fields_change_nothing(target: Target) -> int:
    """Send fields that a client must not set with every body; see `forged_tokens_change_nothing` (422)."""
    return _change_nothing(target, lambda: _foreign_fields(target))


def monstrous_bodies_change_nothing(target: Target) -> int:
    """Send bodies that are too large or nested too deeply; see `forged_tokens_change_nothing` (413; 400 or 422)."""
    return _change_nothing(target, lambda: _monsters(target))


def injections_change_nothing(target: Target) -> int:
    """Put SQL and line breaks into paths, parameters and headers; see `forged_tokens_change_nothing`."""
    return _change_nothing(target, lambda: _injections(target))


def _change_nothing(target: Target, tries: Callable[[], Iterator[tuple[str, TestResponse, tuple[int, ...]]]]) -> int:
    before, count = target.rows(), 0
    for what, answer, allowed in tries():
        count += 1
        assert answer.status_code in allowed, f"{what}: {answer.status_code} {answer.text[:300]}"
        assert "Set-Cookie" not in answer.headers, what
    assert target.rows() == before, "something has changed"
    return count


def _forged(target: Target) -> Iterator[tuple[str, TestResponse, tuple[int, ...]]]:
    for scheme in ("user", "internal"):
        tokens = forged(target.tokens, target.owner)
        if scheme == "internal":
            tokens = {"of an administrator": target.tokens.mint(role="admin"), "empty": "", **tokens}
        for operation in target.operations(scheme):
            for name, token in tokens.items():
                answer = target.send(operation, {"Authorization": f"Bearer {token}"})
                yield f"{operation.method} {operation.path} with a token {name}", answer, (401,)
            yield f"{operation.method} {operation.path} without a token", target.send(operation, {}), (401,)


def _foreign_fields(target: Target) -> Iterator[tuple[str, TestResponse, tuple[int, ...]]]:
    for operation in target.operations():
        route = f"{operation.method} {operation.path}"
        body = target.bodies.get(route)
        if operation.body is None or not isinstance(body, dict):
            continue
        for field in _FOREIGN:
            if field not in operation.body.model_fields:
                answer = target.send(operation, target.headers(operation), json={**body, field: target.owner})
                yield f"{route} with {field}", answer, (422,)


def _monsters(target: Target) -> Iterator[tuple[str, TestResponse, tuple[int, ...]]]:
    large = b'{"a": "' + b"x" * _TOO_LARGE + b'"}'
    deep = {"[": b"[" * _DEPTH + b"]" * _DEPTH, "{": b'{"a":' * _DEPTH + b"1" + b"}" * _DEPTH}
    for operation in target.operations():
        if operation.body is None and "application/json" not in operation.upload:
            continue
        route, headers = f"{operation.method} {operation.path}", target.headers(operation)
        kind = {**headers, "Content-Type": "application/json"}
        yield f"{route} too large", target.send(operation, kind, data=large), (413,)
        for name, body in deep.items():
            # A webhook is refused before its body is looked at.
            yield f"{route} nested {name}", target.send(operation, kind, data=body), (400, 401, 422)


def _injections(target: Target) -> Iterator[tuple[str, TestResponse, tuple[int, ...]]]:
    below_500 = tuple(range(200, 500))
    for operation in target.operations():
        route, headers = f"{operation.method} {operation.path}", target.headers(operation)
        for text in HOSTILE:
            if operation.path_parameters:
                path = PATH_PARAMETER.sub(quote(text, safe=""), operation.path)
                yield f"{route} at {path}", target.send(operation, headers, path=path), (404,)
            if operation.method != "GET":
                continue
            for name in operation.query.model_fields if operation.query else ():
                answer = target.send(operation, headers, query_string={name: text})
                yield f"{route} with {name}={text!r}", answer, below_500
            sent = {f"HTTP_{name.upper().replace('-', '_')}": text for name in (*operation.headers, "X-Request-Id")}
            answer = target.send(operation, headers, environ_overrides=sent)
            yield f"{route} with {sent}", answer, below_500
