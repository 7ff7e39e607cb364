"""Many products at a time, in the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol

import orjson

from products.importing import ImportedProduct
from shopkit.database import Database, Row, Transaction
from shopkit.ids import new_id

# Bounds what one statement takes and how long it runs; all of them are one transaction.
_BATCH = 500
# Two imports at a time would wait for each other's rows in different orders.
_LOCK = "SELECT pg_try_advisory_xact_lock(7470563288) AS locked"
_UPSERT = """
INSERT INTO products (id, name, description, price, currency, category, image_url, sku)
SELECT id, name, description, price, %(currency)s, category, image_url, sku
FROM jsonb_to_recordset(%(products)s::jsonb) AS given (
    id uuid, name text, description text, price bigint, category text, image_url text, sku text
)
ON CONFLICT (sku) DO UPDATE SET
    name = excluded.name, description = excluded.description, price = excluded.price, category = excluded.category,
    image_url = excluded.image_url, version = products.version + 1, updated_at = now()
WHERE (products.name, products.description, products.price, products.category, products.image_url)
    IS DISTINCT FROM (excluded.name, excluded.description, excluded.price, excluded.category, excluded.image_url)
RETURNING sku, id"""
# Skus are remembered, so that what an administrator has deleted since does not come back.
_ADD = """
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%(products)s::jsonb) AS given (
        id uuid, name text, description text, price bigint, category text, image_url text, sku text
    )
), fresh AS (
    INSERT INTO initial_skus (sku) SELECT sku FROM given ON CONFLICT DO NOTHING RETURNING sku
)
INSERT INTO products (id, name, description, price, currency, category, image_url, sku)
SELECT id, name, description, price, %(currency)s, category, image_url, sku FROM given JOIN fresh USING (sku)
ON CONFLICT (sku) DO NOTHING
RETURNING sku, id"""
_IDS = "SELECT sku, id FROM products WHERE sku = ANY(%s)"

Result = Literal["created", "updated", "unchanged", "kept"]


class ImportRunningError(Exception):
    """Another import is at work."""


class _Undo(Exception):
    """The transaction is to be rolled back."""


@dataclass(frozen=True)
class Outcome:
    """What became of a product, and its id (None for one that a dry run would create, or that was deleted)."""

    result: Result
    product_id: str | None


class _Write(Protocol):
    """Writes one batch and yields what became of each product."""

    def __call__(
        self, transaction: Transaction, products: Sequence[ImportedProduct], *, dry_run: bool
    ) -> Iterator[tuple[str, Outcome]]: ...


class BulkRepository:
    """The table `products`, for imports.

    Args:
        database: the service's database.
        currency: currency of products that are created.
    """

    def __init__(self, database: Database, currency: str) -> None:
        self._database = database
        self._currency = currency

    def upsert(self, products: Sequence[ImportedProduct], *, dry_run: bool) -> dict[str, Outcome]:
        """Create or change the products with these skus, all or none.

        A product that already is as given is not touched: neither its version nor its time changes.

        Args:
            products: the products; no two have the same sku.
            dry_run: find out what would happen, and leave everything as it is.

        Returns:
            The outcome by sku.

        Raises:
            ImportRunningError: another import is at work.
        """
        return self._all_or_none(self._replace, products, dry_run=dry_run)

    def add(self, products: Sequence[ImportedProduct], *, dry_run: bool) -> dict[str, Outcome]:
        """Create the products whose skus the shop never had, all or none; what it has, or had, is left as it is.

        Arguments, result and errors are those of `upsert`.
        """
        return self._all_or_none(self._create, products, dry_run=dry_run)

    def _all_or_none(self, write: _Write, products: Sequence[ImportedProduct], *, dry_run: bool) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        with suppress(_Undo), self._database.transaction() as transaction:
            if not transaction.fetch_row(_LOCK)["locked"]:
                raise ImportRunningError
            for start in range(0, len(products), _BATCH):
                outcomes.update(write(transaction, products[start : start + _BATCH], dry_run=dry_run))
            if dry_run:
                raise _Undo
        return outcomes

    def _replace(
        self, transaction: Transaction, products: Sequence[ImportedProduct], *, dry_run: bool
    ) -> Iterator[tuple[str, Outcome]]:
        own = {product.sku: new_id() for product in products}
        touched = self._write(transaction, _UPSERT, products, own)
        for sku, product_id in touched.items():
            created = product_id == own[sku]
            yield sku, Outcome("created" if created else "updated", None if created and dry_run else product_id)
        left = [sku for sku in own if sku not in touched]
        for sku, product_id in _by_sku(transaction.fetch_all(_IDS, (left,))).items():
            yield sku, Outcome("unchanged", product_id)

    def _create(
        self, transaction: Transaction, products: Sequence[ImportedProduct], *, dry_run: bool
    ) -> Iterator[tuple[str, Outcome]]:
        own = {product.sku: new_id() for product in products}
        created = self._write(transaction, _ADD, products, own)
        for sku, product_id in created.items():
            yield sku, Outcome("created", None if dry_run else product_id)
        left = [sku for sku in own if sku not in created]
        known = _by_sku(transaction.fetch_all(_IDS, (left,)))
        for sku in left:
            yield sku, Outcome("kept", known.get(sku))

    def _write(
        self, transaction: Transaction, statement: str, products: Sequence[ImportedProduct], own: Mapping[str, str]
    ) -> dict[str, str]:
        """Write products, new ones under these ids; return the ids of those that were written, by sku."""
        rows = [{**product.model_dump(), "id": own[product.sku]} for product in products]
        values = {"products": orjson.dumps(rows).decode(), "currency": self._currency}
        return _by_sku(transaction.fetch_all(statement, values))


def _by_sku(rows: Sequence[Row]) -> dict[str, str]:
    return {row["sku"]: row["id"] for row in rows}
