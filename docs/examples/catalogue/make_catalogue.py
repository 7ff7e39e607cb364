"""Prints the sample catalogue as CSV, ready for POST /products/import: every article in every finish of its range.

python3 docs/examples/catalogue/make_catalogue.py > docs/examples/catalogue/products.csv
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator

from ranges import RANGES

COLUMNS = ("sku", "name", "price", "category", "description")


def price(plain: int, percent: int) -> int:
    """Return the price of a finish: the plain one raised by so many percent, and again ending as shops' prices do."""
    return plain if percent == 0 else (plain * (100 + percent) + 9999) // 10000 * 100 - 10


def rows() -> Iterator[tuple[str, str, int, str, str]]:
    """Yield the products, column by column."""
    for sold in RANGES:
        for number, (name, plain, text) in enumerate(sold.articles, start=1):
            for letter, finish in zip("ABC", sold.finishes, strict=True):
                full = f"{name} {finish.name}" if finish.name.startswith("in ") else f"{name}, {finish.name}"
                sku = f"{sold.code}-{number:02d}-{letter}"
                yield sku, full, price(plain, finish.percent), sold.category, f"{text} {finish.text}"


def table() -> str:
    """Return the catalogue as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows())
    return text.getvalue()


if __name__ == "__main__":
    sys.stdout.write(table())
