"""Carts: what shoppers mean to order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg2.extras import Json

from orders import domain
from orders.domain import Line, Wanted
from orders.ports import Catalogue
from shopkit import problems
from shopkit.database import Database, Row

_PUT = """
INSERT INTO carts (user_id, lines) VALUES (%s, %s)
ON CONFLICT (user_id) DO UPDATE SET lines = excluded.lines, updated_at = now()
RETURNING lines, updated_at"""
_GET = "SELECT lines, updated_at FROM carts WHERE user_id = %s"
_CLEAR = "DELETE FROM carts WHERE user_id = %s"


@dataclass(frozen=True, slots=True)
class Cart:
    """The cart of a user; `updated_at` is None for one that was never filled, or was cleared."""

    lines: tuple[Line, ...] = ()
    updated_at: datetime | None = None


class Carts:
    """Keeps carts.

    Args:
        database: the service's database.
        catalogue: names and prices.
        currency: ISO 4217 code of the shop.
    """

    def __init__(self, database: Database, catalogue: Catalogue, currency: str) -> None:
        self._database = database
        self._catalogue = catalogue
        self.currency = currency

    def get(self, user_id: str) -> Cart:
        """Return the cart of a user, which is empty at first."""
        row = self._database.fetch_one(_GET, (user_id,))
        return _cart(row) if row else Cart()

    def put(self, user_id: str, wanted: Sequence[Wanted]) -> Cart:
        """Replace the cart of a user.

        Raises:
            Problem: 422 for lines that could not be ordered either; 503 and 504 if products cannot be asked. The cart
                then stays as it is.
        """
        faults = domain.repeated(wanted)
        if faults:
            raise problems.invalid(faults)
        offers = self._catalogue.offers([line.product_id for line in wanted])
        lines, faults = domain.price(wanted, offers, self.currency)
        if faults:
            raise problems.invalid(faults)
        return _cart(self._database.fetch_row(_PUT, (user_id, Json([asdict(line) for line in lines]))))

    def clear(self, user_id: str) -> None:
        """Empty the cart of a user."""
        self._database.execute(_CLEAR, (user_id,))


def _cart(row: Row) -> Cart:
    return Cart(tuple(Line(**line) for line in row["lines"]), row["updated_at"])
