"""Optimistic concurrency and conditional reads: nobody overwrites what they have not seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens

CHANGES = [("PUT", {"name": "Torch", "price": 500}), ("PATCH", {"price": 500})]
BOTH = pytest.mark.parametrize(("method", "body"), CHANGES, ids=["PUT", "PATCH"])


@pytest.fixture
def path(add: Any) -> str:
    """A new lamp."""
    return str(add().headers["Location"])


def test_created_and_read_products_have_the_same_strong_tag(client: ContractClient, add: Any) -> None:
    created = add()
    read = client.get(created.headers["Location"])
    assert (created.headers["ETag"], read.headers["ETag"]) == ('"1"', '"1"')


def test_put_replaces_the_whole_product(client: ContractClient, tokens: Tokens, path: str) -> None:
    before = body_of(client.get(path))
    response = client.put(path, json={"name": "Torch", "price": 500}, headers={**tokens.admin(), "If-Match": '"1"'})
    assert (response.status_code, response.headers["ETag"]) == (200, '"2"')
    after = body_of(response)
    assert after == {**before, "name": "Torch", "description": "", "price": 500, "updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]
    read = client.get(path)
    assert (read.json, read.headers["ETag"]) == (after, '"2"')


@pytest.mark.parametrize(
    "patch", [{"name": "Torch"}, {"description": ""}, {"price": 0}, {"name": "Torch", "price": 7}, {}]
)
def test_patch_changes_the_given_fields(
    client: ContractClient, tokens: Tokens, path: str, patch: dict[str, Any]
) -> None:
    before = body_of(client.get(path))
    response = client.patch(path, json=patch, headers={**tokens.admin(), "If-Match": '"1"'})
    assert (response.status_code, response.headers["ETag"]) == (200, '"2"')
    assert body_of(response) == {**before, **patch, "updated_at": body_of(response)["updated_at"]}
    assert client.get(path).json == response.json


def test_a_merge_patch_has_a_media_type_of_its_own(client: ContractClient, tokens: Tokens, path: str) -> None:
    headers = {**tokens.admin(), "If-Match": '"1"'}
    response = client.patch(path, data=b'{"price": 3}', content_type="application/merge-patch+json", headers=headers)
    assert (response.status_code, body_of(response)["price"]) == (200, 3)


@BOTH
@pytest.mark.parametrize("tag", ['"1"', "*", '"7", "1"'])
def test_matching_tags_let_the_change_through(
    client: ContractClient, tokens: Tokens, path: str, method: str, body: dict[str, Any], tag: str
) -> None:
    response = client.open(path, method=method, json=body, headers={**tokens.admin(), "If-Match": tag})
    assert (response.status_code, body_of(response)["price"]) == (200, 500)


@BOTH
@pytest.mark.parametrize("tag", ['"2"', '"0"', '"01"', 'W/"1"', '"9999999999999999999"', '""', "nonsense", ""])
def test_another_tag_is_refused_and_nothing_changes(
    client: ContractClient, tokens: Tokens, path: str, method: str, body: dict[str, Any], tag: str
) -> None:
    before = client.get(path)
    response = client.open(path, method=method, json=body, headers={**tokens.admin(), "If-Match": tag})
    assert (response.status_code, body_of(response)["type"].rpartition("/")[2]) == (412, "precondition-failed")
    after = client.get(path)
    assert (after.json, after.headers["ETag"]) == (before.json, before.headers["ETag"])


@BOTH
def test_an_unconditional_change_is_refused(
    client: ContractClient, tokens: Tokens, path: str, method: str, body: dict[str, Any]
) -> None:
    before = client.get(path).json
    response = client.open(path, method=method, json=body, headers=tokens.admin())
    assert (response.status_code, body_of(response)["type"].rpartition("/")[2]) == (428, "precondition-required")
    assert client.get(path).json == before


@BOTH
def test_only_admins_change_products(
    client: ContractClient, tokens: Tokens, path: str, method: str, body: dict[str, Any]
) -> None:
    before = client.get(path).json
    tag = {"If-Match": '"1"'}
    assert client.open(path, method=method, json=body, headers=tag).status_code == 401
    assert client.open(path, method=method, json=body, headers={**tokens.user(), **tag}).status_code == 403
    assert client.get(path).json == before


@BOTH
def test_an_unknown_product_is_not_made(
    client: ContractClient, tokens: Tokens, method: str, body: dict[str, Any]
) -> None:
    path = f"/api/v1/products/{new_id()}"
    for tag in ('"1"', "*"):
        response = client.open(path, method=method, json=body, headers={**tokens.admin(), "If-Match": tag})
        assert response.status_code == 404
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("changed", "field"),
    [({"name": None}, "name"), ({"price": -1}, "price"), ({"id": "7"}, "id"), ({"name": ""}, "name")],
)
def test_a_wrong_field_is_named_and_nothing_changes(
    client: ContractClient, tokens: Tokens, path: str, method: str, changed: dict[str, Any], field: str
) -> None:
    before = client.get(path).json
    body = {"name": "Torch", "price": 1, **changed}
    response = client.open(path, method=method, json=body, headers={**tokens.admin(), "If-Match": '"1"'})
    assert (response.status_code, [error["field"] for error in body_of(response)["errors"]]) == (422, [field])
    assert client.get(path).json == before


def test_of_two_changes_at_a_time_one_is_refused(client: ContractClient, tokens: Tokens, path: str) -> None:
    headers = {**tokens.admin(), "If-Match": '"1"'}

    def change(price: int) -> int:
        other = type(client)(client.application, client.response_wrapper)
        other.service = client.service
        return other.patch(path, json={"price": price}, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(change, range(8)))
    assert sorted(statuses) == [200] + [412] * 7
    read = client.get(path)
    assert (body_of(read)["price"], read.headers["ETag"]) == (statuses.index(200), '"2"')


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', "*", '"5", "1"'])
def test_what_the_client_has_is_not_sent_again(client: ContractClient, path: str, tag: str) -> None:
    response = client.get(path, headers={"If-None-Match": tag})
    assert (response.status_code, response.data, response.headers["ETag"]) == (304, b"", '"1"')


@pytest.mark.parametrize("tag", ['"2"', '"01"', "nonsense", ""])
def test_what_the_client_does_not_have_is_sent(client: ContractClient, path: str, tag: str) -> None:
    response = client.get(path, headers={"If-None-Match": tag})
    assert (response.status_code, body_of(response)["name"]) == (200, "Lamp")


def test_a_conditional_read_of_nothing_is_a_404(client: ContractClient) -> None:
    assert client.get(f"/api/v1/products/{new_id()}", headers={"If-None-Match": "*"}).status_code == 404


def test_a_product_is_deleted_only_as_it_is_known(client: ContractClient, tokens: Tokens, path: str) -> None:
    before = client.get(path).json
    assert client.delete(path, headers={**tokens.admin(), "If-Match": '"2"'}).status_code == 412
    assert client.get(path).json == before
    assert client.delete(path, headers={**tokens.admin(), "If-Match": '"1"'}).status_code == 204
    assert client.delete(path, headers={**tokens.admin(), "If-Match": '"1"'}).status_code == 404
