"""Drawings of products."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from products.picture import draw

SVG = "{http://www.w3.org/2000/svg}"


def test_a_product_always_looks_the_same() -> None:
    assert draw("Desk Lamp", "lighting") == (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" role="img"><title>Desk Lamp</title>'
        '<rect width="200" height="200" fill="hsl(27,45%,90%)"/>'
        '<circle cx="62" cy="84" r="81" fill="hsl(27,50%,82%)"/>'
        '<path fill="hsl(27,45%,40%)" fill-rule="evenodd" d="M70 50h60l20 45H50z"/>'
        '<path fill="hsl(232,55%,45%)" d="M96 95h8v50h-8zM70 145h60v8H70z"/>'
        "</svg>\n"
    )


def test_other_products_look_different() -> None:
    pictures = {draw("Desk Lamp", "lighting"), draw("Floor Lamp", "lighting"), draw("Desk Lamp", None)}
    assert len(pictures) == 3


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("a & b \" ' ]]>", "a & b \" ' ]]>"),
        ("bell\x07 and \ufffe", "bell and "),
        ("茶 🫖", "茶 🫖"),
    ],
)
def test_a_name_is_only_text(name: str, title: str) -> None:
    root = ET.fromstring(draw(name, "cups"))  # noqa: S314 our own text, and the parser's refusal would be a failure
    assert [element.tag for element in root] == [SVG + tag for tag in ("title", "rect", "circle", "path", "path")]
    assert root[0].text == title
