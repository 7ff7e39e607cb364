"""The API: one's own inbox."""

from __future__ import annotations

import pytest

from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.messaging import Deliver
from shopkit.testing.tokens import Tokens
from tests.integration.world import ORDER, OTHER, SAM, USER

PATH = "/api/v1/notifications"


def test_the_inbox_has_what_was_told(client: ContractClient, tokens: Tokens, deliver: Deliver) -> None:
    welcome, confirmed = new_id(), new_id()
    deliver("user.registered", SAM, event_id=welcome)
    deliver("order.confirmed", ORDER, event_id=confirmed)
    found = body_of(client.get(PATH, headers=tokens.user(USER)))
    assert found["next_cursor"] is None
    for item in found["items"]:
        assert item.pop("created_at").endswith("Z")
    assert found["items"] == [
        {
            "id": confirmed,
            "type": "order_confirmed",
            "title": "Your order of €39.98 is confirmed",
            "text": "Thank you for your order of 2 pieces. It is paid.",
            "order_id": ORDER["order_id"],
            "read": False,
        },
        {
            "id": welcome,
            "type": "welcome",
            "title": "Welcome to Démo Shop",
            "text": "Your account is ready.",
            "order_id": None,
            "read": False,
        },
    ]


def test_pages_neither_repeat_nor_miss(client: ContractClient, tokens: Tokens, deliver: Deliver) -> None:
    ids = [new_id() for _ in range(5)]
    for event_id in ids:
        deliver("order.confirmed", ORDER, event_id=event_id)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        page = body_of(client.get(PATH + query, headers=tokens.user(USER)))
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ids[::-1]


def test_what_is_read_is_marked(client: ContractClient, tokens: Tokens, deliver: Deliver) -> None:
    ids = [new_id() for _ in range(2)]
    for event_id in ids:
        deliver("order.confirmed", ORDER, event_id=event_id)
    headers = tokens.user(USER)

    def unread() -> list[str]:
        return [item["id"] for item in body_of(client.get(f"{PATH}?unread=true", headers=headers))["items"]]

    assert unread() == ids[::-1]
    for _ in range(2):
        marked = client.patch(f"{PATH}/{ids[0]}", json={"read": True}, headers=headers)
        assert (marked.status_code, body_of(marked)["read"]) == (200, True)
    assert unread() == ids[1:]
    assert body_of(client.get(f"{PATH}/{ids[0]}", headers=headers)) == body_of(marked)
    assert len(body_of(client.get(PATH, headers=headers))["items"]) == 2
    client.patch(f"{PATH}/{ids[0]}", json={"read": False}, headers=headers)
    assert unread() == ids[::-1]


def test_somebody_elses_are_not_there(client: ContractClient, tokens: Tokens, deliver: Deliver) -> None:
    event_id = new_id()
    deliver("order.confirmed", ORDER, event_id=event_id)
    for headers in (tokens.user(OTHER), tokens.admin()):
        assert body_of(client.get(PATH, headers=headers))["items"] == []
        assert client.get(f"{PATH}/{event_id}", headers=headers).status_code == 404
        assert client.patch(f"{PATH}/{event_id}", json={"read": True}, headers=headers).status_code == 404
    assert body_of(client.get(f"{PATH}/{event_id}", headers=tokens.user(USER)))["read"] is False


def test_a_stranger_is_asked_who_they_are(client: ContractClient) -> None:
    assert client.get(PATH).status_code == 401
    assert client.get(f"{PATH}/{new_id()}").status_code == 401
    assert client.patch(f"{PATH}/{new_id()}", json={"read": True}).status_code == 401


@pytest.mark.parametrize("body", [{}, {"read": None}, {"read": "yes"}, {"read": True, "title": "Mine"}])
def test_nothing_else_can_be_changed(client: ContractClient, tokens: Tokens, deliver: Deliver, body: object) -> None:
    event_id = new_id()
    deliver("order.confirmed", ORDER, event_id=event_id)
    answer = client.patch(f"{PATH}/{event_id}", json=body, headers=tokens.user(USER))
    assert answer.status_code == 422
    assert body_of(client.get(f"{PATH}/{event_id}", headers=tokens.user(USER)))["read"] is False


@pytest.mark.parametrize("query", ["cursor=x", "limit=0", "limit=101", "unread=perhaps", "user_id=1"])
def test_a_wrong_query_is_refused(client: ContractClient, tokens: Tokens, query: str) -> None:
    assert client.get(f"{PATH}?{query}", headers=tokens.user(USER)).status_code == 422
