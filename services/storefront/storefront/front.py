"""What the front page shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

from storefront.clients.answers import NO_ANSWER
from storefront.clients.catalogue import Catalogue, Category, Product
from storefront.clients.recommendations import Recommendations
from storefront.parallel import Crew

MAX_SHELVES = 24
_SHOWN = 8
# A catalogue that was loaded at once has whole categories in a row: some are picked out of so many.
_NEWEST = 60


@dataclass(frozen=True, slots=True)
class Shelf:
    """A category, with one of its products as its picture."""

    category: Category
    sample: Product | None


@dataclass(frozen=True, slots=True)
class Front:
    """The front page.

    Attributes:
        shelves: the categories.
        size: how many products there are in all of them.
        arrivals: the newest products.
        favourites: what sells best; may be empty.
    """

    shelves: tuple[Shelf, ...]
    size: int
    arrivals: tuple[Product, ...]
    favourites: tuple[Product, ...]

    @property
    def window(self) -> tuple[Product, ...]:
        """Three products of different categories, for the eye; none where there are fewer."""
        samples = [shelf.sample for shelf in self.shelves if shelf.sample is not None]
        step = max(1, len(samples) // 3)
        return tuple(samples[1 % step :: step][:3]) if len(samples) >= 3 else ()


def varied(products: Sequence[Product], count: int) -> tuple[Product, ...]:
    """Return the first few products, one of each category in turn."""
    rows: dict[str | None, list[Product]] = {}
    for product in products:
        rows.setdefault(product.category, []).append(product)
    turns = zip_longest(*rows.values())
    return tuple(product for turn in turns for product in turn if product is not None)[:count]


class FrontReader:
    """Gathers the front page. Its calls are made at a time; only the newest products are indispensable.

    Args:
        catalogue: the products.
        recommendations: what sells best.
        crew: threads for the calls.
    """

    def __init__(self, catalogue: Catalogue, recommendations: Recommendations, crew: Crew) -> None:
        self._catalogue = catalogue
        self._recommendations = recommendations
        self._crew = crew

    def read(self) -> Front:
        """Return the front page as it is now. Raises Problem when products cannot be asked."""
        best = self._recommendations.begin((), limit=_SHOWN + 4)
        arrivals = self._crew.begin(lambda: self._catalogue.page(f"sort=-created_at&limit={_NEWEST}"))
        categories = self._catalogue.categories()
        samples = [self._crew.begin(partial(self._sample, each.slug)) for each in categories[:MAX_SHELVES]]
        favourites = self._favourites(best())
        return Front(
            shelves=tuple(
                Shelf(category, sample.result()) for category, sample in zip(categories, samples, strict=False)
            ),
            size=sum(category.size for category in categories),
            arrivals=varied(arrivals.result().products, _SHOWN),
            favourites=favourites,
        )

    def _sample(self, slug: str) -> Product | None:
        try:
            return next(iter(self._catalogue.page(f"category={slug}&limit=1").products), None)
        except NO_ANSWER:
            return None

    def _favourites(self, product_ids: list[str]) -> tuple[Product, ...]:
        try:
            return tuple(self._catalogue.products(product_ids).values())[:_SHOWN]
        except NO_ANSWER:
            return ()
