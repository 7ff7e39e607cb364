"""Signing keys and tokens."""

from __future__ import annotations

import base64

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shopkit.auth import TokenVerifier, User
from shopkit.ids import is_id, new_id
from shopkit.keys import StaticKeys
from users.signing import Signer, load_signing_key, signing_key_fault

# The key of RFC 8037, appendix A, and its thumbprint there (A.3).
SEED = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
KID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
ISSUER = "shopkeeper/default/demo"


def pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey, passphrase: bytes = b"") -> str:
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


def test_the_published_key_is_that_of_the_rfc() -> None:
    expected = {"kty": "OKP", "crv": "Ed25519", "x": X, "kid": KID, "alg": "EdDSA", "use": "sig"}
    assert Signer(KEY, ISSUER).jwks() == {"keys": [expected]}


def test_a_token_says_who_what_and_how_long() -> None:
    user_id = new_id()
    token = Signer(KEY, ISSUER, clock=lambda: 1_700_000_000.9).sign(user_id, "admin")
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
    signer, user_id, key_id = Signer(KEY, ISSUER), new_id(), new_id()
    token = signer.sign_for_machine(user_id, "admin", key_id, ["orders:read", "products:write"])
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["client_id"], claims["scope"]) == (key_id, "orders:read products:write")
    assert claims["exp"] - claims["iat"] == 300
    verified = TokenVerifier(ISSUER, StaticKeys(signer.jwks())).verify(token)
    assert verified == User(user_id, "admin", frozenset({"orders:read", "products:write"}))


def test_the_other_services_accept_it() -> None:
    signer, user_id = Signer(KEY, ISSUER), new_id()
    verifier = TokenVerifier(ISSUER, StaticKeys(signer.jwks()))
    assert verifier.verify(signer.sign(user_id, "customer")) == User(user_id, "customer")


def test_no_two_tokens_are_the_same() -> None:
    signer = Signer(KEY, ISSUER)
    assert signer.sign("u", "customer") != signer.sign("u", "customer")


def test_the_signature_is_the_keys() -> None:
    token = Signer(KEY, ISSUER).sign(new_id(), "customer")
    other = Ed25519PrivateKey.generate().public_key()
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, other, algorithms=["EdDSA"], audience="shop")


def test_a_key_in_pem_is_read() -> None:
    assert load_signing_key(pem(KEY)).private_bytes_raw() == SEED
    assert signing_key_fault(pem(KEY)) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("swordfish", "is not a private key in PEM without a passphrase"),
        (pem(KEY)[:60], "is not a private key in PEM without a passphrase"),
        (pem(KEY, b"swordfish"), "is not a private key in PEM without a passphrase"),
        (
            pem(ec.generate_private_key(ec.SECP256R1())),
            "is a key of another kind: make one with `openssl genpkey -algorithm ed25519`",
        ),
    ],
    ids=["no key", "cut off", "encrypted", "another kind"],
)
def test_what_is_wrong_with_a_key_is_said(text: str, fault: str) -> None:
    assert signing_key_fault(text) == fault
