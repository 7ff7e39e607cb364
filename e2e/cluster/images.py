"""Our images: what they are, the tag of this source tree, and getting them to a cluster.

The tag is made of the content (`0.1.0-g<digest of the build context>`), so an image that exists under it needs no
look inside: a second run builds nothing and loads nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster import context, helm_image, loading
from e2e.cluster.docker import Docker
from e2e.cluster.paths import Paths
from e2e.cluster.progress import Progress
from e2e.cluster.shell import CommandFailed, Problem
from e2e.cluster.tools import Tools, versions

SERVICES = (
    "users",
    "products",
    "inventory",
    "orders",
    "payments",
    "notifications",
    "recommendations",
    "storefront",
)
REPOSITORY = "shopkeeper"
KIND_CONTEXT = "kind-"
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
CA_VARIABLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
PARALLEL_BUILDS = 4
"""Downloads of one image overlap with the compiling of another; BuildKit does a step that two need only once."""


@dataclass(frozen=True)
class Image:
    """One of our images: its name, and the Dockerfile folder below `images/` it is built from."""

    name: str
    folder: str

    def reference(self, tag: str, registry: str = "") -> str:
        """The name under which it is pulled: `[<registry>/]shopkeeper/<name>:<tag>`."""
        return "/".join([*filter(None, [registry.strip("/")]), REPOSITORY, f"{self.name}:{tag}"])


IMAGES = (
    *(Image(service, "service") for service in SERVICES),
    *(Image(name, name) for name in ("operator", "gateway", "postgres", "rabbitmq")),
)


def version(root: Path) -> str:
    """The release version: the appVersion of `charts/shop`. Raises Problem where the chart states none."""
    chart = root / "charts" / "shop" / "Chart.yaml"
    found = re.search(r'^appVersion:\s*"?([^"\s#]+)', chart.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise Problem(f"{chart} has no appVersion: it is the version of the release")
    return found.group(1)


def release_tag(root: Path) -> str:
    """The tag of this source tree: the same files give the same tag, on every machine."""
    module = (root / "images" / "offline" / "tools" / "go.mod").read_text(encoding="utf-8")
    helm = versions(module)[helm_image.MODULE]
    return f"{version(root)}-g{context.digest(root, f'helm {helm}')[:12]}"


def build_arguments(image: Image, release: str, tools: str) -> list[str]:
    """The `--build-arg` options of an image."""
    values = {"VERSION": release}
    if image.folder == "service":
        values["SERVICE"] = image.name
    if image.folder == "operator":
        values["TOOLS_IMAGE"] = tools
    return [part for name, value in values.items() for part in ("--build-arg", f"{name}={value}")]


def ca_secret(environ: Mapping[str, str], default: Path = CA_BUNDLE) -> list[str]:
    """The `--secret` option with this machine's CA bundle, where it has one."""
    for candidate in (*(environ.get(name, "") for name in CA_VARIABLES), str(default)):
        if candidate and Path(candidate).is_file():
            return ["--secret", f"id=ca,src={candidate}"]
    return []


def kind_cluster(kube_context: str) -> str | None:
    """The name of the kind cluster behind a kube context, or None where it is no kind cluster's."""
    return kube_context.removeprefix(KIND_CONTEXT) if kube_context.startswith(KIND_CONTEXT) else None


def check_registry(kube_context: str, registry: str) -> None:
    """Raise Problem when images have no way to the cluster of `kube_context`."""
    if not registry and kind_cluster(kube_context) is None:
        raise Problem(
            f"the cluster of context {kube_context!r} is not one of kind's, so images cannot be loaded into it: "
            "set REGISTRY=<prefix> to a registry that it pulls from and that `docker login` lets you push to"
        )


def missing_images(tag: str, present: Iterable[Sequence[str]]) -> list[Image]:
    """The images that at least one node lacks; `present` is, for every node, what its containerd lists."""
    nodes = [{name.removeprefix("docker.io/") for name in names} for names in present]
    return [image for image in IMAGES if any(image.reference(tag) not in names for names in nodes)]


