"""The build context: the same files that Docker sees, and one digest of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from e2e.cluster import context

ROOT = Path(__file__).parents[3]
RULES = """\
# only what images need
*
!services
!charts
**/__pycache__
**/.*
**/*.md
charts/*/charts
services/*/tests
"""


def tree(root: Path, *files: str) -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / context.IGNORE_FILE).write_text(RULES)
    return root


def seen(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in context.visible(root)]


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("Makefile", True),
        (".venv/lib/flask.py", True),
        ("services", False),
        ("services/users/users/app.py", False),
        ("services/users/tests", True),
        ("services/users/tests/unit/test_app.py", True),
        ("services/users/users/tests_helper.py", False),
        ("services/users/users/__pycache__/app.pyc", True),
        ("services/README.md", True),
        ("services/users/.coverage", True),
        ("charts/shop/charts/users.tgz", True),
        ("charts/shop/templates/tests/order.yaml", False),
        ("my-services/app.py", True),
    ],
)
def test_the_last_rule_that_matches_a_path_or_its_folder_decides(path: str, hidden: bool) -> None:
    assert context.ignored(path, context.parse(RULES)) is hidden


def test_a_rule_that_lets_in_part_of_a_hidden_folder_is_refused() -> None:
    with pytest.raises(ValueError, match=r"!docs/keep\.md"):
        context.parse("*\n!docs/keep.md\n")


def test_only_visible_files_are_walked_in_order(tmp_path: Path) -> None:
    tree(tmp_path, "b.txt", "services/b.py", "services/a.py", "services/x/tests/t.py", "charts/shop/Chart.yaml")
    assert seen(tmp_path) == ["charts/shop/Chart.yaml", "services/a.py", "services/b.py"]


def test_the_digest_depends_on_names_contents_mode_and_extras_of_visible_files_alone(tmp_path: Path) -> None:
    first = tree(tmp_path / "first", "services/a.py", "services/b.sh", "notes.txt")
    second = tree(tmp_path / "second", "services/b.sh", "services/a.py", "services/a/tests/test_a.py")
    reference = context.digest(first, "helm v4.3.1")
    assert context.digest(second, "helm v4.3.1") == reference
    assert context.digest(second, "helm v4.3.2") != reference

    (second / "services/b.sh").chmod(0o755)
    executable = context.digest(second, "helm v4.3.1")
    assert executable != reference
    (second / "services/b.sh").chmod(0o644)
    (second / "services/a.py").write_text("changed")
    assert context.digest(second, "helm v4.3.1") not in {reference, executable}
    (second / "services/a.py").rename(second / "services/c.py")
    (second / "services/c.py").write_text("services/a.py")
    assert context.digest(second, "helm v4.3.1") != reference


def test_a_build_sees_nothing_that_git_ignores_and_no_test() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in context.visible(ROOT)]
    command = ["git", "-C", str(ROOT), "check-ignore", "--stdin"]
    checked = subprocess.run(command, input="\n".join(names), capture_output=True, text=True, check=False)
    assert checked.stdout.split() == []
    assert [name for name in names if "/test_" in name or name.endswith(("conftest.py", ".md"))] == []
    assert {name.partition("/")[0] for name in names} == {"charts", "images", "operator", "services"}
