from pathlib import Path

from e2e.support.namespaces import Run, lives


def test_a_run_lives_as_long_as_its_process_holds_the_lock(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert lives(tmp_path, run.name)
    run._file.close()
    assert not lives(tmp_path, run.name)
    assert list(tmp_path.iterdir()) == []


def test_a_run_of_which_nothing_is_left_does_not_live(tmp_path: Path) -> None:
    assert not lives(tmp_path, "123-abcdef")
    assert list(tmp_path.iterdir()) == []
