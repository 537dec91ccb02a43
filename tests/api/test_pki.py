"""The PKI services over HTTP, judged by OpenSSL."""

from __future__ import annotations

import base64
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from keys import RevocationReason
from keys.crl import is_signed_by
from tests.live import Live


def seal_certificate(live: Live) -> tuple[int, x509.Certificate]:
    certificate_id = live.house.seal().certificate_id
    assert certificate_id is not None
    certificate = live.house.services.keys.authority.get(certificate_id).certificate
    return certificate_id, live.write("seal.pem", certificate)


def revoke(live: Live, certificate_id: int) -> None:
    with live.house.services.database.transaction() as session:
        live.house.services.keys.authority.revoke(
            session, certificate_id, RevocationReason.KEY_COMPROMISE, actor="tests"
        )


@pytest.mark.needs("openssl")
def test_the_lists_named_in_the_certificates_satisfy_openssl_until_a_revocation(live: Live) -> None:
    certificate_id, certificate = seal_certificate(live)
    lists = b""
    for each in (certificate, live.house.services.keys.authority.issuing):
        points = each.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        address = points[0].full_name[0].value  # type: ignore[index]
        der = live.get(address.removeprefix(live.url))
        lists += x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
    (live.directory / "lists.pem").write_bytes(lists)
    verify = ("verify", "-crl_check_all", "-CAfile", "root.pem", "-untrusted", "issuing.pem", "-CRLfile", "lists.pem")
    assert live.openssl(*verify, "seal.pem").returncode == 0
    revoke(live, certificate_id)
    authority = live.house.services.keys.authority.issuing.serial_number
    fresh = x509.load_der_x509_crl(live.get(f"/pki/authorities/{authority:x}.crl"))
    entry = fresh.get_revoked_certificate_by_serial_number(certificate.serial_number)
    assert entry is not None
    (live.directory / "lists.pem").write_bytes(fresh.public_bytes(Encoding.PEM) + lists)
    assert "revoked" in live.openssl(*verify, "seal.pem").stderr


@pytest.mark.needs("openssl")
def test_openssl_asks_for_the_status_at_the_address_in_the_certificate(live: Live) -> None:
    certificate_id, _ = seal_certificate(live)
    address = live.openssl("x509", "-in", "seal.pem", "-noout", "-ocsp_uri").stdout.strip()
    assert address == f"{live.url}/pki/ocsp"
    ask = ("ocsp", "-issuer", "issuing.pem", "-cert", "seal.pem", "-url", address, "-CAfile", "root.pem")
    said = live.openssl(*ask)
    assert "Response verify OK" in said.stderr
    assert "seal.pem: good" in said.stdout
    revoke(live, certificate_id)
    said = live.openssl(*ask)
    assert "seal.pem: revoked" in said.stdout
    assert "keyCompromise" in said.stdout


def test_the_status_can_be_asked_for_by_get_and_kept(live: Live) -> None:
    _, certificate = seal_certificate(live)
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        certificate, live.house.services.keys.authority.issuing, SHA256()
    )
    encoded = base64.b64encode(builder.build().public_bytes(Encoding.DER)).decode()
    with urllib.request.urlopen(f"{live.url}/pki/ocsp/{encoded}") as answer:
        assert answer.headers["Content-Type"] == "application/ocsp-response"
        assert "max-age" in answer.headers["Cache-Control"]
        response = ocsp.load_der_ocsp_response(answer.read())
    assert response.certificate_status is ocsp.OCSPCertStatus.GOOD
    junk = ocsp.load_der_ocsp_response(live.get("/pki/ocsp/%00nonsense"))
    assert junk.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


