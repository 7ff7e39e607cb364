from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shopkit.app import ServiceApp
from shopkit.openapi import describe, possible_problems, to_yaml
from shopkit.pagination import PageQuery
from shopkit.routing import Api
from shopkit.service import Service
from shopkit.validation import Schema


@pytest.fixture(scope="module")
def document(service: Service[Any]) -> dict[str, Any]:
    return describe(service)


def test_every_route_is_described(document: dict[str, Any], app: ServiceApp) -> None:
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert ("GET", "/api/v1/notes/{note_id}") in described
    served = {
        (method, rule.rule.replace("<id:", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule not in ("/livez", "/readyz", "/openapi.json", "/docs")
    }
    assert described == served


def test_an_operation_tells_all_about_itself(document: dict[str, Any]) -> None:
    operation = document["paths"]["/api/v1/notes"]["post"]
    assert (operation["operationId"], operation["summary"]) == ("keep_note", "Keep a note")
    assert operation["description"] == "The author is the user."
    assert operation["security"] == [{"accessToken": []}]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/NewNote"}
    assert list(operation["responses"]) == ["201", "400", "401", "403", "413", "415", "422", "500", "503"]
    problem = operation["responses"]["422"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}


def test_ids_and_query_parameters_are_described(document: dict[str, Any]) -> None:
    get = document["paths"]["/api/v1/notes/{note_id}"]["get"]
    assert get["parameters"] == [
        {"name": "note_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    ]
    listed = document["paths"]["/api/v1/notes"]["get"]["parameters"]
    assert [(parameter["name"], parameter["required"]) for parameter in listed] == [("limit", False), ("cursor", False)]
    assert listed[0]["schema"] == {"default": 20, "maximum": 100, "minimum": 1, "type": "integer"}
    assert "PageQuery" not in document["components"]["schemas"]


def test_internal_routes_have_their_own_token(document: dict[str, Any]) -> None:
    assert document["paths"]["/internal/v1/relay"]["post"]["security"] == [{"internalToken": []}]
    assert set(document["components"]["securitySchemes"]) == {"accessToken", "internalToken"}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: object) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*(references(value) for value in node.values()))
        return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()

    names = {reference.removeprefix("#/components/schemas/") for reference in references(document)}
    assert names == set(document["components"]["schemas"])


def test_the_document_is_served_and_cached(app: ServiceApp, document: dict[str, Any]) -> None:
    client = app.test_client()
    first = client.get("/openapi.json")
    assert (first.status_code, first.json) == (200, document)
    again = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_yaml_has_no_aliases(document: dict[str, Any]) -> None:
    assert "&id" not in to_yaml(document)
    assert to_yaml(document).startswith("openapi: 3.1.0\n")


def test_bodies_that_are_not_json_are_described(document: dict[str, Any]) -> None:
    operation = document["paths"]["/api/v1/shout"]["post"]
    text = {"text/plain": {"schema": {"type": "string"}}}
    assert operation["requestBody"] == {"required": True, "content": text}
    assert operation["responses"]["200"] == {"description": "Done.", "content": text}
    assert list(operation["responses"]) == ["200", "400", "413", "415", "500", "503"]


def test_a_route_may_declare_errors_of_its_own_form() -> None:
    api: Api[None] = Api("odd")
    api.post("/odd", body={"text/plain": {}}, responses={200: None, 400: Schema})(lambda _context: None)
    [operation] = api.operations
    assert sorted(possible_problems(operation)) == [413, 415, 500, 503]


def test_two_routes_may_have_the_same_query(service: Service[Any]) -> None:
    api: Api[None] = Api("lists")
    for path in ("/a", "/b"):
        api.get(path, query=PageQuery, responses={204: None})(lambda _context: None)
    document = describe(replace(service, apis=(api,)))
    first, second = (document["paths"][path]["get"]["parameters"] for path in ("/a", "/b"))
    assert first == second
    assert [parameter["name"] for parameter in first] == ["limit", "cursor"]
    assert set(document["components"]["schemas"]) == {"Problem"}


def test_headers_are_described_as_optional_unless_they_must_be_sent(document: dict[str, Any]) -> None:
    found = document["paths"]["/api/v1/shout"]["post"]["parameters"]
    assert found == [
        {
            "name": "Reply-To",
            "in": "header",
            "required": False,
            "description": "Who hears it.",
            "schema": {"type": "string"},
        },
        {
            "name": "Loudness",
            "in": "header",
            "required": True,
            "description": "How loud.",
            "schema": {"type": "string"},
        },
    ]
    assert "required: true\n" in to_yaml(document)
