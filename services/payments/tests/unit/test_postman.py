"""When the sandbox's webhooks are sent, to a real HTTP server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from payments.postman import Postman
from payments.signatures import HEADER, Signatures
from shopkit.ids import new_id
from shopkit.testing.upstream import FakeUpstream


@pytest.fixture
def shop() -> Iterator[FakeUpstream]:
    """Who takes the webhooks."""
    with FakeUpstream() as fake:
        fake.answer("POST", "/webhook", 204)
        yield fake


def test_an_answer_is_sent_once_when_it_is_due(shop: FakeUpstream) -> None:
    now = [100.0]
    signatures = Signatures("secret", 300)
    postman = Postman(f"{shop.url}/webhook", signatures, 2.0, lambda: now[0])
    first, second = new_id(), new_id()
    postman.send(first, "sandbox-1")
    now[0] += 1.9
    postman.send(second, "sandbox-2")
    assert (postman.deliver(), shop.received) == (False, [])
    now[0] += 0.1
    assert (postman.deliver(), len(shop.received)) == (False, 1)
    now[0] += 10
    postman.deliver()
    postman.deliver()
    assert [request.body for request in shop.received] == [
        {"charge_id": first, "status": "captured", "reference": "sandbox-1", "reason": None},
        {"charge_id": second, "status": "captured", "reference": "sandbox-2", "reason": None},
    ]
    for request in shop.received:
        signatures.check(request.headers[HEADER], json.dumps(request.body, separators=(",", ":")).encode())


@pytest.mark.parametrize("status", [401, 503])
def test_what_is_not_taken_is_dropped(shop: FakeUpstream, status: int) -> None:
    shop.answer("POST", "/webhook", status)
    postman = Postman(f"{shop.url}/webhook", Signatures("secret", 300), 0.0)
    postman.send(new_id(), "sandbox-1")
    postman.deliver()
    postman.deliver()
    assert len(shop.received) == 1


def test_what_cannot_be_sent_does_not_end_the_thread() -> None:
    postman = Postman("http://127.0.0.1:9/webhook", Signatures("secret", 300), 0.0)
    postman.send(new_id(), "sandbox-1")
    assert postman.deliver() is False
