"""skaffold.yaml, checked without skaffold: everything that it names exists, and it misses no image."""

from __future__ import annotations

import re
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.cluster import images

ROOT = Path(__file__).parents[3]
Config = dict[str, Any]
CONFIGS: list[Config] = list(yaml.safe_load_all((ROOT / "skaffold.yaml").read_text(encoding="utf-8")))
ARTIFACTS: list[Config] = [artifact for config in CONFIGS for artifact in config["build"]["artifacts"]]
BUILT = [artifact for artifact in ARTIFACTS if "docker" in artifact]
RELEASES: list[Config] = [release for config in CONFIGS for release in config["deploy"]["helm"]["releases"]]


def name(item: Config) -> str:
    return str(item.get("image") or item["name"])


def chart_values(chart: Path) -> Config:
    """The values of a chart with those of its subcharts below their names, as Helm sees them."""
    own: Config = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))
    for dependency in yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8")).get("dependencies", []):
        folder = chart / dependency["repository"].removeprefix("file://")
        if (folder / "values.yaml").exists():
            below = own.get(dependency.get("alias", dependency["name"])) or {}
            own[dependency.get("alias", dependency["name"])] = chart_values(folder) | below
    return own


def test_every_document_is_a_config_of_the_current_schema_with_its_own_name() -> None:
    assert {config["kind"] for config in CONFIGS} == {"Config"}
    assert [
        config["apiVersion"] for config in CONFIGS if not re.fullmatch(r"skaffold/v4beta\d+", config["apiVersion"])
    ] == []
    names = [config["metadata"]["name"] for config in CONFIGS]
    assert len(set(names)) == len(names)


def test_it_builds_exactly_our_images() -> None:
    expected = [f"{images.REPOSITORY}/{image.name}" for image in images.IMAGES]
    assert sorted(name(artifact) for artifact in BUILT) == sorted(expected)


@pytest.mark.parametrize("artifact", BUILT, ids=name)
def test_an_image_is_built_as_by_make(artifact: Config) -> None:
    image = next(one for one in images.IMAGES if artifact["image"] == f"{images.REPOSITORY}/{one.name}")
    assert artifact.get("context", ".") == "."
    assert artifact["docker"]["dockerfile"] == f"images/{image.folder}/Dockerfile"
    arguments = images.build_arguments(image, images.version(ROOT), "")
    given = {**artifact["docker"]["buildArgs"], **{needed["alias"]: "" for needed in artifact.get("requires", [])}}
    assert given == dict(value.split("=", 1) for value in arguments if value != "--build-arg")


@pytest.mark.parametrize("artifact", BUILT, ids=name)
def test_a_build_argument_is_one_of_the_dockerfile(artifact: Config) -> None:
    dockerfile = (ROOT / artifact["docker"]["dockerfile"]).read_text(encoding="utf-8")
    declared = set(re.findall(r"^ARG (\w+)", dockerfile, re.MULTILINE))
    assert set(artifact["docker"]["buildArgs"]) <= declared
    assert {needed["alias"] for needed in artifact.get("requires", [])} <= declared


def test_every_required_image_and_every_dependency_exists() -> None:
    known = {name(artifact) for artifact in ARTIFACTS}
    assert {needed["image"] for one in ARTIFACTS for needed in one.get("requires", [])} <= known
    paths = [path for one in ARTIFACTS for path in one.get("custom", {}).get("dependencies", {}).get("paths", [])]
    assert [path for path in paths if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("release", RELEASES, ids=name)
def test_a_release_sets_values_that_its_chart_has_from_images_that_are_built(release: Config) -> None:
    chart = ROOT / release["chartPath"]
    values = chart_values(chart)
    built = {re.sub(r"\W", "_", name(artifact)) for artifact in BUILT}
    for key, template in release["setValueTemplates"].items():
        reduce(lambda node, part: node[part], key.split("."), values)
        used = re.fullmatch(r"\{\{\.IMAGE_(?:REPO|TAG)_(\w+)\}\}", template)
        assert used is not None, template
        assert used.group(1) in built


def test_every_image_of_a_chart_is_the_one_that_was_built() -> None:
    templates = {template for release in RELEASES for template in release["setValueTemplates"].values()}
    wanted = {re.sub(r"\W", "_", name(artifact)) for artifact in BUILT}
    assert templates == {f"{{{{.IMAGE_{what}_{image}}}}}" for image in wanted for what in ("REPO", "TAG")}


def module_file(module: str) -> Path:
    path = ROOT / module.replace(".", "/")
    return path / "__main__.py" if path.is_dir() else path.with_suffix(".py")


def test_commands_run_modules_that_exist() -> None:
    hooks = [hook for config in CONFIGS for hook in config["deploy"]["helm"].get("hooks", {}).get("before", [])]
    commands = [one["custom"]["buildCommand"].split() for one in ARTIFACTS if "custom" in one]
    commands += [hook["host"]["command"] for hook in hooks]
    assert [command[:2] for command in commands if command[:2] != ["python3", "-m"]] == []
    assert [command[2] for command in commands if not module_file(command[2]).is_file()] == []
