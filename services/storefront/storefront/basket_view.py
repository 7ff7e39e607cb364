"""What a basket looks like: its products, what they cost, and what is wrong. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from storefront import money
from storefront.basket import Basket
from storefront.clients.catalogue import Product
from storefront.orders_view import Shortage


@dataclass(frozen=True, slots=True)
class BasketLine:
    """Pieces of one product.

    Attributes:
        left: how many there are, where that is less than wanted; else None.
    """

    product: Product
    quantity: int
    left: int | None

    @property
    def total(self) -> int:
        """Price of all pieces in minor units."""
        return self.product.price * self.quantity

    @property
    def shown_total(self) -> str:
        """Price of all pieces, for reading."""
        return money.show(self.total, self.product.currency)

    @property
    def problem(self) -> str | None:
        """What keeps it from being ordered."""
        if self.left is None:
            return None
        if self.left == 0:
            return f"{self.product.name} is sold out."
        return f"Only {self.left} of {self.product.name} {'is' if self.left == 1 else 'are'} left."


@dataclass(frozen=True, slots=True)
class BasketView:
    """A basket.

    Attributes:
        lines: what can be shown.
        gone: products that do not exist any more.
    """

    lines: tuple[BasketLine, ...]
    gone: tuple[str, ...]
    currency: str

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return sum(line.quantity for line in self.lines)

    @property
    def total(self) -> int:
        """Price of all lines in minor units."""
        return sum(line.total for line in self.lines)

    @property
    def shown_total(self) -> str:
        """Price of all lines, for reading."""
        return money.show(self.total, self.currency)

    @property
    def short(self) -> tuple[BasketLine, ...]:
        """Lines of which there is too little."""
        return tuple(line for line in self.lines if line.left is not None)


def view(
    basket: Basket, products: Mapping[str, Product], currency: str, shortages: Iterable[Shortage] = ()
) -> BasketView:
    """Return how a basket is shown.

    Args:
        basket: what is in it.
        products: those that exist, by id.
        currency: of the total.
        shortages: what the last attempt to order was refused for; what has been mended meanwhile does not count.
    """
    left = {shortage.product_id: shortage.available for shortage in shortages}
    lines = []
    for item in basket.items:
        product = products.get(item.product_id)
        if product is not None:
            available = left.get(item.product_id)
            short = available is not None and available < item.quantity
            lines.append(BasketLine(product, item.quantity, available if short else None))
    return BasketView(tuple(lines), tuple(i for i in basket.product_ids if i not in products), currency)
