"""The OCI runtime that asks for no more than there is."""

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.cluster import bounded, engine

ALL = (1 << 41) - 1
SYS_RESOURCE = 1 << 24


def test_the_bounding_set_is_read_from_proc() -> None:
    assert bounded.bounding_set("CapEff:\t0\nCapBnd:\t000001fffeffffff\n") == ALL & ~SYS_RESOURCE
    with pytest.raises(ValueError, match="no CapBnd line"):
        bounded.bounding_set("Name:\tx\n")


def test_capabilities_have_their_kernel_numbers() -> None:
    assert bounded.names(1 | 1 << 21 | 1 << 40) == {"CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_CHECKPOINT_RESTORE"}
    assert len(bounded.names(ALL)) == 41


def test_a_full_set_needs_no_wrapper() -> None:
    assert engine.is_full(ALL, 40)
    assert engine.is_full((1 << 64) - 1, 40)
    assert not engine.is_full(ALL & ~SYS_RESOURCE, 40)


@pytest.fixture
def process() -> dict[str, Any]:
    capabilities = {"bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE"], "ambient": None}
    return {"args": ["sh"], "capabilities": capabilities, "oomScoreAdj": -500}


def test_what_cannot_be_had_is_taken_out(process: dict[str, Any]) -> None:
    bounded.bound(process, {"CAP_CHOWN"})
    assert process == {"args": ["sh"], "capabilities": {"bounding": ["CAP_CHOWN"], "ambient": []}}


def test_what_can_be_had_stays(process: dict[str, Any]) -> None:
    bounded.bound(process, bounded.names(ALL))
    assert process["capabilities"]["bounding"] == ["CAP_CHOWN", "CAP_SYS_RESOURCE"]
    assert process["oomScoreAdj"] == -500


def test_a_process_without_capabilities_is_left_alone() -> None:
    process: dict[str, Any] = {"oomScoreAdj": 100}
    bounded.bound(process, set())
    assert process == {"oomScoreAdj": 100}


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--root", "/r", "create", "--bundle", "/b", "id"], (Path("/b/config.json"), True)),
        (["run", "-b", "/b", "id"], (Path("/b/config.json"), True)),
        (["create", "--bundle=/b", "id"], (Path("/b/config.json"), True)),
        (["--log", "/l", "exec", "--process", "/p.json", "--detach", "id"], (Path("/p.json"), False)),
        (["exec", "-p", "/p.json", "id"], (Path("/p.json"), False)),
        (["delete", "--force", "id"], None),
        (["state", "id"], None),
    ],
)
def test_the_file_of_the_process_is_found(args: list[str], expected: tuple[Path, bool] | None) -> None:
    assert bounded.target(args) == expected


def test_a_bundle_is_rewritten_in_place(tmp_path: Path, process: dict[str, Any]) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"ociVersion": "1", "process": process}))
    bounded.rewrite(config, True, {"CAP_CHOWN"})
    assert json.loads(config.read_text())["process"]["capabilities"]["bounding"] == ["CAP_CHOWN"]
    assert json.loads(config.read_text())["ociVersion"] == "1"
