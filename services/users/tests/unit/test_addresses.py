"""Which address counts as the client's."""

from __future__ import annotations

import pytest

from users.addresses import client_address


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("", 1, "10.0.0.9"),
        ("203.0.113.7", 1, "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7", 1, "203.0.113.7"),
        ("1.1.1.1,203.0.113.7", 1, "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7, 10.1.2.3", 2, "203.0.113.7"),
        ("203.0.113.7", 2, "203.0.113.7"),
        ("203.0.113.7", 0, "10.0.0.9"),
        ("203.0.113.7, ", 1, "10.0.0.9"),
        ("203.0.113.7, unknown", 1, "10.0.0.9"),
        ("2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", 1, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", 1, "203.0.113.7"),
    ],
)
def test_the_entry_of_our_own_proxy_counts(forwarded: str, proxies: int, address: str) -> None:
    assert client_address(forwarded, "10.0.0.9", proxies) == address


def test_without_any_address_the_connection_is_taken_as_it_is_named() -> None:
    assert client_address("", "unix:", 1) == "unix:"
