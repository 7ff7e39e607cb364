"""Products in the database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg2.errors import UniqueViolation

from products import search
from products.cursor import Matching, Position, Sort
from products.listing import ListQuery
from shopkit.database import Database, Row

_ADD = """
INSERT INTO products (id, name, description, price, currency, category, image_url, sku)
VALUES (%(id)s, %(name)s, %(description)s, %(price)s, %(currency)s, %(category)s, %(image_url)s, %(sku)s)
RETURNING id, name, description, price, currency, category, image_url, sku, created_at, updated_at, version"""
_GET = """
SELECT id, name, description, price, currency, category, image_url, sku, created_at, updated_at, version
FROM products WHERE id = %s"""
_OF_IDS = """
SELECT id, name, description, price, currency, category, image_url, sku, created_at, updated_at
FROM products WHERE id = ANY(%s::uuid[]) ORDER BY id"""
_CHANGE = """
UPDATE products SET
    name = CASE WHEN 'name' = ANY(%(fields)s) THEN %(name)s ELSE name END,
    description = CASE WHEN 'description' = ANY(%(fields)s) THEN %(description)s ELSE description END,
    price = CASE WHEN 'price' = ANY(%(fields)s) THEN %(price)s ELSE price END,
    category = CASE WHEN 'category' = ANY(%(fields)s) THEN %(category)s ELSE category END,
    image_url = CASE WHEN 'image_url' = ANY(%(fields)s) THEN %(image_url)s ELSE image_url END,
    sku = CASE WHEN 'sku' = ANY(%(fields)s) THEN %(sku)s ELSE sku END,
    version = version + 1,
    updated_at = now()
WHERE id = %(id)s AND (%(versions)s::bigint[] IS NULL OR version = ANY(%(versions)s::bigint[]))
RETURNING id, name, description, price, currency, category, image_url, sku, created_at, updated_at, version"""
_DELETE = """
DELETE FROM products
WHERE id = %(id)s AND (%(versions)s::bigint[] IS NULL OR version = ANY(%(versions)s::bigint[]))"""
_EXISTS = "SELECT 1 AS found FROM products WHERE id = %s"
_CATEGORIES = """
SELECT category, count(*) AS products FROM products
WHERE category IS NOT NULL GROUP BY category ORDER BY category COLLATE "C" ASC"""


class SkuTakenError(Exception):
    """Another product has this sku."""


@contextmanager
def _unique_sku() -> Iterator[None]:
    try:
        yield
    except UniqueViolation as error:
        if error.diag.constraint_name == "products_sku":
            raise SkuTakenError from error
        raise


class ProductRepository:
    """The table `products`.

    Args:
        database: the service's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, product_id: str, values: Mapping[str, Any], currency: str) -> Row:
        """Insert a product of these values and return it with its version. Raises SkuTakenError."""
        with _unique_sku():
            return self._database.fetch_row(_ADD, {**values, "id": product_id, "currency": currency})

    def get(self, product_id: str) -> Row | None:
        """Return a product with its version, or None."""
        return self._database.fetch_one(_GET, (product_id,))

    def of_ids(self, product_ids: Sequence[str]) -> list[Row]:
        """Return the products that have these ids."""
        return self._database.fetch_all(_OF_IDS, (list(product_ids),))

    def find(self, query: ListQuery, sort: Sort, matching: Matching, after: Position | None) -> list[Row]:
        """Return up to `limit` + 1 products with their `sort_key`; see `products.search.statement`."""
        sql, values = search.statement(query, sort, matching, after)
        if matching != "similar":
            return self._database.fetch_all(sql, values)
        with self._database.transaction() as transaction:
            transaction.execute(search.SIMILARITY)
            return transaction.fetch_all(sql, values)

    def change(
        self, product_id: str, values: Mapping[str, Any], fields: Collection[str], versions: Sequence[int] | None
    ) -> Row | None:
        """Change some fields of a product that has one of these versions.

        Args:
            product_id: the product.
            values: a value for every field of a product; only those of `fields` are looked at.
            fields: names of the fields that change.
            versions: versions that may be changed; None: any.

        Returns:
            The product with its new version; None when there is none of this id and these versions.

        Raises:
            SkuTakenError: another product has the sku.
        """
        given = {**values, "id": product_id, "fields": list(fields), "versions": versions}
        with _unique_sku():
            return self._database.fetch_one(_CHANGE, given)

    def delete(self, product_id: str, versions: Sequence[int] | None) -> bool:
        """Delete a product that has one of these versions (None: any); tell whether it was there."""
        return self._database.execute(_DELETE, {"id": product_id, "versions": versions}) == 1

    def exists(self, product_id: str) -> bool:
        """Tell whether there is such a product, of whatever version."""
        return self._database.fetch_one(_EXISTS, (product_id,)) is not None

    def categories(self) -> list[Row]:
        """Return the categories that have products, by name, with how many."""
        return self._database.fetch_all(_CATEGORIES)
