"""The route that imports a catalogue."""

from __future__ import annotations

from collections import Counter
from typing import Any

import structlog
from flask import request
from pydantic import Field

from products import importing
from products.bulk import ImportRunningError, Outcome
from products.context import Catalogue
from products.importing import ImportedProduct, Line
from products.models import ImportReport
from shopkit import problems
from shopkit.auth import require_role
from shopkit.problems import Problem
from shopkit.routing import Api
from shopkit.validation import Schema, read_bytes

_log = structlog.get_logger(__name__)

api: Api[Catalogue] = Api("import")


class ImportQuery(Schema):
    """How to import."""

    dry_run: bool = Field(default=False, description="Report what would happen, and change nothing.")
    initial: bool = Field(
        default=False,
        description="Only create what the shop never had: a sku that a product has, or that was imported so before, is "
        "left as it is (`kept`), even when its product was changed or deleted since.",
    )


_TABLE = {
    "type": "string",
    "description": "UTF-8; the first line names the columns: sku, name and price, and if wanted description, category "
    "and image_url. An empty cell is a value that is left out.",
    "examples": ["sku,name,price,category\nLA-1,Desk Lamp,3900,lamps\n"],
}
# What is no product is reported in its line, not refused: so the items have no schema, only an example.
_ARRAY = {
    "type": "array",
    "description": "Products, each with sku, name and price, and if wanted description, category and image_url.",
    "items": {},
    "examples": [[{"sku": "LA-1", "name": "Desk Lamp", "price": 3900, "category": "lamps"}]],
}


@api.post(
    "/api/v1/products/import",
    body={"text/csv": _TABLE, "application/json": _ARRAY},
    query=ImportQuery,
    responses={200: ImportReport},
    auth=require_role("admin"),
    problems={409: "Another import is running.", 422: "Parameters or columns are unknown, missing or wrong."},
)
def import_products(catalogue: Catalogue, query: ImportQuery) -> dict[str, Any]:
    """Import a catalogue.

    A line is the whole of the product that has its sku: the product is created, or changed when it differs, and what
    the line leaves out gets its default. Every line is checked and reported; those with an error change nothing, all
    others are written together. To send the same catalogue again changes nothing.
    """
    if not catalogue.import_turn.acquire(blocking=False):
        raise _running()
    try:
        lines = _read(catalogue)
        good = [line.product for line in lines if line.product is not None]
        write = catalogue.bulk.add if query.initial else catalogue.bulk.upsert
        outcomes = write(good, dry_run=query.dry_run)
    except ImportRunningError:
        raise _running() from None
    finally:
        catalogue.import_turn.release()
    report = _report(lines, outcomes)
    counts = dict(Counter(line["result"] for line in report))
    _log.info("a catalogue was imported", lines=len(lines), dry_run=query.dry_run, **counts)
    names = {"created": "created", "updated": "updated", "unchanged": "unchanged", "kept": "kept", "failed": "error"}
    totals = {name: counts.get(result, 0) for name, result in names.items()}
    return {"dry_run": query.dry_run, **totals, "lines": report}


def _running() -> Problem:
    detail = "Another import is running: send this one again when it is done."
    return problems.conflict("import-running", "An import is running", detail)


def _read(catalogue: Catalogue) -> list[Line[ImportedProduct]]:
    """Read the body within the limits for imports, a table line by line. Raises Problem as `products.importing`."""
    request.max_content_length = catalogue.limits.import_max_bytes
    most = catalogue.limits.import_max_lines
    if request.mimetype == "text/csv":
        return importing.read_csv(importing.text_of(request.stream), most, ImportedProduct)
    return importing.read_json(read_bytes(), most, ImportedProduct)


def _report(lines: list[Line[ImportedProduct]], outcomes: dict[str, Outcome]) -> list[dict[str, Any]]:
    report: list[dict[str, Any]] = []
    for line in lines:
        entry: dict[str, Any] = {"line": line.number, "sku": line.sku}
        if line.product is None:
            entry |= {"result": "error", "id": None, "errors": line.errors}
        else:
            outcome = outcomes[line.product.sku]
            entry |= {"result": outcome.result, "id": outcome.product_id, "errors": []}
        report.append(entry)
    return report
