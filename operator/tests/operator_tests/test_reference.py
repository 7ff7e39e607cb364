"""The committed Shop reference is the one that the code makes."""

from pathlib import Path

from shopkeeper_operator import reasons, reference

DOCUMENT = Path(__file__).parents[3] / "docs" / "shop.md"


def test_committed_reference_is_up_to_date() -> None:
    assert DOCUMENT.read_text() == reference.render(), "run `make generate`"


def test_every_reason_is_explained() -> None:
    text = reference.render()

    assert [reason.name for reason in reasons.ALL if f"| `{reason.name}` |" not in text] == []
