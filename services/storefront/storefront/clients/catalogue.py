"""The service `products`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from shopkit.upstream import Upstream
from storefront import money, search
from storefront.clients.answers import body_of
from storefront.remembered import Remembered, RememberedMany
from storefront.search import Search


@dataclass(frozen=True, slots=True)
class Product:
    """A product as it is shown."""

    id: str
    name: str
    description: str
    price: int
    currency: str
    category: str | None
    image_url: str | None
    sku: str | None

    @property
    def picture(self) -> str:
        """Address of its picture."""
        return self.image_url or f"/api/v1/products/{self.id}/picture.svg"

    @property
    def shown_price(self) -> str:
        """Its price for reading."""
        return money.show(self.price, self.currency)


@dataclass(frozen=True, slots=True)
class Category:
    """A category and how many products it has."""

    slug: str
    size: int

    @property
    def name(self) -> str:
        """Its name for reading."""
        return search.category_name(self.slug)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list; `cursor` is where the next one begins."""

    products: tuple[Product, ...]
    cursor: str | None


class Catalogue:
    """Reads the catalogue.

    Args:
        products: the service.
        seconds: for how long categories, and cards of products that others are shown with, are kept.
    """

    def __init__(self, products: Upstream, seconds: float) -> None:
        self._products = products
        self._categories = Remembered(self._fetch_categories, seconds)
        self._cards: RememberedMany[str, Product] = RememberedMany(self._fetch_cards, seconds)

    def product(self, product_id: str) -> Product | None:
        """Return a product as it is now."""
        answer = self._products.get(f"/api/v1/products/{product_id}")
        return None if answer.status == 404 else product_of(body_of(answer))

    def products(self, product_ids: Iterable[str]) -> dict[str, Product]:
        """Return products by id, as they were some seconds ago; those that do not exist are left out."""
        return self._cards.get(product_ids)

    def find(self, wanted: Search) -> Page:
        """Return a page of a list.

        Raises:
            Refused: 422, a cursor does not belong to this list.
        """
        return self.page(wanted.api_query())

    def page(self, query: str) -> Page:
        """Return a page of the list of a query."""
        body = body_of(self._products.get(f"/api/v1/products?{query}"))
        return Page(tuple(product_of(item) for item in body["items"]), body["next_cursor"])

    def categories(self) -> tuple[Category, ...]:
        """Return all categories, as they were some seconds ago."""
        return self._categories.get()

    def known_categories(self) -> tuple[Category, ...]:
        """Return the categories as they were last seen; nothing is asked."""
        return self._categories.peek() or ()

    def _fetch_categories(self) -> tuple[Category, ...]:
        body = body_of(self._products.get("/api/v1/categories"))
        return tuple(Category(item["category"], item["products"]) for item in body["items"])

    def _fetch_cards(self, product_ids: list[str]) -> dict[str, Product]:
        query = urlencode({"ids": ",".join(product_ids)}, safe=",")
        return {product.id: product for product in self.page(query).products}


def product_of(body: Mapping[str, Any]) -> Product:
    """Return the product of an answer."""
    return Product(
        id=body["id"],
        name=body["name"],
        description=body["description"],
        price=body["price"],
        currency=body["currency"],
        category=body["category"],
        image_url=body["image_url"],
        sku=body["sku"],
    )
