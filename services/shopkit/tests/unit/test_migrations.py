from __future__ import annotations

from pathlib import Path

import pytest

from shopkit.migrations import Migration, MigrationError, newest_version, pending, read_migrations

FIRST = Migration("0001", "first", "SELECT 1")
SECOND = Migration("0002", "second", "SELECT 2")


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text("SELECT 1")
    return folder


def test_files_are_read_in_their_order(tmp_path: Path) -> None:
    found = read_migrations(write(tmp_path, "0002_b.sql", "0001_a.sql", "README.md"))
    assert [(migration.version, migration.name) for migration in found] == [("0001", "a"), ("0002", "b")]
    assert newest_version(tmp_path) == "0002"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "no migrations in"),
        (("1_a.sql",), "1_a.sql: name it NNNN_name.sql"),
        (("0001_A.sql",), "0001_A.sql: name it NNNN_name.sql"),
        (("0001_a.sql", "0003_c.sql"), "0003_c.sql: expected number 0002 here"),
        (("0001_a.sql", "0001_b.sql"), "0001_b.sql: expected number 0002 here"),
    ],
)
def test_files_that_do_not_fit_together_are_refused(tmp_path: Path, names: tuple[str, ...], message: str) -> None:
    with pytest.raises(MigrationError, match=message):
        read_migrations(write(tmp_path, *names))


def test_only_what_is_new_is_pending() -> None:
    assert pending([FIRST, SECOND], []) == [FIRST, SECOND]
    assert pending([FIRST, SECOND], [("0001", FIRST.checksum)]) == [SECOND]
    assert pending([FIRST], [("0001", FIRST.checksum)]) == []


def test_a_database_of_a_later_release_is_fine() -> None:
    assert pending([FIRST], [("0001", FIRST.checksum), ("0002", SECOND.checksum)]) == []


def test_a_changed_file_is_refused() -> None:
    with pytest.raises(MigrationError, match=r"0001_first.sql was changed after it was applied"):
        pending([FIRST, SECOND], [("0001", SECOND.checksum)])


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(MigrationError, match="migrations 0001 were applied but their files are missing"):
        pending([SECOND], [("0001", FIRST.checksum)])
