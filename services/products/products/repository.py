"""Products in the database."""

from __future__ import annotations

from shopkit.database import Database, Row

_ADD = """
INSERT INTO products (id, name, description, price, currency) VALUES (%s, %s, %s, %s, %s)
RETURNING id, name, description, price, currency, created_at, updated_at"""
_GET = """
SELECT id, name, description, price, currency, created_at, updated_at FROM products WHERE id = %s"""
_PAGE = """
SELECT id, name, description, price, currency, created_at, updated_at FROM products
WHERE %(after)s::uuid IS NULL OR id > %(after)s::uuid ORDER BY id LIMIT %(count)s"""
_DELETE = "DELETE FROM products WHERE id = %s"


class ProductRepository:
    """The table `products`.

    Args:
        database: the service's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, product_id: str, name: str, description: str, price: int, currency: str) -> Row:
        """Insert a product and return it."""
        return self._database.fetch_row(_ADD, (product_id, name, description, price, currency))

    def get(self, product_id: str) -> Row | None:
        """Return a product, or None."""
        return self._database.fetch_one(_GET, (product_id,))

    def page(self, after: str | None, limit: int) -> list[Row]:
        """Return up to `limit` + 1 products by id, those after the given id."""
        return self._database.fetch_all(_PAGE, {"after": after, "count": limit + 1})

    def delete(self, product_id: str) -> bool:
        """Delete a product; tell whether it was there."""
        return self._database.execute(_DELETE, (product_id,)) == 1
