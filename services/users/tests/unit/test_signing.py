"""Signing keys and tokens."""

from __future__ import annotations

import base64
from itertools import pairwise

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shopkit.auth import TokenVerifier, User
from shopkit.ids import is_id, new_id
from shopkit.keys import StaticKeys
from shopkit.problems import Problem
from users.signing import Signer, load_signing_keys, signing_key_fault

# The key of RFC 8037, appendix A, and its thumbprint there (A.3).
SEED = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
KID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
NEXT = Ed25519PrivateKey.generate()
ISSUER = "shopkeeper/default/demo"


def pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey, passphrase: bytes = b"") -> str:
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


def test_the_published_key_is_that_of_the_rfc() -> None:
    expected = {"kty": "OKP", "crv": "Ed25519", "x": X, "kid": KID, "alg": "EdDSA", "use": "sig"}
    assert Signer([KEY], ISSUER).jwks() == {"keys": [expected]}


def test_a_token_says_who_what_and_how_long() -> None:
    user_id = new_id()
    token = Signer([KEY], ISSUER, clock=lambda: 1_700_000_000.9).sign(user_id, "admin")
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert header == {"alg": "EdDSA", "kid": KID, "typ": "JWT"}
    assert is_id(claims.pop("jti"))
    assert claims == {
        "iss": ISSUER,
        "aud": "shop",
        "sub": user_id,
        "role": "admin",
        "iat": 1_700_000_000,
        "exp": 1_700_000_900,
    }


def test_the_token_of_a_machine_says_what_it_is_good_for() -> None:
    signer, user_id, key_id = Signer([KEY], ISSUER), new_id(), new_id()
    token = signer.sign_for_machine(user_id, "admin", key_id, ["orders:read", "products:write"])
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["client_id"], claims["scope"]) == (key_id, "orders:read products:write")
    assert claims["exp"] - claims["iat"] == 300
    verified = TokenVerifier(ISSUER, StaticKeys(signer.jwks())).verify(token)
    assert verified == User(user_id, "admin", frozenset({"orders:read", "products:write"}))


def test_the_other_services_accept_it() -> None:
    signer, user_id = Signer([KEY], ISSUER), new_id()
    verifier = TokenVerifier(ISSUER, StaticKeys(signer.jwks()))
    assert verifier.verify(signer.sign(user_id, "customer")) == User(user_id, "customer")


def test_no_two_tokens_are_the_same() -> None:
    signer = Signer([KEY], ISSUER)
    assert signer.sign("u", "customer") != signer.sign("u", "customer")


def test_the_signature_is_the_keys() -> None:
    token = Signer([KEY], ISSUER).sign(new_id(), "customer")
    other = Ed25519PrivateKey.generate().public_key()
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, other, algorithms=["EdDSA"], audience="shop")


def test_a_key_in_pem_is_read() -> None:
    [key] = load_signing_keys(pem(KEY))
    assert key.private_bytes_raw() == SEED
    assert signing_key_fault(pem(KEY)) is None


@pytest.mark.parametrize("between", ["", "\n", " \r\n\n"])
def test_several_keys_are_read_in_their_order(between: str) -> None:
    text = between.join([pem(KEY), pem(NEXT)])
    assert [key.private_bytes_raw() for key in load_signing_keys(text)] == [SEED, NEXT.private_bytes_raw()]
    assert signing_key_fault(text) is None


def test_all_keys_are_published_and_the_first_signs() -> None:
    old, changing, new = Signer([KEY, NEXT], ISSUER), Signer([NEXT, KEY], ISSUER), Signer([NEXT], ISSUER)
    [first, second] = old.jwks()["keys"]
    assert (first["kid"], first["x"]) == (KID, X)
    assert changing.jwks() == {"keys": [second, first]}
    assert new.jwks() == {"keys": [second]}
    assert [jwt.get_unverified_header(s.sign("u", "customer"))["kid"] for s in (old, changing, new)] == [
        KID,
        second["kid"],
        second["kid"],
    ]


def test_no_token_is_refused_while_the_key_changes() -> None:
    steps = [Signer(keys, ISSUER) for keys in ([KEY], [KEY, NEXT], [NEXT, KEY], [NEXT])]
    user_id = new_id()
    for before, after in pairwise(steps):
        for signs, knows in ((before, after), (after, before)):
            verifier = TokenVerifier(ISSUER, StaticKeys(knows.jwks()))
            assert verifier.verify(signs.sign(user_id, "customer")) == User(user_id, "customer")


def test_a_key_that_was_taken_out_signs_for_nobody() -> None:
    verifier = TokenVerifier(ISSUER, StaticKeys(Signer([NEXT], ISSUER).jwks()))
    with pytest.raises(Problem) as caught:
        verifier.verify(Signer([KEY, NEXT], ISSUER).sign(new_id(), "admin"))
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("swordfish", "is not a private key in PEM without a passphrase"),
        (pem(KEY)[:60], "is not a private key in PEM without a passphrase"),
        (pem(KEY) + pem(NEXT)[:60], "is not a private key in PEM without a passphrase"),
        (pem(KEY) + "swordfish", "is not a private key in PEM without a passphrase"),
        (pem(KEY) + pem(NEXT) + pem(KEY), "holds the same key twice"),
        (
            pem(KEY) + pem(ec.generate_private_key(ec.SECP256R1())),
            "is a key of another kind: make one with `openssl genpkey -algorithm ed25519`",
        ),
        (pem(KEY, b"swordfish"), "is not a private key in PEM without a passphrase"),
        (
            pem(ec.generate_private_key(ec.SECP256R1())),
            "is a key of another kind: make one with `openssl genpkey -algorithm ed25519`",
        ),
    ],
    ids=[
        "no key",
        "cut off",
        "second cut off",
        "something behind",
        "twice",
        "second of another kind",
        "encrypted",
        "another kind",
    ],
)
def test_what_is_wrong_with_a_key_is_said(text: str, fault: str) -> None:
    assert signing_key_fault(text) == fault
