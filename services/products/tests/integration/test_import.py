"""Catalogues sent at once, as CSV and as JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from werkzeug.test import TestResponse

from products.service import SERVICE
from shopkit.app import ServiceApp, create_app
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens

IMPORT = "/api/v1/products/import"
LIST = "/api/v1/products?limit=100"
CSV = """\
sku,name,price,category,description,image_url
LA-1,Desk Lamp,3900,lamps,"Stands on
a ""small"" desk.",
CH-1,Chair,9900,,,/pictures/chair.svg
"""
LAMP = {"sku": "LA-1", "name": "Desk Lamp", "price": 3900, "category": "lamps"}
COUNTS = ("created", "updated", "unchanged", "failed")


class Importer:
    """Sends catalogues as an administrator."""

    def __init__(self, client: ContractClient, tokens: Tokens) -> None:
        self._client = client
        self._headers = tokens.admin()

    def stream(self, raw: io.BytesIO, kind: str) -> TestResponse:
        """Send a body without Content-Length; the server says where it ends."""
        return self._client.post(
            IMPORT,
            input_stream=raw,
            content_type=kind,
            headers=self._headers,
            environ_overrides={"wsgi.input_terminated": True},
        )

    def csv(self, text: str | bytes, query: str = "") -> TestResponse:
        """Send a table."""
        return self._client.post(IMPORT + query, data=text, content_type="text/csv", headers=self._headers)

    def json(self, value: Any, query: str = "") -> TestResponse:
        """Send an array."""
        return self._client.post(IMPORT + query, json=value, headers=self._headers)

    def catalogue(self) -> list[dict[str, Any]]:
        """Return all products."""
        found: list[dict[str, Any]] = body_of(self._client.get(LIST))["items"]
        return found


@pytest.fixture
def importer(client: ContractClient, tokens: Tokens) -> Importer:
    """A sender of catalogues."""
    return Importer(client, tokens)


def counts(response: TestResponse) -> list[int]:
    assert response.status_code == 200, response.text
    return [body_of(response)[name] for name in COUNTS]


def results(response: TestResponse) -> list[tuple[int, str | None, str]]:
    return [(line["line"], line["sku"], line["result"]) for line in body_of(response)["lines"]]


def test_a_table_becomes_products(importer: Importer) -> None:
    response = importer.csv(CSV)
    lamp, chair = importer.catalogue()
    assert body_of(response) == {
        "dry_run": False,
        **dict(zip(COUNTS, (2, 0, 0, 0), strict=True)),
        "kept": 0,
        "lines": [
            {"line": 2, "sku": "LA-1", "result": "created", "id": lamp["id"], "errors": []},
            {"line": 4, "sku": "CH-1", "result": "created", "id": chair["id"], "errors": []},
        ],
    }
    assert lamp == {
        "id": lamp["id"],
        "name": "Desk Lamp",
        "description": 'Stands on\na "small" desk.',
        "price": 3900,
        "currency": "EUR",
        "category": "lamps",
        "image_url": None,
        "sku": "LA-1",
        "created_at": lamp["created_at"],
        "updated_at": lamp["created_at"],
    }
    assert (chair["category"], chair["description"], chair["image_url"]) == (None, "", "/pictures/chair.svg")


def test_the_same_catalogue_again_changes_nothing(importer: Importer, client: ContractClient) -> None:
    importer.csv(CSV)
    before = importer.catalogue()
    again = importer.csv("\ufeff" + CSV.replace("\n", "\r\n").replace("on\r\n", "on\n"))
    assert counts(again) == [0, 0, 2, 0]
    assert [line["id"] for line in body_of(again)["lines"]] == [product["id"] for product in before]
    assert importer.catalogue() == before
    assert client.get(f"/api/v1/products/{before[0]['id']}").headers["ETag"] == '"1"'


def test_a_line_is_the_whole_of_its_product(importer: Importer, client: ContractClient) -> None:
    importer.csv(CSV)
    before = importer.catalogue()
    new = {"sku": "MU-1", "name": "Mug", "price": 900}
    response = importer.json([{"sku": "LA-1", "name": "Desk Lamp", "price": 1}, new])
    assert counts(response) == [1, 1, 0, 0]
    assert results(response) == [(1, "LA-1", "updated"), (2, "MU-1", "created")]
    lamp, chair, mug = importer.catalogue()
    emptied = {"description": "", "price": 1, "category": None, "updated_at": lamp["updated_at"]}
    assert lamp == {**before[0], **emptied}
    assert lamp["updated_at"] > before[0]["updated_at"]
    assert (chair, mug["name"]) == (before[1], "Mug")
    assert client.get(f"/api/v1/products/{lamp['id']}").headers["ETag"] == '"2"'


def test_a_dry_run_reports_and_changes_nothing(importer: Importer) -> None:
    importer.csv(CSV)
    before = importer.catalogue()
    lines = [{**LAMP, "price": 5}, {"sku": "MU-1", "name": "Mug", "price": 900}, {"sku": "X", "name": "", "price": 1}]
    response = importer.json(lines, "?dry_run=true")
    assert (body_of(response)["dry_run"], counts(response)) == (True, [1, 1, 0, 1])
    assert [line["id"] for line in body_of(response)["lines"]] == [before[0]["id"], None, None]
    assert importer.catalogue() == before
    assert counts(importer.json(lines)) == [1, 1, 0, 1]


def test_every_wrong_line_is_reported_and_the_others_are_written(importer: Importer) -> None:
    table = """\
