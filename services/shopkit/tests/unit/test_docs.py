"""The page with the API document."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from shopkit.docs import kind, page
from shopkit.openapi import describe
from shopkit.service import Service, find_service
from shopkit.testing.client import ContractClient


class Reader(HTMLParser):
    """Collects what a test wants to know of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, "every element is closed in its place"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.text = " ".join(reader.text.split())
    return reader


def test_the_page_shows_every_operation_and_loads_nothing(client: ContractClient, service: Service[Any]) -> None:
    response = client.get("/docs")
    assert (response.status_code, response.mimetype) == (200, "text/html")
    reader = read(response.text)
    for path, methods in describe(service)["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in reader.text
    loading = [(tag, given) for tag, given in reader.tags if "src" in given or tag in ("script", "link", "iframe")]
    assert loading == []
    anchors = {given["id"] for _, given in reader.tags if "id" in given}
    links = [given["href"] or "" for tag, given in reader.tags if tag == "a"]
    assert {link for link in links if link.removeprefix("#") not in anchors} == {"openapi.json"}


def test_its_policy_allows_its_own_style_and_nothing_else(client: ContractClient) -> None:
    response = client.get("/docs")
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "style=" not in response.text, "the policy would ignore it"


def test_it_is_not_sent_again_when_it_is_known(client: ContractClient) -> None:
    tag = client.get("/docs").headers["ETag"]
    assert client.get("/docs", headers={"If-None-Match": tag}).status_code == 304


def test_what_texts_hold_is_no_markup() -> None:
    document = describe(find_service("demo"))
    document["info"]["description"] = "<script>alert(1)</script>"
    document["components"]["schemas"]["NewNote"]["properties"]["text"]["pattern"] = "<b>"
    html = page(document)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "matching &lt;b&gt;" in html


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "string", "maxLength": 3}, "string (at most 3 characters)"),
        ({"type": "string", "format": "uuid"}, "uuid"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Tag"}, "maxItems": 5}, "list of Tag (at most 5)"),
        ({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}, "integer (from 1) or null"),
        ({"enum": ["a", "b"]}, "a | b"),
        ({"const": 1}, "1"),
        ({}, "anything"),
    ],
)
def test_a_schema_is_told_in_a_few_words(schema: dict[str, Any], text: str) -> None:
    assert re.sub(r"<[^>]+>", "", kind(schema)) == text


def test_a_service_without_an_api_has_a_page_too() -> None:
    service = find_service("leaflet")
    assert "GET /api/v1/word" in read(page(describe(service))).text
