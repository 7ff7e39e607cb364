"""Makes the files of the charts from the model."""

from pathlib import Path

from charts.tools.model import SOURCE, Chart, Model, load_model
from charts.tools.writers import NOTICE, chart_file, readme_file, schema_file, values_file

HELMIGNORE = "# What is not part of the packed chart.\nci/\ncharts/.built-from\n*.tmp\n"


def render_files(model: Model) -> dict[str, str]:
    """Return path below `charts/` -> content of every generated file."""
    return {f"{chart.name}/{name}": text for chart in model.charts for name, text in _chart_files(chart, model).items()}


def stale_files(charts: Path) -> list[Path]:
    """Return the generated files that are not as the model says."""
    wanted = {charts / name: text for name, text in render_files(load_model()).items()}
    return [path for path, text in wanted.items() if not path.is_file() or path.read_text() != text]


def write_files(charts: Path) -> list[Path]:
    """Write the generated files that differ and return them."""
    wanted = {charts / name: text for name, text in render_files(load_model()).items()}
    stale = stale_files(charts)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path])
    return stale


def _chart_files(chart: Chart, model: Model) -> dict[str, str]:
    files = {"Chart.yaml": chart_file(chart, model), ".helmignore": HELMIGNORE}
    if chart.values:
        files["values.yaml"] = values_file(chart)
        files["values.schema.json"] = schema_file(chart)
        files["README.md"] = readme_file(chart)
        # The matrix of values that the chart is tested with: one for all charts with the same values.
        for file in sorted((SOURCE / "ci" / chart.matrix).glob("*.yaml")):
            files[f"ci/{file.stem}-values.yaml"] = f"# {NOTICE}\n{file.read_text()}"
    return files
