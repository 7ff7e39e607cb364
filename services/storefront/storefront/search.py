"""What a shopper looks for: read from the address of a list, and written into it. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from storefront import money
from storefront.forms import NO_FAULTS, Fault, Faults

PAGE_SIZE = 24
_SLUG = re.compile("[a-z0-9]+(?:-[a-z0-9]+)*")
_CURSOR = re.compile("[A-Za-z0-9_-]{1,2000}")
_MAX_WORDS, _MAX_SLUG, _MAX_PRICE = 200, 64, 10**12

SORTS = {
    "": "Best match",
    "-created_at": "Newest first",
    "price": "Price, lowest first",
    "-price": "Price, highest first",
    "name": "Name, A to Z",
}


@dataclass(frozen=True, slots=True)
class Search:
    """Which products are listed, and in which order.

    Attributes:
        words: what to look for; empty: everything.
        category: slug of the category, or empty.
        lowest, highest: prices in minor units.
        sort: key of SORTS.
        cursor: where the page begins; empty: at the beginning.
        typed: the prices as they were typed, for the form.
        faults: what was wrong with what was typed; such a field does not count.
    """

    words: str = ""
    category: str = ""
    lowest: int | None = None
    highest: int | None = None
    sort: str = ""
    cursor: str = ""
    typed: tuple[str, str] = ("", "")
    faults: Faults = NO_FAULTS

    @property
    def filtered(self) -> bool:
        """Whether prices are limited."""
        return self.lowest is not None or self.highest is not None

    def api_query(self) -> str:
        """Return the query for the service `products`."""
        values = {
            "q": self.words,
            "category": self.category,
            "min_price": self.lowest,
            "max_price": self.highest,
            "sort": self.sort or ("" if self.words else "-created_at"),
            "limit": PAGE_SIZE,
            "cursor": self.cursor,
        }
        return urlencode({key: value for key, value in values.items() if value not in ("", None)})

    def address(self, *, fixed_category: bool = False, cursor: str = "") -> str:
        """Return the query string of a page of this list; `fixed_category`: the path names the category."""
        values = {
            "q": self.words,
            "category": "" if fixed_category else self.category,
            "min": self.typed[0] if self.lowest is not None else "",
            "max": self.typed[1] if self.highest is not None else "",
            "sort": self.sort,
            "after": cursor,
        }
        return urlencode({key: value for key, value in values.items() if value})


def is_slug(text: str) -> bool:
    """Tell whether a text can name a category."""
    return len(text) <= _MAX_SLUG and _SLUG.fullmatch(text) is not None


def category_name(slug: str) -> str:
    """Return a category for reading: ``desk-lamps`` is "Desk lamps"."""
    return slug.replace("-", " ").capitalize()


def read(arguments: Mapping[str, str], currency: str, category: str = "") -> Search:
    """Return the search of an address.

    Args:
        arguments: the parameters of its query.
        currency: of the prices.
        category: the one that the path names.
    """
    asked = category or arguments.get("category", "")
    typed = (_clean(arguments.get("min", ""))[:20], _clean(arguments.get("max", ""))[:20])
    lowest, highest = money.read(typed[0], currency), money.read(typed[1], currency)
    faults = []
    for field, text, amount in (("min", typed[0], lowest), ("max", typed[1], highest)):
        if text and (amount is None or amount > _MAX_PRICE):
            faults.append(Fault(field, "Enter a price such as 20 or 19.90."))
    if lowest is not None and highest is not None and lowest > highest:
        faults.append(Fault("max", "Enter a highest price that is not below the lowest."))
    if faults:
        lowest = highest = None
    sort, cursor = arguments.get("sort", ""), arguments.get("after", "")
    return Search(
        words=_clean(arguments.get("q", ""))[:_MAX_WORDS],
        category=asked if is_slug(asked) else "",
        lowest=lowest,
        highest=highest,
        sort=sort if sort in SORTS else "",
        cursor=cursor if _CURSOR.fullmatch(cursor) else "",
        typed=typed,
        faults=Faults(tuple(faults)),
    )


def first_page(search: Search) -> Search:
    """Return the search from its beginning."""
    return replace(search, cursor="")


def _clean(text: str) -> str:
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
