"""The sample catalogue of docs/examples: made by its program, fit for a shop."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from products.picture import draw
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens

FOLDER = Path(__file__).parents[4] / "docs" / "examples" / "catalogue"
TABLE = (FOLDER / "products.csv").read_text()


@pytest.mark.parametrize(("options", "file"), [((), "products.csv"), (("--stock",), "catalogue.csv")])
def test_the_committed_tables_are_what_the_program_writes(options: tuple[str, ...], file: str) -> None:
    command = [sys.executable, "-B", str(FOLDER / "make_catalogue.py"), *options]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    assert made.stdout == (FOLDER / file).read_text()


def test_a_shop_takes_all_of_it_and_a_second_time_changes_nothing(client: ContractClient, tokens: Tokens) -> None:
    for counts in ({"created": 216, "unchanged": 0}, {"created": 0, "unchanged": 216}):
        response = client.post("/api/v1/products/import", data=TABLE, content_type="text/csv", headers=tokens.admin())
        report = body_of(response)
        assert {name: report[name] for name in ("created", "updated", "unchanged", "failed")} == {
            "updated": 0,
            "failed": 0,
            **counts,
        }
    categories = body_of(client.get("/api/v1/categories"))["items"]
    assert [entry["products"] for entry in categories] == [18] * 12
    found = body_of(client.get("/api/v1/products?q=oak+stool&sort=price"))["items"]
    assert [item["name"] for item in found] == ["Mill Stool, Oak", "Counter Bar Stool, Oak"]


def test_every_product_has_a_name_and_a_picture_of_its_own() -> None:
    rows = list(csv.DictReader(TABLE.splitlines()))
    assert len({row["name"] for row in rows}) == 216
    pictures = {draw(row["name"], row["category"]) for row in rows}
    assert len(pictures) == 216
    assert max(len(picture) for picture in pictures) < 1024
    # Every category has a shape of its own, none falls back to the box.
    box = draw("A", None).partition("d=")[2]
    shapes = {draw("A", category).partition("d=")[2] for category in {row["category"] for row in rows}}
    assert (len(shapes), box in shapes) == (12, False)
