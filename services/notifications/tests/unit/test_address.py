"""Names and addresses from events."""

from __future__ import annotations

import pytest

from notifications.address import AddressError, mailbox, one_line, parse_mailbox


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Zoë \t Miller ", "Zoë Miller"),
        ("Sam\r\nBcc: all@example.com", "Sam Bcc: all@example.com"),
        ("a\x00b\x0bc\x85d\u2028e\u2029f", "a b c d e f"),
        ("\u202emaS\u202c", "maS"),
        ("\ud800x", "x"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_name_is_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


@pytest.mark.parametrize("address", ["sam@example.com", "a..b@x", "o'neil+shop@mail.example.co.uk"])
def test_what_users_may_sign_up_with_is_an_address(address: str) -> None:
    found = mailbox(address, "Sam")
    assert f"{found.username}@{found.domain}" == address
    assert found.display_name == "Sam"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "sam",
        "sam@",
        "@example.com",
        "sam@example.com\r\nRCPT TO:<eve@example.com>",
        "sam@example.com\n",
        "sam@example.com, eve@example.com",
        "<sam@example.com>",
        "sam@exa mple.com",
        "sam@-example.com",
        "zoë@example.com",
        f"{'x' * 65}@example.com",
        f"sam@{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 63}.{'x' * 20}",
    ],
)
def test_anything_else_is_not(address: str) -> None:
    with pytest.raises(AddressError, match=r"^the address is not a mail address$"):
        mailbox(address)


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("shop@example.com", "", "shop@example.com"),
        ("<shop@example.com>", "", "shop@example.com"),
        ("Sample Shop <shop@example.com>", "Sample Shop", "shop@example.com"),
        ('"Lamps, Cups & Co." <shop@example.com>', "Lamps, Cups & Co.", "shop@example.com"),
    ],
)
def test_a_sender_is_an_address_with_or_without_a_name(text: str, name: str, address: str) -> None:
    found = parse_mailbox(text)
    assert (found.display_name, found.addr_spec) == (name, address)


@pytest.mark.parametrize("text", ["", "Shop", "Shop <shop>", "Shop <shop@example.com> more", "a <b@c> <d@e>"])
def test_a_sender_that_is_none(text: str) -> None:
    with pytest.raises(AddressError):
        parse_mailbox(text)
