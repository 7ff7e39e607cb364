"""Every chart with every values file: lint, Kubernetes schemas, form of the objects."""

import re
import resource
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import kubernetes_validate
import pytest

from charts.tests.helm import CHARTS, NAMES, Helm, Object, case_name, cases, load
from charts.tests.objects import leaves, title

VERSIONS = ("1.32", "1.37")
# Kinds of others, whose schemas are not Kubernetes' own.
FOREIGN = {"PodMonitor"}
COMPONENTS = {"service", "migration", "catalog", "gateway", "database", "broker", "mail"}
WAVES = {
    "ServiceAccount": "10",
    "ConfigMap": "10",
    "Service": "10",
    "NetworkPolicy": "10",
    "StatefulSet": "20",
    "Job": "40",
    "Deployment": "50",
    "HorizontalPodAutoscaler": "70",
    "PodDisruptionBudget": "70",
    "PodMonitor": "70",
}


@pytest.fixture(scope="module", autouse=True)
def schemas_read_once() -> Iterator[None]:
    """The validator looks for its large files and reads them for each object; once takes a tenth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("all_versions", "schema_contents"):
            patch.setattr(kubernetes_validate.utils, name, cache(getattr(kubernetes_validate.utils, name)))
        yield


MATRIX = pytest.mark.parametrize(("chart", "values"), cases(), ids=case_name)


def test_matrix_holds_every_chart() -> None:
    assert {chart for chart, _ in cases()} == set(NAMES)
    assert len(cases()) == 55


def test_a_shop_is_rendered_quickly(helm: Helm) -> None:
    """The operator renders on each change. Processor time, since other work may be in the way of this."""
    costs = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert helm.try_template("shop", {}).ok
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert min(costs) <= 0.25


@MATRIX
def test_lint(helm: Helm, chart: str, values: Path) -> None:
    outcome = helm.run("lint", "--strict", "--quiet", str(CHARTS / chart), "-f", str(values))
    assert outcome.ok, outcome.output


@pytest.mark.parametrize("version", VERSIONS)
@MATRIX
def test_kubernetes_accepts_the_fields(helm: Helm, chart: str, values: Path, version: str) -> None:
    for item in helm.template(chart, load(values)):
        if item["kind"] not in FOREIGN:
            kubernetes_validate.validate(item, version, strict=True)


@MATRIX
def test_every_object_is_labelled_and_has_its_wave(helm: Helm, chart: str, values: Path) -> None:
    given = load(values)
    shop = given.get("global", {}).get("shop", "demo")
    for item in helm.template(chart, given):
        metadata = item["metadata"]
        labels = metadata["labels"]
        assert metadata["name"].startswith(f"{shop}-{labels['app.kubernetes.io/name']}"), title(item)
        assert metadata["namespace"] == "test"
        assert labels["app.kubernetes.io/instance"] == shop
        assert labels["app.kubernetes.io/part-of"] == "shopkeeper"
        assert labels["app.kubernetes.io/managed-by"] == given.get("global", {}).get("managedBy", "Helm")
        assert labels["app.kubernetes.io/component"] in COMPONENTS
        assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?", labels["app.kubernetes.io/version"])
        assert metadata["annotations"] == {"shopkeeper.dev/wave": wave_of(item)}, title(item)


def wave_of(item: Object) -> str:
    """Return the wave that an object must have."""
    if item["kind"] == "Deployment" and item["metadata"]["labels"]["app.kubernetes.io/name"] == "gateway":
        return "60"
    if item["kind"] == "Job" and item["metadata"]["labels"]["app.kubernetes.io/name"] == "catalog":
        return "55"
    return WAVES[item["kind"]]


# Where an empty collection says something: any namespace.
MEANT_EMPTY = re.compile(r"spec\.ingress\[\d+]\.from\[\d+]\.namespaceSelector")
QUANTITY = re.compile(r"\.(requests|limits)\.[a-z-]+$")


@MATRIX
def test_objects_have_the_form_in_which_the_api_server_stores_them(helm: Helm, chart: str, values: Path) -> None:
    for item in helm.template(chart, load(values)):
        for path, value in leaves(item):
            assert value not in (None, {}, []) or MEANT_EMPTY.fullmatch(path), f"{title(item)} {path} is empty"
            assert value != "" or path.startswith("data."), f"{title(item)} {path} is empty"
            if QUANTITY.search(path):
                assert isinstance(value, str), f"{title(item)} {path}: {value!r} is no string"
                assert value == canonical(value), f"{title(item)} {path}: {value}"


def canonical(quantity: str) -> str:
    """Return a quantity as the API server writes it: the largest unit that leaves a whole number."""
    parts = re.fullmatch(r"(\d+)([A-Za-z]*)", quantity)
    assert parts, quantity
    number, unit = parts.groups()
    binary, decimal = ["", "Ki", "Mi", "Gi", "Ti"], ["m", "", "k", "M", "G", "T"]
    units, base = (binary, 1024) if unit.endswith("i") else (decimal, 1000)
    amount, index = int(number), units.index(unit)
    while amount and amount % base == 0 and index + 1 < len(units):
        amount, index = amount // base, index + 1
    return f"{amount}{units[index]}"


@pytest.mark.parametrize(
    ("resource", "given", "stored"),
    [
        ("cpu", "1000m", "1"),
        ("cpu", "1500m", "1500m"),
        ("cpu", 2, "2"),
        ("cpu", 0.25, "250m"),
        ("cpu", "0.29", "290m"),
        ("cpu", "3.0", "3"),
        ("memory", "1024Mi", "1Gi"),
        ("memory", "1536Mi", "1536Mi"),
        ("memory", "1048576Ki", "1Gi"),
        ("memory", "2000M", "2G"),
        ("memory", "134217728", "134217728"),
        ("memory", "128000000", "128M"),
    ],
)
def test_quantities_are_rewritten(helm: Helm, resource: str, given: object, stored: str) -> None:
    objects = helm.template("users", {"resources": {"requests": {resource: given}}})
    deployment = next(item for item in objects if item["kind"] == "Deployment")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"][resource] == stored
