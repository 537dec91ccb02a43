"""Trust anchors come in files that people choose; what is no certificate is said to be none."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.verify.pki import Pki
from verify.anchors import TrustAnchors
from verify.errors import AnchorInvalidError


def test_a_bundle_of_several_in_pem_is_read(pki: Pki) -> None:
    pem = b"".join(item.certificate.public_bytes(Encoding.PEM) for item in (pki.root, pki.issuing, pki.root))
    anchors = TrustAnchors.from_bytes(b"a remark\n" + pem)
    assert anchors.certificates == (pki.root.certificate, pki.issuing.certificate)


def test_one_in_der_is_read(pki: Pki) -> None:
    assert TrustAnchors.from_bytes(pki.root.der) == pki.anchors


def test_they_are_read_from_a_file(pki: Pki, tmp_path: Path) -> None:
    path = tmp_path / "root.pem"
    path.write_bytes(pki.root.certificate.public_bytes(Encoding.PEM))
    assert TrustAnchors.from_file(path) == pki.anchors


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ],
)
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(AnchorInvalidError) as caught:
        TrustAnchors.from_bytes(data)
    assert caught.value.code == "verify.anchor_invalid"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnchorInvalidError):
        TrustAnchors.from_file(tmp_path / "none.pem")


def test_anchors_can_be_joined_compared_and_sent(pki: Pki) -> None:
    other = TrustAnchors.of([pki.issuing.certificate])
    joined = pki.anchors + other + pki.anchors
    assert len(joined.encoded) == 2
    assert pickle.loads(pickle.dumps(joined)) == joined
    assert hash(joined) == hash(pki.anchors + other)
