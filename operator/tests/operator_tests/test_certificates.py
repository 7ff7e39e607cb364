"""The gateway's certificate: made, renewed, replaced, and somebody else's that is not good."""

import base64
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from shopkeeper_operator.apply import issuer
from shopkeeper_operator.plan import certificates

from .support.scenes import ready, stranger
from .support.world import World

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def made(*hosts: str, now: datetime = NOW) -> dict[str, str]:
    """Return a certificate for some hosts, by an authority of its own."""
    signer = issuer.authority({"name": "test CA", "now": now.isoformat()})
    given = {"hosts": ",".join(hosts), "ca.crt": signer["tls.crt"], "ca.key": signer["tls.key"]}
    return issuer.certificate(given | {"now": now.isoformat()})


def loaded(values: dict[str, str]) -> x509.Certificate:
    """Return the certificate of a secret."""
    found = certificates.parse(values["tls.crt"])
    assert found is not None
    return found


def stored(world: World, name: str = "demo-tls") -> dict[str, str]:
    """Return the values of a secret."""
    data = world.api.of("Secret")[name]["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def test_a_client_that_trusts_the_authority_trusts_the_certificate(tmp_path: Path) -> None:
    values = made("shop.example.com", "10.0.0.7", now=datetime.now(UTC))
    for key, text in values.items():
        (tmp_path / key).write_text(text)
    strict = ssl.create_default_context(cafile=tmp_path / "ca.crt")
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")

    for name in ("shop.example.com", "10.0.0.7"):
        assert shaken(strict, server, name)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.example\.com"):
        shaken(strict, server, "other.example.com")


def shaken(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> bool:
    """Shake hands in memory, and tell whether it was done."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    done = [False, False]
    for _ in range(10):
        for index, end in enumerate(ends):
            try:
                end.do_handshake()
                done[index] = True
            except ssl.SSLWantReadError:
                continue
    return all(done)


def test_a_shop_gets_a_certificate_for_all_its_names() -> None:
    world = ready(host="shop.example.com:8443")

    names = loaded(stored(world)).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [
        "shop.example.com",
        "demo-gateway",
        "demo-gateway.shops",
        "demo-gateway.shops.svc",
        "demo-gateway.shops.svc.cluster.local",
        "localhost",
    ]
    assert world.api.of("Secret")["demo-tls"]["type"] == "kubernetes.io/tls"
    assert stored(world)["ca.crt"] == stored(world, "demo-ca")["tls.crt"]
    assert loaded(stored(world)).not_valid_after_utc - world.now > timedelta(days=89)


def test_two_thirds_of_its_life_are_two_thirds() -> None:
    certificate = loaded(made("a"))

    assert abs((certificates.renewal(certificate) - NOW) - timedelta(days=60)) < timedelta(minutes=5)


def test_a_certificate_is_renewed_in_time_and_the_authority_stays() -> None:
    world = ready()
    before, authority = stored(world), stored(world, "demo-ca")
    outcome = world.reconcile()
    assert outcome.requeue_after is not None
    assert timedelta(days=59) < timedelta(seconds=outcome.requeue_after) < timedelta(days=60)

    world.now += timedelta(seconds=outcome.requeue_after - 60)
    world.reconcile()
    assert stored(world) == before
    world.now += timedelta(seconds=61)
    world.run()

    after = stored(world)
    assert after["tls.crt"] != before["tls.crt"]
    assert loaded(after).not_valid_after_utc > world.now + timedelta(days=89)
    assert after["ca.crt"] == authority["tls.crt"] == before["ca.crt"]
    assert world.api.writes == ["patch Secret demo-tls"]


def test_an_old_authority_is_renewed_and_the_certificate_with_it() -> None:
    world = ready()

    world.now += timedelta(days=3000)
    world.run()

    assert sorted(world.api.writes) == ["patch Secret demo-ca", "patch Secret demo-tls", "patch Secret demo-tls"]
    assert stored(world)["ca.crt"] == stored(world, "demo-ca")["tls.crt"]


def test_another_host_gets_another_certificate() -> None:
    world = ready(host="shop.example.com")

    world.apply(host="new.example.com")
    world.run()

    assert certificates.covers(loaded(stored(world)), "new.example.com")
    assert not certificates.covers(loaded(stored(world)), "shop.example.com")


def test_a_certificate_that_somebody_put_in_its_place_is_left_alone() -> None:
    world = ready(host="shop.example.com")
    theirs = made("shop.example.com", now=world.now)
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in theirs.items()}
    world.api.edit(world.ref("Secret", "demo-tls"), lambda body: body.__setitem__("data", encoded))

    world.run()
    assert stored(world) == theirs
    assert world.shop()["status"]["phase"] == "Ready"

    world.now += timedelta(days=100)
    world.run()
    assert stored(world) == theirs
    assert world.condition("GatewayReady")["reason"] == "CertificateInvalid"


def encoded(values: dict[str, str]) -> dict[str, str]:
    """Return the values of a secret as the API has them."""
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def test_a_given_secret_is_used_and_nothing_else_is_made() -> None:
    world = World()
    stranger(world, "Secret", "their-tls", data=encoded(made("*.example.com", now=world.now)))
    world.apply(host="shop.example.com", tls={"secretName": "their-tls"})
    world.run()

    assert world.shop()["status"]["phase"] == "Ready"
    assert world.shop()["status"]["url"] == "https://shop.example.com"
    assert not {"demo-tls", "demo-ca"} & world.api.of("Secret").keys()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (None, "Secret their-tls does not exist"),
        ({"tls.crt": "x"}, "Secret their-tls lacks the key tls.key"),
        ({"tls.crt": "x", "tls.key": "x"}, "has no PEM certificate in tls.crt"),
        (made("shop.example.com") | {"tls.key": made("a")["tls.key"]}, "is not the private key of tls.crt"),
        (made("shop.example.com", now=NOW - timedelta(days=100)), "has a certificate that expired on 2025-12-22"),
        (
            made("shop.example.com", now=NOW + timedelta(days=9)),
            "that is not valid before 2026-01-10",
        ),
        (made("example.com", "*.shop.example.com"), "does not cover the host shop.example.com"),
    ],
)
def test_a_given_secret_that_is_not_good_is_told(values: dict[str, str] | None, text: str) -> None:
    world = World()
    world.now = NOW
    if values is not None:
        stranger(world, "Secret", "their-tls", data=encoded(values))
    world.apply(host="shop.example.com:8443", tls={"secretName": "their-tls"})
    world.run()

    gateway = world.condition("GatewayReady")
    assert (gateway["status"], gateway["reason"]) == ("False", "CertificateInvalid")
    assert text in gateway["message"]
    assert "To do: Put a valid certificate" in gateway["message"]
