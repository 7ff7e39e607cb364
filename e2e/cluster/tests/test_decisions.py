"""Small pure decisions of the bring-up program, and the sentences that people read."""

import errno
import io
import json
import re
import socket
import sys
from pathlib import Path

import pytest

from e2e.cluster import __main__ as command_line
from e2e.cluster import bases, docker, engine, kind_config, paths, preflight, progress, shell, shop
from e2e.cluster.shell import CommandFailed, Problem


def test_mirrors_are_those_of_this_machine() -> None:
    targets = "Debian|Debian|http://mirror/debian/\nOther|x|http://other/\nDebian|Debian-Security|http://mirror/sec/\n"
    assert bases.mirrors(targets) == bases.Mirrors("http://mirror/debian", "http://mirror/sec")
    assert bases.mirrors(targets).arguments() == ["http://mirror/debian", "http://mirror/sec"]


def test_a_machine_that_is_no_debian_leaves_the_mirror_to_debootstrap() -> None:
    assert bases.mirrors("Ubuntu|Ubuntu|http://mirror/ubuntu/\n").arguments() == []


@pytest.mark.parametrize(
    ("refusal", "socket_exists", "expected"),
    [
        ("dial unix: connect: permission denied", True, "usermod -aG docker"),
        ("Cannot connect to the Docker daemon", True, "systemctl start docker"),
        ("", False, "apt-get install docker.io"),
    ],
)
def test_an_unprivileged_user_is_told_what_to_do(refusal: str, socket_exists: bool, expected: str) -> None:
    assert expected in engine.explain_unprivileged(refusal, socket_exists)


def test_a_cgroup_v1_machine_gets_a_kubelet_that_accepts_it() -> None:
    settings = kind_config.config(official_image=False, cgroup_v1=True, patches=Path("/patches"))
    kinds = [json.loads(patch) for patch in settings["kubeadmConfigPatches"]]
    assert {
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "failCgroupV1": False,
    } in kinds
    assert settings["networking"] == {"disableDefaultCNI": True}


def test_the_official_image_keeps_the_official_settings() -> None:
    settings = kind_config.config(official_image=True, cgroup_v1=False, patches=Path("/patches"))
    assert settings["networking"] == {"disableDefaultCNI": False}
    assert [json.loads(patch)["kind"] for patch in settings["kubeadmConfigPatches"]] == ["InitConfiguration"]


def test_the_shop_is_reached_on_this_machine_only() -> None:
    (node,) = kind_config.config(official_image=True, cgroup_v1=False, patches=Path("/patches"))["nodes"]
    assert node["extraPortMappings"] == [
        {"containerPort": 30080, "hostPort": 8080, "listenAddress": "127.0.0.1", "protocol": "TCP"},
        {"containerPort": 30443, "hostPort": 8443, "listenAddress": "127.0.0.1", "protocol": "TCP"},
    ]


def test_the_control_plane_is_patched_for_small_machines() -> None:
    folder = Path(kind_config.__file__).parent / "kubeadm"
    assert sorted(file.name for file in folder.iterdir()) == [
        "etcd+strategic.yaml",
        "kube-apiserver+strategic.yaml",
        "kube-controller-manager+strategic.yaml",
        "kube-scheduler+strategic.yaml",
    ]


def test_a_disk_that_is_too_small_is_named() -> None:
    free = [(Path("/a"), 3 * preflight.GIB), (Path("/b"), 20 * preflight.GIB)]
    assert preflight.lacking(free, 14) == ["/a has 3.0 GiB free and 14 GiB are needed"]


def test_the_disk_of_a_folder_that_is_not_there_is_its_parents(tmp_path: Path) -> None:
    assert preflight.existing(tmp_path / "a" / "b") == tmp_path
    with pytest.raises(Problem, match="not enough disk space"):
        preflight.disk([tmp_path / "a"], 1_000_000)


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(Problem, match=rf"port {number} on 127\.0\.0\.1 is taken"):
            preflight.port("127.0.0.1", number)
    preflight.port("127.0.0.1", number)


def test_the_cache_follows_the_environment() -> None:
    assert paths.find({"HOME": "/home/ann"}).cache == Path("/home/ann/.cache/shopkeeper")
    assert paths.find({"HOME": "/home/ann", "XDG_CACHE_HOME": "/var/c"}).cache == Path("/var/c/shopkeeper")


