"""TLS at the gateway: the certificate comes, changes and may be missing, without a restart."""

import datetime
import http.client
import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from charts.tests.envoy import Answer, Gateway, config_of, exchange, running_gateway, until
from charts.tests.helm import Helm, Object
from charts.tests.objects import named
from charts.tests.tokens import bearer


def certificate(serial: int) -> tuple[bytes, bytes]:
    """Return a self-signed certificate and its key as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), serial, now, now + datetime.timedelta(days=1))
    signed = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example.com")]), False)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return signed.sign(key, SHA256()).public_bytes(Encoding.PEM), pem


def mount(folder: Path, files: dict[str, bytes], version: str) -> None:
    """Put files into a mounted secret as the kubelet does: a new folder, and a link that is renamed to lead to it."""
    (folder / version).mkdir(parents=True)
    for name, content in files.items():
        (folder / version / name).write_bytes(content)
    (folder / "..data_tmp").symlink_to(version)
    (folder / "..data_tmp").rename(folder / "..data")


def mount_certificate(folder: Path, serial: int) -> None:
    """Mount a certificate of this serial number."""
    chain, key = certificate(serial)
    mount(folder, {"tls.crt": chain, "tls.key": key}, f"..{serial}")


def context(most: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """Return a client's settings; who the server is does not matter here."""
    made = ssl.create_default_context()
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if most is not None:
        made.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        made.maximum_version = most
    return made


def serial_of(gateway: Gateway) -> int | None:
    """Return the serial number of the certificate that is served; None: there is none."""
    try:
        with (
            socket.create_connection(("127.0.0.1", gateway.ports["https"]), timeout=10) as plain,
            context().wrap_socket(plain) as connection,
        ):
            der = connection.getpeercert(binary_form=True)
    except OSError:
        return None
    return x509.load_der_x509_certificate(der or b"").serial_number


def served(gateway: Gateway, serial: int) -> None:
    """Wait until a certificate is served."""
    until(lambda: serial_of(gateway) == serial, f"certificate {serial} is served")


def call(gateway: Gateway, method: str, path: str, headers: dict[str, str] | None = None) -> Answer:
    """Send one request by TLS."""
    connection = http.client.HTTPSConnection("127.0.0.1", gateway.ports["https"], timeout=10, context=context())
    return exchange(connection, method, path, b"", headers)


@pytest.fixture(scope="module")
def gateway(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Return a gateway with a certificate."""
    folder = tmp_path_factory.mktemp("envoy")
    mount_certificate(folder / "tls", 1)
    with running_gateway(helm, {}, folder) as running:
        yield running


def test_both_ports_do_the_same(gateway: Gateway) -> None:
    token = bearer(gateway.signer.token())
    assert call(gateway, "GET", "/products").json["service"] == "products"
    assert call(gateway, "POST", "/orders", token).json["service"] == "orders"
    assert call(gateway, "POST", "/orders").problem == "unauthorized"
    assert call(gateway, "GET", "/internal/v1/charges").problem == "not-found"


def test_services_learn_the_scheme(gateway: Gateway) -> None:
    assert call(gateway, "GET", "/account").json["headers"]["x-forwarded-proto"] == "https"
    assert gateway.call("GET", "/account").json["headers"]["x-forwarded-proto"] == "http"


@pytest.mark.parametrize(("path", "status"), [("/products", 200), ("/orders", 401), ("/internal", 404)])
def test_browsers_are_told_to_stay_with_https(gateway: Gateway, path: str, status: int) -> None:
    secure, plain = call(gateway, "GET", path), gateway.call("GET", path)
    assert (secure.status, plain.status) == (status, status)
    assert secure.headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in plain.headers


def test_http_2_and_the_log(gateway: Gateway) -> None:
    settings = context()
    settings.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", gateway.ports["https"]), timeout=10) as plain,
        settings.wrap_socket(plain) as connection,
    ):
        assert connection.selected_alpn_protocol() == "h2"
        assert connection.version() == "TLSv1.3"
    assert gateway.log_of(call(gateway, "GET", "/products").headers["x-request-id"])["tls"] == "TLSv1.3"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("version", "ok"), [(ssl.TLSVersion.TLSv1, False), (ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)]
)
def test_old_versions_are_refused(gateway: Gateway, version: ssl.TLSVersion, ok: bool) -> None:
    with socket.create_connection(("127.0.0.1", gateway.ports["https"]), timeout=10) as plain:
        try:
            with context(version).wrap_socket(plain) as connection:
                assert connection.cipher()[0].startswith("ECDHE-ECDSA-AES")  # type: ignore[index]  # it is connected
        except (ssl.SSLError, ConnectionError):
            assert not ok
        else:
            assert ok


def test_a_new_certificate_is_served_without_a_restart(helm: Helm, tmp_path: Path) -> None:
    # No secret yet: the folder is there and empty, HTTP works.
    mount(tmp_path / "tls", {}, "..0")
    with running_gateway(helm, {}, tmp_path) as gateway:
        assert gateway.call("GET", "/products").status == 200
        assert serial_of(gateway) is None
        for serial in (1, 2, 3):
            mount_certificate(tmp_path / "tls", serial)
            served(gateway, serial)
        # What cannot be read changes nothing.
        mount(tmp_path / "tls", {"tls.crt": b"no certificate", "tls.key": b"no key"}, "..4")
        assert serial_of(gateway) == 3
        shutil.rmtree(tmp_path / "tls" / "..3")
        mount_certificate(tmp_path / "tls", 5)
        served(gateway, 5)
        assert gateway.call("GET", "/products").status == 200


def test_http_can_lead_to_https(helm: Helm, tmp_path: Path) -> None:
    mount_certificate(tmp_path / "tls", 1)
    with running_gateway(helm, {"tls": {"redirect": True}}, tmp_path) as gateway:
        answer = gateway.call("POST", "/orders?x=1")
        assert (answer.status, answer.headers["location"]) == (308, "https://shop.example.com:443/orders?x=1")
        answer = gateway.call("GET", "/", headers={"Host": "shop.example.com:8080"})
        assert answer.headers["location"] == "https://shop.example.com:443/"
        assert gateway.asked() == []
        assert call(gateway, "GET", "/").json["service"] == "storefront"


def test_without_tls_there_is_no_port_for_it(helm: Helm) -> None:
    values: Object = {"tls": {"enabled": False}}
    listeners = config_of(helm, values)["static_resources"]["listeners"]
    assert [one["name"] for one in listeners] == ["http", "metrics"]
    objects = helm.template("gateway", values)
    assert [port["name"] for port in named(objects, "Service", "demo-gateway")["spec"]["ports"]] == ["http"]
    pod = named(objects, "Deployment", "demo-gateway")["spec"]["template"]["spec"]
    assert [volume["name"] for volume in pod["volumes"]] == ["config", "tmp"]


def test_the_certificate_may_come_later(helm: Helm) -> None:
    pod = named(helm.template("gateway"), "Deployment", "demo-gateway")["spec"]["template"]["spec"]
    (secret,) = (volume["secret"] for volume in pod["volumes"] if volume["name"] == "tls")
    assert (secret["secretName"], secret["optional"]) == ("demo-tls", True)