@pytest.mark.needs("openssl")
def test_openssl_verifies_a_time_stamp_had_over_http(live: Live) -> None:
    (live.directory / "data").write_bytes(b"data")
    live.openssl("ts", "-query", "-data", "data", "-sha384", "-cert", "-out", "query")
    request = urllib.request.Request(
        f"{live.url}/pki/tsa",
        data=(live.directory / "query").read_bytes(),
        headers={"Content-Type": "application/timestamp-query"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Content-Type"] == "application/timestamp-reply"
        (live.directory / "reply").write_bytes(answer.read())
    said = live.openssl(
        "ts", "-verify", "-data", "data", "-in", "reply", "-CAfile", "root.pem", "-untrusted", "issuing.pem"
    )
    assert "Verification: OK" in said.stdout + said.stderr


def status_request(live: Live, certificate: x509.Certificate) -> bytes:
    issuing = live.house.services.keys.authority.issuing
    return ocsp.OCSPRequestBuilder().add_certificate(certificate, issuing, SHA256()).build().public_bytes(Encoding.DER)


def conditional(url: str, etag: str) -> int:
    """The status of an answer for somebody who has something already."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"If-None-Match": etag})) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as unchanged:
        return unchanged.code


def test_everything_that_may_be_kept_says_for_how_long_and_is_not_sent_twice(live: Live) -> None:
    _, certificate = seal_certificate(live)
    serial = live.house.services.keys.authority.issuing.serial_number
    question = urllib.parse.quote(base64.b64encode(status_request(live, certificate)), safe="")
    kept = {
        "/pki/root.pem": ("application/x-pem-file", 3600),
        "/pki/root.crt": ("application/pkix-cert", 3600),
        "/pki/anchors.pem": ("application/x-pem-file", 3600),
        "/pki/issuing.pem": ("application/x-pem-file", 3600),
        "/pki/issuing.crt": ("application/pkix-cert", 3600),
        f"/pki/authorities/{serial:x}.crt": ("application/pkix-cert", 365 * 24 * 3600),
        f"/pki/authorities/{serial:x}.crl": ("application/pkix-crl", 300),
        f"/pki/ocsp/{question}": ("application/ocsp-response", 300),
    }
    for path, (media_type, seconds) in kept.items():
        with urllib.request.urlopen(live.url + path) as answer:
            headers = answer.headers
        assert headers["Content-Type"] == media_type, path
        assert headers["Cache-Control"] == f"public, max-age={seconds}, no-transform, must-revalidate", path
        expires, modified = (parsedate_to_datetime(headers[name]) for name in ("Expires", "Last-Modified"))
        now = datetime.now(UTC)
        assert abs(expires - now - timedelta(seconds=seconds)) < timedelta(seconds=30), path
        assert modified <= now, path
        etag = headers["ETag"]
        for known in (etag, f'"other", W/{etag}', "*"):
            assert conditional(live.url + path, known) == 304, path
        assert conditional(live.url + path, '"other"') == 200, path


def test_a_list_and_an_answer_kept_from_before_a_revocation_are_sent_anew(live: Live) -> None:
    certificate_id, certificate = seal_certificate(live)
    serial = live.house.services.keys.authority.issuing.serial_number
    question = urllib.parse.quote(base64.b64encode(status_request(live, certificate)), safe="")
    urls = [f"{live.url}/pki/authorities/{serial:x}.crl", f"{live.url}/pki/ocsp/{question}"]
    etags = []
    for url in urls:
        with urllib.request.urlopen(url) as answer:
            etags.append(answer.headers["ETag"])
    revoke(live, certificate_id)
    assert [conditional(*each) for each in zip(urls, etags, strict=True)] == [200, 200]


def test_what_is_for_its_asker_alone_is_not_kept(live: Live) -> None:
    _, certificate = seal_certificate(live)
    asked = {
        "/pki/ocsp": (status_request(live, certificate), "application/ocsp-response"),
        "/pki/tsa": (b"", "application/timestamp-reply"),
    }
    for path, (body, media_type) in asked.items():
        # some callers leave the type of what they send out, or name a wrong one
        for sent_type in ("", "application/json", "application/ocsp-request"):
            request = urllib.request.Request(live.url + path, data=body, headers={"Content-Type": sent_type})
            with urllib.request.urlopen(request) as answer:
                assert answer.headers["Content-Type"] == media_type
                assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/pki/ocsp", "/pki/tsa"])
def test_a_request_larger_than_any_is_refused(live: Live, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(live.url + path, data=b"x" * 17000))
    assert refused.value.code == 413


def test_an_unknown_authority_and_a_leaf_are_not_found(live: Live) -> None:
    _, certificate = seal_certificate(live)
    for serial in ("abc", f"{certificate.serial_number:x}"):
        for ending in ("crt", "crl"):
            with pytest.raises(urllib.error.HTTPError) as unknown:
                live.get(f"/pki/authorities/{serial}.{ending}")
            assert unknown.value.code == 404


def test_every_generation_of_authorities_keeps_its_addresses(live: Live) -> None:
    authority = live.house.services.keys.authority
    _, certificate = seal_certificate(live)
    first = next(each for each in authority.authorities() if each.certificate == authority.issuing)
    with live.house.services.database.transaction() as session:
        second = authority.renew(session, first.id)
    assert x509.load_der_x509_certificate(live.get("/pki/issuing.crt")) == second.certificate
    for each in (first, second):
        assert live.get(f"/pki/authorities/{each.serial}.crt") == each.certificate.public_bytes(Encoding.DER)
        listed = x509.load_der_x509_crl(live.get(f"/pki/authorities/{each.serial}.crl"))
        assert listed.is_signature_valid(each.certificate.public_key())  # type: ignore[arg-type]  # they are P-256
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    named = [each.access_location.value for each in access]
    assert f"{live.url}/pki/authorities/{first.serial}.crt" in named


@pytest.mark.needs("openssl")
def test_the_addresses_in_an_sm2_certificate_lead_to_its_list_its_status_and_its_issuer(live: Live) -> None:
    services = live.house.services
    found = services.seal_data.current(live.house.seal().number)
    certificate = live.write("gm.pem", services.keys.authority.get(found.certificate_id).certificate)
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    address = points[0].full_name[0].value.removeprefix(live.url)  # type: ignore[index]
    issuer = services.keys.authority.gm_issuing
    assert is_signed_by(live.get(address), issuer)
    assert not list(x509.load_der_x509_crl(live.get(address)))
    chain = x509.load_pem_x509_certificates(live.get("/pki/gm.pem"))
    assert chain == [services.keys.authority.gm_root, issuer]
    live.write("gm_issuing.pem", issuer)
    ocsp_address = live.openssl("x509", "-in", "gm.pem", "-noout", "-ocsp_uri").stdout.strip()
    ask = ("ocsp", "-issuer", "gm_issuing.pem", "-cert", "gm.pem", "-url", ocsp_address, "-no_nonce", "-noverify")
    assert "gm.pem: good" in live.openssl(*ask).stdout
    revoke(live, found.certificate_id)
    assert "gm.pem: revoked" in live.openssl(*ask).stdout
    (entry,) = x509.load_der_x509_crl(live.get(address))
    assert entry.serial_number == certificate.serial_number
