"""Reading status lists that anybody may have made."""

from __future__ import annotations

import base64
import json
import zlib
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.pki import NOW, Identity, Pki, issue, make_pki
from verify.status_list import StatusReference, status_in

STATUS_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.30")
URI = "https://example.org/status/1"
PKI = make_pki()
SIGNER = issue("状态列表", PKI.issuing, purposes=[STATUS_SIGNING])
LATER = int((NOW + timedelta(minutes=10)).timestamp())
ISSUED = int((NOW - timedelta(minutes=5)).timestamp())


def url64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def packed(statuses: bytes) -> str:
    return url64(zlib.compress(statuses)).decode()


STATUSES = bytes([0b11100100, 0b00000000])
"""0, 1, 2, 3, and four times 0."""


def token(
    changed: dict[str, Any] | None = None,
    *,
    signer: Identity = SIGNER,
    pki: Pki = PKI,
    header: dict[str, Any] | None = None,
    listed: dict[str, Any] | None = None,
) -> bytes:
    """A list; what is changed to None is left out."""
    chain = [base64.b64encode(each.der).decode() for each in (signer, pki.issuing)]
    head = {"alg": "ES256", "typ": "statuslist+jwt", "kid": "k", "x5c": chain, **(header or {})}
    content = {"bits": 2, "lst": packed(STATUSES), **(listed or {})}
    body = {"sub": URI, "iat": ISSUED, "exp": LATER, "ttl": 60, "status_list": content, **(changed or {})}
    parts = [
        url64(json.dumps({key: value for key, value in part.items() if value is not None}).encode())
        for part in (head, body)
    ]
    signed = b".".join(parts)
    signature = signer.sign(signed)
    if isinstance(signer.key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(signature)
        signature = r.to_bytes(48, "big")[-32:] + s.to_bytes(48, "big")[-32:]
    return signed + b"." + url64(signature)


def code(data: bytes, index: int = 0, uri: str = URI) -> str:
    return status_in(data, StatusReference(uri, index), PKI.anchors, now=NOW).code


@pytest.mark.parametrize(
    ("index", "expected"), [(0, "valid"), (1, "invalid"), (2, "suspended"), (3, "over"), (4, "valid"), (7, "valid")]
)
def test_a_list_tells_the_status_of_each_licence_in_it(index: int, expected: str) -> None:
    assert code(token(), index) == f"status.{expected}"
    assert code(token() + b"\n", index) == f"status.{expected}"


@pytest.mark.parametrize(("bits", "index", "expected"), [(1, 2, "invalid"), (4, 1, "over"), (8, 0, "over")])
def test_lists_of_others_may_be_wider(bits: int, index: int, expected: str) -> None:
    assert code(token(listed={"bits": bits}), index) == f"status.{expected}"


def test_an_index_beyond_the_list_is_not_valid() -> None:
    for index in (8, 10**9, 10**30):
        assert code(token(), index) == "status.malformed"


def test_an_old_list_and_another_list_do_not_count() -> None:
    assert code(token({"exp": int(NOW.timestamp())})) == "status.stale"
    assert code(token(), uri="https://example.org/status/2") == "status.other"
    assert code(token({"iat": int((NOW + timedelta(hours=1)).timestamp())})) == "status.malformed"


@pytest.mark.parametrize(
    "changed",
    [
        {"sub": None},
        {"sub": 1},
        {"exp": None},
        {"exp": "x"},
        {"exp": 1e400},
        {"exp": True},
        {"exp": -1},
        {"exp": 10**30},
        {"iat": None},
        {"status_list": None},
        {"status_list": []},
    ],
)
def test_claims_that_are_missing_or_strange_are_refused(changed: dict[str, Any]) -> None:
    assert code(token(changed)) == "status.malformed"


@pytest.mark.parametrize(
    "listed",
    [
        {"bits": 3},
        {"bits": True},
        {"bits": "2"},
        {"lst": None},
        {"lst": "?"},
        {"lst": packed(STATUSES)[:-4]},
        {"lst": packed(bytes(17 * 1024 * 1024))},
        {"lst": ""},
    ],
)
def test_bits_that_cannot_be_read_or_never_end_are_refused(listed: dict[str, Any]) -> None:
    assert code(token(listed=listed)) == "status.malformed"


@pytest.mark.parametrize(
    "header",
    [{"alg": "none"}, {"alg": "HS256"}, {"typ": "JWT"}, {"typ": None}, {"crit": ["exp"]}],
)
def test_another_kind_of_token_is_refused(header: dict[str, Any]) -> None:
    assert code(token(header=header)) == "status.malformed"


def test_only_a_certificate_for_status_lists_under_the_anchor_may_sign() -> None:
    stranger = make_pki()
    theirs = issue("状态列表", stranger.issuing, purposes=[STATUS_SIGNING])
    over = issue("状态列表", PKI.issuing, purposes=[STATUS_SIGNING], days=(-400, -1))
    other_curve = issue("状态列表", PKI.issuing, purposes=[STATUS_SIGNING], key=ec.generate_private_key(ec.SECP384R1()))
    by_rsa = issue("状态列表", PKI.issuing, purposes=[STATUS_SIGNING], key=rsa.generate_private_key(65537, 2048))
    for signed in (
        token(signer=PKI.seal),
        token(signer=issue("无用途", PKI.issuing)),
        token(signer=theirs, pki=stranger),
        token(signer=over),
        token(signer=other_curve),
        token(signer=by_rsa),
        token(header={"x5c": None}),
        token(header={"x5c": []}),
        token(header={"x5c": [1]}),
        token(header={"x5c": ["AAAA"]}),
        token(header={"x5c": ["AAAA"] * 9}),
        token(signer=issue("另一把", PKI.issuing, purposes=[STATUS_SIGNING]), header={"x5c": chain()}),
    ):
        assert code(signed) == "status.untrusted"


def chain() -> list[str]:
    return [base64.b64encode(each.der).decode() for each in (SIGNER, PKI.issuing)]


@given(st.data())
def test_no_altered_list_is_believed(data: st.DataObject) -> None:
    whole = token()
    at = data.draw(st.integers(0, len(whole) - 1))
    found = code(whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :], 1)
    assert found in {"status.invalid", "status.untrusted", "status.malformed"}
    assert code(whole[:at], 1) in {"status.untrusted", "status.malformed"}


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_without_an_accident(data: bytes) -> None:
    assert code(data) == "status.malformed"


@pytest.mark.parametrize(
    "data",
    [None, b"", b"[]", b"{", b'{"status": 1}', b'{"status": {"status_list": {"uri": 1, "idx": 0}}}']
    + [b'{"status": {"status_list": {"uri": "u", "idx": %s}}}' % idx for idx in (b"-1", b"true", b'"1"', b"1.5")],
)
def test_a_licence_without_a_usable_reference_has_none(data: bytes | None) -> None:
    assert StatusReference.of(data) is None
