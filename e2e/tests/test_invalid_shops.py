"""The API server refuses a wrong Shop with a sentence that a person understands, and nothing changes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.support.kubectl import Kubectl

pytestmark = pytest.mark.e2e

INVALID = sorted((Path(__file__).parents[2] / "operator" / "tests" / "invalid").glob("*.yaml"))


def load(path: Path) -> dict[str, Any]:
    """Return an example: the Shop and the sentence that refuses it."""
    example: dict[str, Any] = yaml.safe_load(path.read_text())
    return example


def test_there_are_at_least_ten_kinds() -> None:
    assert len(INVALID) >= 10


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_invalid_shop_is_refused(namespace: Kubectl, path: Path) -> None:
    example = load(path)
    if "before" in example:
        # Paused: what is refused is the change of the object, whether its pods run or not.
        namespace.apply(example["before"] | {"spec": {**example["before"]["spec"], "paused": True}})

    refused = namespace.run("apply", "-f", "-", stdin=yaml.safe_dump(example["shop"]))

    assert refused.returncode != 0
    for words in example["refusedWith"]:
        assert words in refused.stderr
    if "before" not in example:
        assert namespace.list("shops") == []
    else:
        namespace("delete", "shop", example["before"]["metadata"]["name"])