def ensure(
    docker: Docker, tools: Tools, paths: Paths, kube_context: str, progress: Progress, registry: str = ""
) -> str:
    """Have all images of this source tree where the cluster finds them; returns their tag.

    On a kind cluster what its nodes lack is built and loaded; with `registry` it is pushed there instead.
    Raises Problem with what to do when that is not possible.
    """
    check_registry(kube_context, registry)
    tag = release_tag(paths.root)
    builder = Builder(docker, tools, paths, progress)
    cluster = kind_cluster(kube_context)
    if registry or cluster is None:
        builder.build(IMAGES, tag, registry)
        push(docker, [image.reference(tag, registry) for image in IMAGES], progress)
        return tag
    present = {node: node_images(docker, node) for node in kind_nodes(docker, cluster)}
    lacking = missing_images(tag, present.values())
    builder.build(lacking, tag)
    if lacking:
        load(docker, present, lacking, tag, progress)
    return tag


class Builder:
    """Builds images that are not there yet."""

    def __init__(self, docker: Docker, tools: Tools, paths: Paths, progress: Progress) -> None:
        self._docker, self._tools, self._paths, self._progress = docker, tools, paths, progress

    def build(self, images: Sequence[Image], tag: str, registry: str = "") -> None:
        """Build those of `images` that the engine lacks. Raises Problem with the end of the log."""
        wanted = [image for image in images if self._docker.image_id(image.reference(tag, registry)) is None]
        if not wanted:
            return
        helm = helm_image.reference(self._tools.pinned)
        if any(image.folder == "operator" for image in wanted):
            helm_image.ensure(self._docker, self._tools, helm)
        with self._progress.step(f"Build {len(wanted)} images {tag}") as step:
            each(
                wanted,
                lambda image: self._build(image, tag, registry, helm),
                lambda image, done: step.update(f"{done} of {len(wanted)}, last {image.name}"),
            )

    def _build(self, image: Image, tag: str, registry: str, helm: str) -> None:
        log = self._paths.logs / f"image-{image.name}.log"
        try:
            self._docker.build(
                *("--file", str(self._paths.root / "images" / image.folder / "Dockerfile")),
                *("--tag", image.reference(tag, registry)),
                *build_arguments(image, version(self._paths.root), helm),
                *ca_secret(os.environ),
                str(self._paths.root),
                log=log,
            )
        except CommandFailed as error:
            raise Problem(explain(image.name, error)) from error


def each(images: Sequence[Image], work: Callable[[Image], None], done: Callable[[Image, int], None]) -> None:
    """Do `work` for every image, several at once; the first error stops what has not begun and is raised."""
    with ThreadPoolExecutor(PARALLEL_BUILDS) as pool:
        running = {pool.submit(work, image): image for image in images}
        try:
            for count, future in enumerate(as_completed(running), start=1):
                future.result()
                done(running[future], count)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def explain(name: str, error: CommandFailed) -> str:
    """What a failed image build means for a person."""
    if "no space left on device" in error.output:
        return f"the disk is full: free some space (`docker image prune`), then run this again\n{error}"
    return f"the image {name} could not be built\n{error}"


def kind_nodes(docker: Docker, cluster: str) -> list[str]:
    """The running node containers of a kind cluster. Raises Problem when there is none."""
    label = f"label=io.x-k8s.kind.cluster={cluster}"
    nodes = docker.run("ps", "--filter", label, "--format", "{{.Names}}").split()
    if not nodes:
        raise Problem(f"the kind cluster {cluster!r} has no running node: run `make cluster` first")
    return nodes


def node_images(docker: Docker, node: str) -> list[str]:
    """The names of the images that a node has."""
    return docker.run("exec", node, "ctr", "--namespace=k8s.io", "images", "ls", "--quiet").split()


def load(
    docker: Docker, present: Mapping[str, Sequence[str]], images: Sequence[Image], tag: str, progress: Progress
) -> None:
    """Have `images` on every node; `present` is, by node, what its containerd lists."""
    ids = {name: docker.image_id(name) or "" for name in (image.reference(tag) for image in images)}
    with progress.step(f"Load {len(ids)} images into the cluster") as step:
        for node, names in present.items():
            work = loading.plan(ids, names)
            step.update(f"{node}: {len(work.copies)} to copy, {len(work.names)} there under another name")
            loading.load(docker, node, work)


def push(docker: Docker, references: Sequence[str], progress: Progress) -> None:
    """Push images to their registry. Raises Problem when it does not take them."""
    with progress.step(f"Push {len(references)} images") as step:
        for reference in references:
            step.update(reference)
            try:
                docker.run("push", "--quiet", reference)
            except CommandFailed as error:
                raise Problem(
                    f"{reference} could not be pushed: is REGISTRY right, and did `docker login` succeed?\n{error}"
                ) from error
