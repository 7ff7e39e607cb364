"""Where a form may lead to."""

from __future__ import annotations

import pytest

from storefront import targets


@pytest.mark.parametrize("target", ["/", "/checkout", "/c/desk-lamps?min=5&after=a_b-c", "/p/1", "/search?q=%C3%A9"])
def test_paths_of_the_shop_are_followed(target: str) -> None:
    assert targets.local(target, "/home") == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "checkout",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\tevil",
        "/a\nSet-Cookie: x=1",
        "/ /evil.example",
        "/%0d\n",
        "/a#//evil",
        "/" + "a" * 500,
        "/ü",
        "/?q=<script>",
    ],
)
def test_everything_else_is_not(target: str | None) -> None:
    assert targets.local(target, "/home") == "/home"
