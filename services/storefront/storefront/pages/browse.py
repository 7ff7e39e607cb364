"""Looking around: the front page, lists, products."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

import structlog
from flask import Response, abort, request

from storefront import search
from storefront.clients.answers import NO_ANSWER, Refused
from storefront.clients.catalogue import Product
from storefront.pages.errors import blueprint
from storefront.pages.layout import page
from storefront.search import Search
from storefront.shop import shop

browse = blueprint("browse")
_log = structlog.get_logger(__name__)
_TOGETHER = 4
# Of more than this many pieces it says no more than that there are some.
_FEW = 5


@browse.get("/")
def home() -> Response:
    """The front page."""
    return page("home.html", front=shop().front.get())


@browse.get("/search")
def find() -> Response:
    """A list of what was looked for."""
    wanted = search.read(request.args, shop().settings.currency)
    return _list(wanted, title=f"Found for “{wanted.words}”" if wanted.words else "Everything", path="/search")


@browse.get("/c/<category>")
def shelf(category: str) -> Response:
    """The products of a category."""
    if not search.is_slug(category):
        abort(404)
    wanted = search.read(request.args, shop().settings.currency, category)
    return _list(wanted, title=search.category_name(category), path=f"/c/{category}")


@browse.get("/p/<id:product_id>")
def product(product_id: str) -> Response:
    """A product. Its stock and what goes with it are asked for at the same time, and done without if need be."""
    known = shop()
    together = known.recommendations.begin((product_id,), limit=_TOGETHER * 2)
    stock = known.crew.begin(lambda: known.stock.available(product_id))
    found = known.catalogue.product(product_id)
    if found is None:
        abort(404)
    others = related(together(), without=(product_id,))
    return page("product.html", product=found, available=_available(stock), few=_FEW, together=others)


def related(product_ids: Sequence[str], without: Sequence[str]) -> list[Product]:
    """Return the first few of recommended products that exist."""
    try:
        found = shop().catalogue.products([known for known in product_ids if known not in without])
    except NO_ANSWER as error:
        _log.warning("a page goes without recommended products", cause=str(error))
        return []
    return list(found.values())[:_TOGETHER]


def _available(stock: Future[int]) -> int | None:
    try:
        return stock.result()
    except NO_ANSWER as error:
        _log.warning("a page goes without the stock", cause=str(error))
        return None


def _list(wanted: Search, title: str, path: str) -> Response:
    try:
        found = shop().catalogue.find(wanted)
    except Refused as refused:
        if refused.status != 422 or not wanted.cursor:
            raise
        # The address was tampered with, or is of another release: a list begins at its beginning.
        wanted = search.first_page(wanted)
        found = shop().catalogue.find(wanted)
    in_category = path.startswith("/c/")
    if in_category and not found.products and not (wanted.words or wanted.filtered or wanted.cursor):
        abort(404)
    return page(
        "list.html",
        title=title,
        path=path,
        wanted=wanted,
        found=found,
        sorts=search.SORTS,
        next_page=_address(path, wanted, found.cursor) if found.cursor else None,
        first_page=_address(path, wanted, "") if wanted.cursor else None,
        in_category=in_category,
    )


def _address(path: str, wanted: Search, cursor: str | None) -> str:
    query = wanted.address(fixed_category=path.startswith("/c/"), cursor=cursor or "")
    return f"{path}?{query}" if query else path
