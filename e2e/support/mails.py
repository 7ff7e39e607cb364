"""The mails that a Shop sent, as its development mail server shows them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import urllib3

from e2e.support.shop import Shop, forward


@dataclass(frozen=True)
class Mails:
    """A client of the sink.

    Attributes:
        url: its pages.
    """

    url: str

    def to(self, address: str) -> list[dict[str, Any]]:
        """Return the mails to an address, oldest first, each with its bodies."""
        found = urllib3.request("GET", f"{self.url}/api/mails", fields={"to": address}).json()["items"]
        whole = [urllib3.request("GET", f"{self.url}/api/mails/{mail['id']}").json() for mail in found]
        return sorted(whole, key=lambda mail: str(mail["received_at"]))

    def subjects(self, address: str) -> list[str]:
        """Return the subjects of the mails to an address, oldest first."""
        return [mail["subject"] for mail in self.to(address)]


@contextmanager
def mails_of(shop: Shop) -> Iterator[Mails]:
    """Forward a port to the Shop's sink while the block runs."""
    with forward(shop.kubectl, f"service/{shop.name}-mail", 80) as port:
        yield Mails(f"http://127.0.0.1:{port}")
