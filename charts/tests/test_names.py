"""Names, selectors, images: two shops never meet, and an upgrade changes what it must and nothing else."""

import shutil
from pathlib import Path

import pytest
import yaml

from charts.tests.helm import CHARTS, NAMES, SERVICES, Helm, Object, load, parse
from charts.tests.objects import containers, matches, named, of_kind, pods, title
from charts.tools.deps import build_dependencies

PARTS = tuple(name for name in NAMES if name != "shop")
HEADLESS = {"recommendations", "storefront-pods", "rabbitmq-nodes"}
DIGEST = "sha256:" + "0123456789abcdef" * 4


def selectors(objects: list[Object]) -> list[tuple[str, Object]]:
    """Return every selector of pods with the title of what holds it."""
    found = [(title(o), {"matchLabels": o["spec"]["selector"]}) for o in of_kind(objects, "Service")]
    kinds = ("Deployment", "StatefulSet", "PodDisruptionBudget", "PodMonitor")
    found += [(title(o), o["spec"]["selector"]) for o in of_kind(objects, *kinds)]
    return found + [(title(o), o["spec"]["podSelector"]) for o in of_kind(objects, "NetworkPolicy")]


def test_selectors_hold_the_shop(helm: Helm) -> None:
    found = selectors(helm.template("shop", load(CHARTS / "shop/ci/large-values.yaml")))
    assert len(found) == 66
    for holder, selector in found:
        assert selector.keys() == {"matchLabels"}, holder
        assert selector["matchLabels"].keys() == {"app.kubernetes.io/name", "app.kubernetes.io/instance"}, holder
        assert selector["matchLabels"]["app.kubernetes.io/instance"] == "demo", holder


def test_every_selector_selects_exactly_its_pods(helm: Helm) -> None:
    objects = helm.template("shop")
    for holder, selector in selectors(objects):
        name = selector["matchLabels"]["app.kubernetes.io/name"]
        selected = {pod for pod, template in pods(objects) if matches(selector, template["metadata"]["labels"])}
        assert len(selected) == 1, f"{holder} selects {selected}"
        assert f"/demo-{name}" in selected.pop(), holder


def test_services_lead_to_ports_that_exist(helm: Helm) -> None:
    objects = helm.template("shop")
    ports = {
        holder.partition("/")[2]: {port["name"] for port in one["ports"]}
        for holder, one in containers(objects)
        if "ports" in one
    }
    for service in of_kind(objects, "Service"):
        name = service["metadata"]["name"].removesuffix("-nodes").removesuffix("-pods")
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports[name]


def test_services_without_an_address_lead_to_the_ports_of_the_pods(helm: Helm) -> None:
    objects = helm.template("shop")
    numbers = {
        (holder.partition("/")[2], port["name"]): port["containerPort"]
        for holder, one in containers(objects)
        for port in one.get("ports", [])
    }
    for service in of_kind(objects, "Service"):
        if service["spec"].get("clusterIP") == "None":
            name = service["metadata"]["name"].removesuffix("-nodes").removesuffix("-pods")
            assert all(port["port"] == numbers[name, port["targetPort"]] for port in service["spec"]["ports"])


def test_service_ports(helm: Helm) -> None:
    objects = helm.template("shop")
    special = {
        "gateway": [80, 443],
        "postgres": [5432],
        "rabbitmq": [5672, 15692],
        "rabbitmq-nodes": [4369, 25672],
        "recommendations": [8080, 8081, 9090],
        "storefront-pods": [8080],
        "mail": [80, 1025],
    }
    for part in {*SERVICES, *special}:
        spec = named(objects, "Service", f"demo-{part}")["spec"]
        assert spec["type"] == "ClusterIP"
        assert [port["port"] for port in spec["ports"]] == special.get(part, [80, 9090])
        assert (spec.get("clusterIP") == "None") == (part in HEADLESS)


def test_two_shops_share_no_name(helm: Helm) -> None:
    def names(release: str) -> set[str]:
        return {title(item) for item in helm.template("shop", release=release)}

    # The second shop's name begins like a name of the first one.
    assert not names("demo") & names("demo-users")
    assert len(names("demo")) == len(helm.template("shop"))


def test_charts_alone_make_the_same_objects_as_together(helm: Helm) -> None:
    def by_title(objects: list[Object]) -> dict[str, Object]:
        return {title(item): item for item in objects}

    values = {"global": {"shop": "demo"}}
    alone = [item for name in PARTS for item in helm.template(name, values, release=f"release-{name}")]
    assert by_title(alone) == by_title(helm.template("shop"))


@pytest.mark.parametrize(
    ("values", "image"),
    [
        ({}, "shopkeeper/users:0.1.0"),
        ({"global": {"imageTag": "2.0.0"}}, "shopkeeper/users:2.0.0"),
        ({"global": {"imageTag": "2.0.0"}, "image": {"tag": "2.0.1"}}, "shopkeeper/users:2.0.1"),
        ({"image": {"tag": "2.0.1", "digest": DIGEST}}, f"shopkeeper/users@{DIGEST}"),
        ({"global": {"imageRegistry": "mirror.example.com:5000"}}, "mirror.example.com:5000/shopkeeper/users:0.1.0"),
    ],
)
def test_image(helm: Helm, values: Object, image: str) -> None:
    assert {container["image"] for _, container in containers(helm.template("users", values))} == {image}


def test_a_long_tag_is_cut_to_a_label(helm: Helm) -> None:
    tag = "x" * 62 + "-" + "y" * 20
    (deployment,) = of_kind(helm.template("users", {"image": {"tag": tag}}), "Deployment")
    assert deployment["metadata"]["labels"]["app.kubernetes.io/version"] == "x" * 62


@pytest.mark.parametrize("release", ["a" * 31, "demo.shop", "1shop"])
def test_shop_names_that_would_break_others_are_refused(helm: Helm, release: str) -> None:
    outcome = helm.try_template("shop", {}, release=release)
    assert not outcome.ok
    wanted = f'the shop name "{release}" (release name or global.shop) must be 1 to 30 lower-case letters'
    assert wanted in outcome.output


def test_a_shop_name_of_thirty_letters_fits(helm: Helm) -> None:
    release = "a" * 30
    assert max(len(item["metadata"]["name"]) for item in helm.template("shop", release=release)) == 63


def test_a_new_chart_alone_changes_nothing(helm: Helm, tmp_path: Path) -> None:
    """An operator's upgrade brings a new chart; the pods of shops that stay on their release must not notice."""
    for name in (*NAMES, "service"):
        shutil.copytree(CHARTS / name, tmp_path / name, ignore=shutil.ignore_patterns("charts"))
        chart = yaml.safe_load((tmp_path / name / "Chart.yaml").read_text())
        chart.update(version="9.9.9", appVersion="9.9.9")
        for dependency in chart.get("dependencies", []):
            dependency["version"] = "9.9.9"
        (tmp_path / name / "Chart.yaml").write_text(yaml.safe_dump(chart))
    build_dependencies(tmp_path, helm.program)
    flags = ("--namespace", "test", "--no-hooks", "--set", "global.imageTag=0.1.0")
    new = helm.run("template", "demo", str(tmp_path / "shop"), *flags)
    assert new.ok, new.output
    assert parse(new.output) == helm.template("shop")
