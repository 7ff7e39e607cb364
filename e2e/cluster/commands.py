"""What the command line offers, each as one function."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable

from e2e.cluster import bases as base_images
from e2e.cluster import bringup, docker, engine, kind, metrics_server, node_image, parallel, shop
from e2e.cluster import images as our_images
from e2e.cluster.bases import STAND_IN
from e2e.cluster.bringup import Machine
from e2e.cluster.docker import Docker
from e2e.cluster.kind import Kind
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.shell import CommandFailed
from e2e.cluster.tools import CLIENTS

STATES = {"absent": "not there", "half": "not finished", "stopped": "stopped", "running": "running"}


def cluster(machine: Machine, context: str | None) -> None:
    """A cluster that works."""
    found = bringup.ensure(machine, context)
    bringup.metrics(machine, found)
    machine.progress.note(f"✓ The cluster is ready: kubectl --context {found.context}")


def images(machine: Machine, context: str | None, registry: str) -> str:
    """Our images, where the cluster finds them; returns their tag."""
    bases(machine)
    return our_images.ensure(
        machine.docker, machine.tools, machine.paths, context or kind.CONTEXT, machine.progress, registry
    )


def bases(machine: Machine) -> None:
    """The images that ours are built on."""
    machine.bases.ensure(base_images.IMAGES)


def tools(machine: Machine, names: Iterable[str]) -> None:
    """Go programs, built if they are missing."""
    for name in names:
        machine.progress.note(str(machine.tools.program(name)))


def up(machine: Machine, context: str | None, registry: str) -> None:
    """Everything, to a Shop that takes orders."""
    our_images.check_registry(context or kind.CONTEXT, registry)
    found = _cluster_beside_images(machine, context)
    # The first metrics take half a minute, which the shop does not wait for.
    url = parallel.beside(lambda: _shop(machine, found, registry), lambda: bringup.metrics(machine, found))
    machine.progress.note(shop.next_commands(url, found.context, machine.paths.cache / "bin"))


def operator(machine: Machine, context: str | None, registry: str) -> None:
    """Everything but the sample Shop: what the end-to-end tests start from."""
    our_images.check_registry(context or kind.CONTEXT, registry)
    found = _cluster_beside_images(machine, context)
    parallel.beside(lambda: _operator(machine, found, registry), lambda: bringup.metrics(machine, found))


def _shop(machine: Machine, found: Kubectl, registry: str) -> str:
    """Our images, the operator and the sample Shop; returns its URL."""
    _operator(machine, found, registry)
    return shop.apply_sample(machine.paths.root, found, machine.progress)


def _operator(machine: Machine, found: Kubectl, registry: str) -> None:
    tag = images(machine, found.context, registry)
    shop.install_operator(machine.paths.root, found, machine.tools, tag, registry, machine.progress)


def _cluster_beside_images(machine: Machine, context: str | None) -> Kubectl:
    """The cluster; where it has to be made, our images are built at the same time."""
    if context or machine.kind.state() in ("running", "stopped"):
        return bringup.ensure(machine, context)
    return parallel.beside(lambda: bringup.ensure(machine, context), lambda: _build_ahead(machine))


def _build_ahead(machine: Machine) -> None:
    bases(machine)
    builder = our_images.Builder(machine.docker, machine.tools, machine.paths, machine.progress)
    builder.build(our_images.IMAGES, our_images.release_tag(machine.paths.root))


def status(machine: Machine) -> None:
    """What is there. Starts and changes nothing."""
    say = machine.progress.note
    if not engine.reachable():
        say("engine: not running")
        return
    client = docker.choose()
    say(f"engine: running, used by {client.program}")
    state = Kind(client, machine.tools, machine.paths, machine.progress).state()
    say(f"cluster {kind.CONTEXT}: {STATES[state]}")
    if state != "running" or machine.tools.missing(CLIENTS):
        return
    found = Kubectl(machine.tools.program("kubectl"), kind.CONTEXT)
    answers = found.answers()
    say(f"API server: {'answers' if answers else 'does not answer'}")
    if answers:
        say(f"metrics: {'available' if metrics_server.available(found) else 'not available'}")
        lacking = our_images.missing_images(
            our_images.release_tag(machine.paths.root), [our_images.node_images(client, kind.NODE)]
        )
        say(f"images of this source tree missing in the cluster: {len(lacking)}")


def down(machine: Machine, *, purge: bool) -> None:
    """Remove the cluster, our containers, network and processes; with `purge` also what was built."""
    if engine.reachable() or engine.ours_left(machine.paths):
        _remove(machine, purge=purge)
    engine.stop(machine.paths, machine.progress)
    if purge:
        with machine.progress.step(f"Remove {machine.paths.cache}"):
            shutil.rmtree(machine.paths.cache)
    machine.progress.note(
        "✓ Nothing of ours runs" + ("" if purge else "; caches are kept (--purge-cache removes them)")
    )


def _remove(machine: Machine, *, purge: bool) -> None:
    client = machine.docker
    if machine.kind.state() != "absent":
        machine.kind.delete()
    node_image.remove_leftovers(client)
    if not client.run("ps", "--all", "--quiet", "--filter", f"network={kind.NETWORK}").split():
        with contextlib.suppress(CommandFailed):
            client.run("network", "rm", kind.NETWORK)
    if purge:
        _remove_images(client)


def _remove_images(client: Docker) -> None:
    ours = client.run("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=shopkeeper/*").split()
    bases = client.run("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", f"label={STAND_IN}").split()
    tagged = [name for name in {*ours, *bases} if not name.endswith(":<none>")]
    if tagged:
        client.run("rmi", "--force", *sorted(tagged))
