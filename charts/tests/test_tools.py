"""The tools: generated files agree with the model, dependencies are built when they must be."""

from pathlib import Path

import pytest

from charts.tests.helm import CHARTS, Helm, cases
from charts.tools.deps import ChartError, build_dependencies, find_helm
from charts.tools.generate import render_files, stale_files
from charts.tools.model import load_model

LEAF = "apiVersion: v2\nname: {name}\nversion: 1.0.0\n"
NEEDS = "dependencies: [{{name: {needs}, version: 1.0.0, repository: file://../{needs}}}]\n"


def test_generated_files_are_up_to_date() -> None:
    assert stale_files(CHARTS) == []


def test_no_values_file_is_left_over() -> None:
    generated = render_files(load_model())
    present = {str(file.relative_to(CHARTS)) for _, file in cases()}
    assert {name for name in generated if "/ci/" in name} == present


def test_readme_has_every_value() -> None:
    text = (CHARTS / "gateway" / "README.md").read_text()
    assert '| `service.type` | `"ClusterIP"` | `ClusterIP`, `NodePort` or `LoadBalancer`. |' in text
    assert text.count("\n| `") == 64


def test_an_incomplete_value_is_named(tmp_path: Path) -> None:
    (tmp_path / "charts.yaml").write_text(
        "{version: 1.0.0, kubeVersion: '>=1', keywords: [], changes: [], a: {description: A., values: v}}"
    )
    (tmp_path / "fragments.yaml").write_text("{}")
    (tmp_path / "v.yaml").write_text("{x: {doc: X., fields: {y: {doc: Y., default: 1}}}}")
    with pytest.raises(ChartError, match=r"a: x\.y: needs `doc` and either `fields` or both `default` and `schema`"):
        load_model(tmp_path)


def make_charts(folder: Path, **needs: str) -> None:
    """Write charts: name -> the chart that it needs, or nothing."""
    for name, need in needs.items():
        (folder / name / "templates").mkdir(parents=True)
        text = LEAF.format(name=name) + (NEEDS.format(needs=need) if need else "")
        (folder / name / "Chart.yaml").write_text(text)


def test_dependencies_are_built_leaves_first_and_once(tmp_path: Path, helm: Helm) -> None:
    make_charts(tmp_path, top="middle", middle="leaf", leaf="", apart="")
    assert build_dependencies(tmp_path, helm.program) == ["middle", "top"]
    assert build_dependencies(tmp_path, helm.program) == []
    (tmp_path / "leaf" / "templates" / "a.yaml").write_text("a: 1\n")
    assert build_dependencies(tmp_path, helm.program) == ["middle", "top"]
    (tmp_path / "middle" / "templates" / "a.yaml").write_text("a: 1\n")
    assert build_dependencies(tmp_path, helm.program) == ["top"]


def test_a_package_that_is_gone_is_built_again(tmp_path: Path, helm: Helm) -> None:
    make_charts(tmp_path, top="leaf", leaf="")
    build_dependencies(tmp_path, helm.program)
    (tmp_path / "top" / "charts" / "leaf-1.0.0.tgz").unlink()
    assert build_dependencies(tmp_path, helm.program) == ["top"]


def test_a_circle_is_named(tmp_path: Path, helm: Helm) -> None:
    make_charts(tmp_path, one="two", two="one", leaf="")
    with pytest.raises(ChartError, match="these charts need each other or a chart that is not there: one, two"):
        build_dependencies(tmp_path, helm.program)


def test_a_failing_helm_is_quoted(tmp_path: Path, helm: Helm) -> None:
    make_charts(tmp_path, top="leaf", leaf="")
    (tmp_path / "leaf" / "Chart.yaml").write_text("name: leaf\n")
    with pytest.raises(ChartError, match=r"dependency build .*top` failed: Error"):
        build_dependencies(tmp_path, helm.program)


def test_a_missing_helm_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("HELM", raising=False)
    with pytest.raises(ChartError, match="helm is not there: install Helm"):
        find_helm()