def test_every_docker_client_is_found_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "docker").write_text("")
        (tmp_path / name / "docker").chmod(0o755)
    (tmp_path / "c").symlink_to(tmp_path / "a")
    found = docker.clients(f"{tmp_path}/a:{tmp_path}/b:{tmp_path}/c:{tmp_path}/none")
    assert found == [f"{tmp_path}/a/docker", f"{tmp_path}/b/docker"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.44, "0.4 s"),
        (9.96, "10.0 s"),
        (12.4, "12 s"),
        (119.4, "119 s"),
        (185.0, "3 min 05 s"),
        (3599.7, "60 min 00 s"),
    ],
)
def test_durations_are_for_people(value: float, expected: str) -> None:
    assert progress.seconds(value) == expected


def test_a_step_says_that_it_began_and_how_it_ended() -> None:
    out = io.StringIO()
    said = progress.Progress(out)
    with said.step("good"):
        pass
    with pytest.raises(Problem), said.step("bad"):
        raise Problem("no")
    assert out.getvalue() == "… good\n✓ good (0.0 s)\n… bad\n✗ bad (0.0 s)\n"


def test_a_program_gets_its_input_and_gives_its_output() -> None:
    assert shell.run(["cat"], stdin="text") == "text"


def test_a_failed_program_says_its_last_words() -> None:
    script = "import sys; print('\\n'.join(map(str, range(40)))); sys.exit(3)"
    with pytest.raises(CommandFailed, match=r"failed with exit code 3:\n    25\n    26") as failed:
        shell.run([sys.executable, "-c", script])
    assert failed.value.code == 3


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(Problem, match="`no-such-program` was not found"):
        shell.run(["no-such-program"])
    assert not shell.succeeds(["no-such-program"])


def test_a_program_without_an_answer_is_given_up() -> None:
    with pytest.raises(Problem, match="gave no answer within 0 s"):
        shell.run(["sleep", "60"], timeout=0.05)


def test_a_followed_program_hands_over_its_lines(tmp_path: Path) -> None:
    lines: list[str] = []
    shell.follow(["sh", "-c", "echo one; echo two >&2"], lines.append, log=tmp_path / "logs" / "x.log")
    assert lines == ["one", "two"]
    assert (tmp_path / "logs" / "x.log").read_text() == "one\ntwo\n"
    with pytest.raises(CommandFailed, match="exit code 4:\n    no"):
        shell.follow(["sh", "-c", "echo no; exit 4"], lines.append, log=tmp_path / "x.log")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.ENOSPC, "the disk is full (/cache/x): free some space"),
        (errno.EACCES, "/cache/x may not be written by this user: set XDG_CACHE_HOME"),
    ],
)
def test_errors_of_the_system_become_sentences(code: int, expected: str) -> None:
    assert command_line.explain(OSError(code, "text", "/cache/x")).startswith(expected)


def shop_object(observed: int, status: str) -> dict[str, object]:
    ready = {"type": "Ready", "status": status, "message": "2 of 5 services are ready"}
    return {
        "metadata": {"generation": 2},
        "status": {"observedGeneration": observed, "conditions": [ready], "servicesReady": "2/5"},
    }


def test_a_shop_is_ready_only_as_it_stands() -> None:
    assert shop.is_ready(shop_object(2, "True"))
    assert not shop.is_ready(shop_object(1, "True"))
    assert not shop.is_ready(shop_object(2, "False"))
    assert not shop.is_ready({"metadata": {"generation": 1}})


def test_the_state_of_a_shop_in_a_few_words() -> None:
    assert shop.summary(shop_object(2, "False")) == "2/5 services, 2 of 5 services are ready"
    assert shop.summary({"metadata": {"generation": 1}}) == "waiting for the operator"


def test_the_next_commands_are_complete() -> None:
    text = shop.next_commands("http://localhost:8080", "kind-shopkeeper", Path("/bin"))
    assert "shop() { curl -sSw '\\n' http://localhost:8080\"$@\"; }" in text
    assert re.findall("@[A-Z]+@", text) == []
