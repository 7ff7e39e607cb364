"""A service without a database, with pages beside its API."""

from __future__ import annotations

from typing import Any

import pytest

from shopkit.app import ServiceApp, create_app
from shopkit.service import Service, find_service
from shopkit.testing.client import ContractClient

JSON, HTML = "application/problem+json", "text/html"


@pytest.fixture(scope="module")
def service() -> Service[Any]:
    return find_service("leaflet")


@pytest.fixture(scope="module")
def app(service: Service[Any]) -> ServiceApp:
    return create_app(service, {})


def test_it_needs_no_database_and_is_ready(app: ServiceApp, client: ContractClient) -> None:
    assert client.get("/readyz").json == {"status": "ready"}
    with pytest.raises(TypeError, match="LeafletSettings is no"):
        _ = app.runtime.database


def test_pages_stand_beside_the_api(client: ContractClient) -> None:
    assert client.get("/").text == "<p>hello</p>"
    assert client.get("/api/v1/word").json == {"word": "hello"}


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/gone", 410, HTML),
        ("/broken", 500, HTML),
        ("/nowhere", 404, HTML),
        ("/api/v1/nothing", 404, JSON),
        ("/api/v2/word", 404, JSON),
        ("/internal/v1/word", 404, JSON),
    ],
)
def test_a_person_gets_a_page_and_a_program_a_document(
    client: ContractClient, path: str, status: int, kind: str
) -> None:
    response = client.get(path)
    assert (response.status_code, response.mimetype) == (status, kind)
    assert "nobody's business" not in response.text


def test_an_error_page_that_fails_does_not_hide_the_error(client: ContractClient) -> None:
    response = client.post("/")
    assert (response.status_code, response.mimetype) == (405, JSON)


def test_the_api_answers_a_wrong_method_with_a_document(client: ContractClient) -> None:
    assert client.post("/api/v1/word").mimetype == JSON