price,name,sku,image_url
3900,Lamp,LA-1,
19.99,Mug,MU-1,
12.00,Mug,MU-2,
,Mug,MU-3,
-1,,MU-4,
1,Mug,bad sku,
1,Mug

1,Mug,LA-1,
1,Mug,MU-5,javascript:x
1_000,M\x00ug,MU-6,
7,Pot,PO-1,
"""
    response = importer.csv(table)
    errors = {line["line"]: line["errors"] for line in body_of(response)["lines"] if line["result"] == "error"}
    assert errors == {
        3: [{"field": "price", "detail": "Input should be a valid integer"}],
        4: [{"field": "price", "detail": "Input should be a valid integer"}],
        5: [{"field": "price", "detail": "is missing"}],
        6: [
            {"field": "name", "detail": "is missing"},
            {"field": "price", "detail": "Input should be greater than or equal to 0"},
        ],
        7: [{"field": "sku", "detail": "String should match pattern '^[A-Za-z0-9][A-Za-z0-9._/-]*$'"}],
        8: [{"field": "(line)", "detail": "has 2 cells, the first line has 4"}],
        10: [{"field": "sku", "detail": "is the sku of line 2, too"}],
        11: errors[11],
        12: [{"field": "price", "detail": "Input should be a valid integer"}],
    }
    assert [fault["field"] for fault in errors[11]] == ["image_url"]
    assert counts(response) == [2, 0, 0, 9]
    assert [(product["sku"], product["price"]) for product in importer.catalogue()] == [("LA-1", 3900), ("PO-1", 7)]


def test_wrong_objects_are_reported(importer: Importer) -> None:
    response = importer.json(
        [LAMP, 5, {**LAMP, "sku": "LA-2", "colour": "red"}, {**LAMP, "sku": 7}, {**LAMP, "name": "a\x00"}]
    )
    assert [line["errors"] for line in body_of(response)["lines"]] == [
        [],
        [{"field": "(line)", "detail": "Input should be a valid dictionary or instance of ImportedProduct"}],
        [{"field": "colour", "detail": "is not known"}],
        [{"field": "sku", "detail": "Input should be a valid string"}],
        [{"field": "name", "detail": "contains a NUL character"}],
    ]
    assert [product["name"] for product in importer.catalogue()] == ["Desk Lamp"]


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("", [("sku", "is missing"), ("name", "is missing"), ("price", "is missing")]),
        ("name,price\nMug,1\n", [("sku", "is missing")]),
        ("sku,name,price,colour\nA,Mug,1,red\n", [("colour", "is not known")]),
        ("sku,name,price,name\nA,Mug,1,Mug\n", [("name", "is there twice")]),
    ],
)
def test_wrong_columns_are_named(importer: Importer, text: str, errors: list[tuple[str, str]]) -> None:
    response = importer.csv(text)
    assert response.status_code == 422
    assert [(fault["field"], fault["detail"]) for fault in body_of(response)["errors"]] == errors
    assert importer.catalogue() == []


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (b'sku,name,price\nA,"Mug,1\n', "The catalogue is not valid CSV: line 2: unexpected end of data."),
        (b'sku,name,price\nA,Mug,1\nB,"M"ug,1\n', "The catalogue is not valid CSV: line 3: ',' expected after '\"'."),
        (b"sku,name,price\nA,M\xfcg,1\n", "The catalogue is not UTF-8: after line 0."),
    ],
)
def test_what_is_no_table_changes_nothing(importer: Importer, text: bytes, detail: str) -> None:
    response = importer.csv(text)
    assert (response.status_code, body_of(response)["detail"]) == (400, detail)
    assert importer.catalogue() == []


@pytest.mark.parametrize(
    ("raw", "status"), [(b"[", 400), (b"", 400), (b"{}", 422), (b"null", 422), (b'["\\ud800"]', 400)]
)
def test_what_is_no_array_is_refused(client: ContractClient, tokens: Tokens, raw: bytes, status: int) -> None:
    response = client.post(IMPORT, data=raw, content_type="application/json", headers=tokens.admin())
    assert response.status_code == status


def test_other_media_types_are_refused(client: ContractClient, tokens: Tokens) -> None:
    response = client.post(IMPORT, data=CSV, content_type="text/plain", headers=tokens.admin())
    assert (response.status_code, response.headers["Accept"]) == (415, "text/csv, application/json")


def test_only_admins_import(client: ContractClient, tokens: Tokens) -> None:
    for headers, status in ((None, 401), (tokens.user(), 403)):
        assert client.post(IMPORT, data=CSV, content_type="text/csv", headers=headers).status_code == status
    assert body_of(client.get(LIST))["items"] == []


def test_thousands_of_products_are_one_transaction(importer: Importer) -> None:
    lines = [{"sku": f"N-{number}", "name": f"Thing {number}", "price": number} for number in range(1200)]
    assert counts(importer.json(lines)) == [1200, 0, 0, 0]
    assert len({product["created_at"] for product in importer.catalogue()}) == 1
    changed = [{**line, "price": 7} if number % 2 else line for number, line in enumerate(reversed(lines))]
    assert counts(importer.json(changed)) == [0, 600, 600, 0]


def test_two_imports_do_not_run_at_a_time(importer: Importer, database_url: str) -> None:
    with psycopg2.connect(database_url) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7470563288)")
        response = importer.csv(CSV)
        assert (response.status_code, body_of(response)["type"].rpartition("/")[2]) == (409, "import-running")
        assert importer.catalogue() == []
    other.close()
    assert counts(importer.csv(CSV)) == [2, 0, 0, 0]


def test_a_process_reads_one_catalogue_at_a_time(importer: Importer) -> None:
    seen: list[int] = []

    class Slow(io.BytesIO):
        """While this body is read, another one is sent."""

        def readinto(self, buffer: Any) -> int:
            seen.append(importer.csv(CSV).status_code)
            return super().readinto(buffer)

    assert counts(importer.stream(Slow(CSV.encode()), "text/csv")) == [2, 0, 0, 0]
    assert set(seen) == {409}
    assert counts(importer.csv(CSV)) == [0, 0, 2, 0]


@pytest.fixture
def bounded(client: ContractClient, environ: dict[str, str], tokens: Tokens) -> Iterator[Importer]:
    """A sender to a service that takes 3 lines and 1024 bytes."""
    limits = {"IMPORT_MAX_LINES": "3", "IMPORT_MAX_BYTES": "1024"}
    app: ServiceApp = create_app(SERVICE, {**environ, **limits}, keys=tokens.keys)
    small = ContractClient(app, app.response_class)
    small.service = client.service
    yield Importer(small, tokens)
    app.runtime.database.close()


def test_long_catalogues_are_refused_whole(bounded: Importer) -> None:
    lines = [{**LAMP, "sku": f"N-{number}"} for number in range(4)]
    table = "sku,name,price\n" + "".join(f"N-{number},Mug,1\n" for number in range(4))
    for response in (bounded.json(lines), bounded.csv(table)):
        assert (response.status_code, body_of(response)["detail"]) == (413, "Send at most 3 lines at a time.")
    assert bounded.catalogue() == []
    assert counts(bounded.json(lines[:3])) == [3, 0, 0, 0]


def test_large_catalogues_are_refused_whole(bounded: Importer) -> None:
    """With and without Content-Length."""
    lines = [{**LAMP, "description": "x" * 2000}]
    table = f"sku,name,price\nA,Mug,1\nB,{'x' * 2000},1\n"
    responses = [
        bounded.json(lines),
        bounded.csv(table),
        bounded.stream(io.BytesIO(json.dumps(lines).encode()), "application/json"),
        bounded.stream(io.BytesIO(table.encode()), "text/csv"),
    ]
    for response in responses:
        assert (response.status_code, body_of(response)["detail"]) == (413, "The body may have at most 1024 bytes.")
    assert bounded.catalogue() == []
    assert counts(bounded.stream(io.BytesIO(CSV.encode()), "text/csv")) == [2, 0, 0, 0]
