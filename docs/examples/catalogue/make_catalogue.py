"""Prints the sample catalogue as CSV, ready for POST /products/import: every article in every finish of its range.

With --stock it has the pieces of each as well, for the `catalog` of a Shop:

python3 docs/examples/catalogue/make_catalogue.py > docs/examples/catalogue/products.csv
python3 docs/examples/catalogue/make_catalogue.py --stock > docs/examples/catalogue/catalogue.csv
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


def stock(cents: int) -> int:
    """Return how many pieces a shop has: of what is dear fewer."""
    return max(5, min(200, 1_000_000 // cents))


def table(*, stocked: bool) -> str:
    """Return the catalogue as CSV, with a column `stock` if wanted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, "stock") if stocked else COLUMNS)
    writer.writerows((*row, stock(row[2])) if stocked else row for row in rows())
    return text.getvalue()


if __name__ == "__main__":
    sys.stdout.write(table(stocked="--stock" in sys.argv[1:]))
