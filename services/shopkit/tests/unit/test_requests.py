"""Requests against the demo: what is refused, how, and before anything is done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shopkit.app import ServiceApp
from shopkit.ids import is_id, new_id
from shopkit.testing.client import ContractClient, ContractError, body_of
from shopkit.testing.tokens import Tokens

NOTES = "/api/v1/notes"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def errors(client: ContractClient, tokens: Tokens, body: Any) -> list[dict[str, str]]:
    response = client.post(NOTES, json=body, headers=tokens.user())
    assert response.status_code == 422, response.text
    found: list[dict[str, str]] = body_of(response)["errors"]
    return found


@pytest.mark.parametrize(
    ("body", "field", "detail"),
    [
        ({}, "text", "is missing"),
        ({"text": "a", "colour": 1}, "colour", "is not known"),
        ({"text": 5}, "text", "Input should be a valid string"),
        ({"text": "a", "tags": [{"name": "a"}, {"nam": "b"}]}, "tags[1].name", "is missing"),
        ({"text": "a", "tags": [{"name": "\x00"}]}, "tags[0].name", "contains a NUL character"),
        ([], "(body)", "Input should be an object"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(
    client: ContractClient, tokens: Tokens, body: Any, field: str, detail: str
) -> None:
    assert {"field": field, "detail": detail} in errors(client, tokens, body)


@pytest.mark.parametrize(("number", "status"), [("3", 503), ("3.0", 503), ("0.3e1", 503), ("3.5", 422), ("9.0", 422)])
def test_a_whole_number_may_be_written_with_a_fraction(client: ContractClient, number: str, status: int) -> None:
    raw = b'{"count": ' + number.encode() + b"}"
    assert client.post("/api/v1/counts", data=raw, content_type="application/json").status_code == status


def test_a_number_of_thousands_of_digits_is_refused(client: ContractClient) -> None:
    raw = b'{"count": 3.0, "more": ' + b"9" * 5000 + b"}"
    assert client.post("/api/v1/counts", data=raw, content_type="application/json").status_code == 400


def test_all_faults_are_told_at_once(client: ContractClient, tokens: Tokens) -> None:
    found = errors(client, tokens, {"text": "", "tags": [{"name": "x" * 11}], "more": 1})
    assert [fault["field"] for fault in found] == ["text", "tags[0].name", "more"]


@pytest.mark.parametrize("raw", [b"", b"{", b"nonsense", b'{"text": "\\ud800"}', b"\xff\xfe", b"[" * 100_000])
def test_broken_json_is_a_400(client: ContractClient, tokens: Tokens, raw: bytes) -> None:
    response = client.post(NOTES, data=raw, content_type="application/json", headers=tokens.user())
    assert response.status_code == 400
    assert body_of(response)["detail"].startswith("The body is not valid JSON")


def test_nul_in_broken_json_is_a_400_too(client: ContractClient, tokens: Tokens) -> None:
    response = client.post(NOTES, data=b'{"text": "\\u0000', content_type="application/json", headers=tokens.user())
    assert response.status_code == 400


def test_an_escaped_backslash_before_u0000_is_no_nul(client: ContractClient, tokens: Tokens) -> None:
    raw = b'{"text": "\\\\u0000"}'
    assert json.loads(raw) == {"text": "\\u0000"}
    response = client.post(NOTES, data=raw, content_type="application/json", headers=tokens.user())
    assert response.status_code == 503, "valid: it gets as far as the database, which is not there"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
def test_another_content_type_is_a_415(client: ContractClient, tokens: Tokens, content_type: str | None) -> None:
    response = client.post(NOTES, data=b'{"text": "a"}', content_type=content_type, headers=tokens.user())
    assert response.status_code == 415


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/merge-patch+json"])
def test_other_spellings_of_json_are_accepted(client: ContractClient, tokens: Tokens, content_type: str) -> None:
    response = client.post(NOTES, data=b"{}", content_type=content_type, headers=tokens.user())
    assert response.status_code == 422


def test_a_body_over_the_limit_is_a_413(client: ContractClient, tokens: Tokens) -> None:
    raw = b'{"text": "' + b"a" * 1_048_576 + b'"}'
    response = client.post(NOTES, data=raw, content_type="application/json", headers=tokens.user())
    assert response.status_code == 413
    assert body_of(response)["detail"] == "The body may have at most 1048576 bytes."


@pytest.mark.parametrize(("query", "field"), [("limit=%00", "limit"), ("%00=1", "?"), ("limit=5&limit=6", "limit")])
def test_a_query_that_no_client_of_good_will_sends(client: ContractClient, query: str, field: str) -> None:
    response = client.get(f"{NOTES}?{query}")
    assert (response.status_code, body_of(response)["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/notes/", "/api/v1/notes/7", "//api/v1/notes", "/api/v1/notes/%00", "/static/x"]
)
def test_an_unknown_path_is_a_problem_document(client: ContractClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.mimetype) == (404, "application/problem+json")
    assert body_of(response)["title"] == "Not Found"


def test_a_wrong_method_names_the_right_ones(client: ContractClient) -> None:
    response = client.patch(NOTES)
    assert (response.status_code, response.mimetype) == (405, "application/problem+json")
    assert {method.strip() for method in response.headers["Allow"].split(",")} >= {"GET", "POST"}


def test_a_fault_in_the_code_tells_nothing_outside(client: ContractClient) -> None:
    response = client.get("/api/v1/boom")
    assert response.status_code == 500
    assert "nobody's business" not in response.text
    assert body_of(response)["type"] == "https://shopkeeper.dev/problems/internal-error"


def test_no_database_is_a_503(client: ContractClient) -> None:
    response = client.get(f"{NOTES}/{new_id()}")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert "secret-password" not in response.text


def test_the_request_id_comes_back(client: ContractClient) -> None:
    assert client.get("/livez", headers={"X-Request-Id": "abc"}).headers["X-Request-Id"] == "abc"
    assert is_id(client.get("/livez").headers["X-Request-Id"])


def test_livez_needs_no_database_but_readyz_does(client: ContractClient) -> None:
    assert client.get("/livez").status_code == 200
    response = client.get("/readyz")
    assert response.status_code == 503
    assert body_of(response) == {"status": "not ready", "detail": "the database does not answer: OperationalError"}


def test_requests_are_counted_by_route_and_not_by_path(client: ContractClient, app: ServiceApp) -> None:
    labels = {"method": "GET", "route": "/api/v1/notes/<id:note_id>", "status": "503"}

    def count() -> float:
        registry = app.runtime.metrics.registry
        return registry.get_sample_value("http_request_duration_seconds_count", labels) or 0.0

    before = count()
    for _ in range(2):
        client.get(f"{NOTES}/{new_id()}")
    client.get("/livez")
    assert count() == before + 2


def test_an_unknown_method_or_path_makes_no_new_series(client: ContractClient, app: ServiceApp) -> None:
    for number in range(3):
        client.open(f"/made-up-{number}", method=f"MADEUP{number}")
    names = {
        (sample.labels["method"], sample.labels["route"])
        for metric in app.runtime.metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "http_request_duration_seconds_count"
    }
    assert ("other", "unmatched") in names
    assert not any("made" in method.lower() or "made" in route for method, route in names)


def test_the_contract_client_finds_an_undeclared_answer(client: ContractClient) -> None:
    with pytest.raises((ContractError, ValueError), match="validation error"):
        client.post("/api/v1/unannounced")


def test_a_route_may_take_and_give_something_else_than_json(client: ContractClient) -> None:
    response = client.post("/api/v1/shout", data=b"hear", content_type="text/plain; charset=utf-8")
    assert (response.status_code, response.mimetype, response.data) == (200, "text/plain", b"HEAR")
    refused = client.post("/api/v1/shout", json="hear")
    assert (refused.status_code, refused.headers["Accept"]) == (415, "text/plain")
    assert body_of(refused)["detail"] == "Send the body as text/plain, not application/json."
