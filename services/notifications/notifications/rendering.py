"""Notifications as mails: a text for every reader, and the same as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from notifications import kinds
from notifications.address import one_line
from notifications.kinds import Kind
from notifications.money import formatted


@dataclass(frozen=True)
class Shop:
    """The shop as mails show it.

    Args:
        name: for people.
        url: of its first page, without a slash at the end.
    """

    name: str
    url: str


@dataclass(frozen=True)
class Rendered:
    """A mail without its headers."""

    subject: str
    text: str
    html: str


class Renderer:
    """Renders the templates of one shop.

    Args:
        shop: as mails show it.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=select_autoescape(("html",)),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def render(self, kind: Kind, data: Mapping[str, Any], name: str) -> Rendered:
        """Render one notification.

        Args:
            kind: what it is about.
            data: the order as its event told it; empty for a welcome.
            name: of the user.
        """
        title = kinds.title(kind, data, self._shop.name)
        values = {
            "title": title,
            "text": kinds.text(kind, data),
            "name": one_line(name),
            "shop": self._shop.name,
            "shop_url": f"{self._shop.url}/",
            "account_url": f"{self._shop.url}/account",
            "order": self._order(data) if data else None,
        }
        template = "order" if data else "welcome"
        return Rendered(
            title,
            self._templates.get_template(f"{template}.txt").render(values),
            self._templates.get_template(f"{template}.html").render(values),
        )

    def _order(self, data: Mapping[str, Any]) -> dict[str, Any]:
        currency = data["currency"]
        return {
            "id": data["order_id"],
            "url": f"{self._shop.url}/account/orders/{data['order_id']}",
            "total": formatted(data["total"], currency),
            "lines": [
                {
                    "name": one_line(line["name"]),
                    "quantity": line["quantity"],
                    "unit_price": formatted(line["unit_price"], currency),
                    "total": formatted(line["total"], currency),
                }
                for line in data["lines"]
            ],
        }
