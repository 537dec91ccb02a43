"""Certificate chains (证书链): from a signer's certificate to a trust anchor (RFC 5280, 6).

Chains are found here, with a bound on the work, and held to the rules of RFC 5280 by certvalidator. What is found does
not depend on the moment but for the window in which every certificate of the chain is valid; so it is found once for
the same certificates and anchors, and only the moment is compared afterwards. Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers, derive_quals_from_cert
from pyhanko_certvalidator.errors import DisallowedAlgorithmError, PathError, ValidationError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import DisallowWeakAlgorithmsPolicy, PKIXValidationParams
from pyhanko_certvalidator.validate import async_validate_path

from verify.algorithms import WeakAlgorithmError, check_key
from verify.anchors import ALWAYS, TrustAnchors, TrustPeriod
from verify.certificates import load_certificate, subject_of
from verify.cms import check_outer_form
from verify.reasons import Text, reason
from verify.verdict import Reason

_LONGEST: Final = 8
_SIGNATURES_TRIED: Final = 64
_CHAINS_TRIED: Final = 4
_CONTEXT_ERRORS: Final = (ValidationError, PathError, ValueError, TypeError, KeyError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain that holds within its window."""

    certificates: tuple[bytes, ...]
    """DER, from the signer's to the anchor's."""
    subjects: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    trusted: TrustPeriod = ALWAYS
    """When the anchor is relied upon."""

    def fault_at(self, moment: datetime) -> Reason | None:
        """Why it does not hold at a moment, if so."""
        since, until = self.trusted
        if (since is not None and moment < since) or (until is not None and moment > until):
            return reason("certificate.anchor_not_trusted_then", anchor=self.subjects[-1])
        if moment < self.not_before:
            return reason("certificate.not_yet_valid", since=self.not_before)
        if moment > self.not_after:
            return reason("certificate.expired", until=self.not_after)
        return None


@lru_cache(maxsize=1024)
def find_chain(leaf: bytes, pool: frozenset[bytes], anchors: TrustAnchors) -> Chain | Reason:
    """The chain from a certificate to an anchor, or why there is none.

    :param leaf: the signer's certificate, DER.
    :param pool: certificates that may stand in between, DER.
    """
    budget = _Budget()
    fault: Reason | None = None
    for count, path in enumerate(_paths((load_certificate(leaf),), _usable(pool), anchors.certificates, budget)):
        found = _validated(path)
        if isinstance(found, Chain):
            return replace(found, trusted=anchors.period(found.certificates[-1]))
        fault = fault or found
        if count + 1 >= _CHAINS_TRIED:
            break
    return fault or reason("certificate.untrusted")


@lru_cache(maxsize=1024)
def has_broken_certificate(embedded: frozenset[bytes], pool: frozenset[bytes], anchors: TrustAnchors) -> bool:
    """Whether a certificate among some was changed: it cannot be read, or its issuer is at hand and did not sign it.

    Chains leave aside what does not fit; but what was put in and does not hold shows that someone was at it.
    """
    issuers: dict[bytes, list[x509.Certificate]] = {}
    # an embedded copy of an anchor may name another issuer after a change, of whom nothing is known then
    by_signature = {certificate.signature: certificate for certificate in anchors.certificates}
    for certificate in (*_usable(pool | embedded), *anchors.certificates):
        issuers.setdefault(certificate.subject.public_bytes(), []).append(certificate)
    for encoded in embedded:
        try:
            certificate = load_certificate(encoded)
            check_outer_form(encoded)
        except ValueError:
            return True
        if by_signature.get(certificate.signature, certificate) != certificate:
            return True
        named = issuers.get(certificate.issuer.public_bytes(), [])
        candidates = [issuer for issuer in named if _key_may_be(certificate, issuer)]
        if candidates and not any(_signed_or_unknown(certificate, issuer) for issuer in candidates[:_CHAINS_TRIED]):
            return True
    return False


def _key_may_be(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether an issuer's key may be, by its identifier, the one that a certificate names: keys are renewed."""
    try:
        named = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return True
    return named is None or named == own


def _signed_or_unknown(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        digest, key = certificate.signature_hash_algorithm, issuer.public_key()
        if isinstance(digest, hashes.SHA1) and isinstance(key, rsa.RSAPublicKey):
            # as the roots of old authorities are signed, by themselves: it says nothing for them, and nothing against
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), digest)
        else:
            certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError):
        return False
    except (TypeError, UnsupportedAlgorithm):
        return True
    return True


class _Budget:
    def __init__(self) -> None:
        self.left = _SIGNATURES_TRIED

    def spend(self) -> bool:
        self.left -= 1
        return self.left >= 0


def _paths(
    path: tuple[x509.Certificate, ...],
    pool: tuple[x509.Certificate, ...],
    anchors: tuple[x509.Certificate, ...],
    budget: _Budget,
) -> Iterator[tuple[x509.Certificate, ...]]:
    last = path[-1]
    if last in anchors:
        yield path
        return
    if len(path) >= _LONGEST:
        return
    for anchor in anchors:
        if _issued(last, anchor, budget, anchor=True):
            yield (*path, anchor)
    for candidate in pool:
        if candidate not in path and _issued(last, candidate, budget):
            yield from _paths((*path, candidate), pool, anchors, budget)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate, budget: _Budget, *, anchor: bool = False) -> bool:
    """Whether one certificate is signed with the key of another, that of an authority.

    :param anchor: the other is relied upon as one, and so may be of the first version, which had no place to say it.
    """
    if certificate.issuer != issuer.subject or not budget.spend():
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return anchor and issuer.version is x509.Version.v1
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return constraints.ca


def _validated(path: tuple[x509.Certificate, ...]) -> Chain | Reason:
    """Hold a path whose signatures are right to the rest of the rules."""
    try:
        for certificate in path:
            check_key(certificate.public_key())
    except WeakAlgorithmError as weak:
        return reason("certificate.chain_weak", algorithm=str(weak))
    except (ValueError, UnsupportedAlgorithm):
        return reason("certificate.chain_weak", algorithm=Text("不支持的公钥", "an unsupported public key"))
    bounded = path[:-1] or path  # what an anchor says of its own validity does not bind (RFC 5280, 6.1.1)
    not_before = max(item.not_valid_before_utc for item in bounded)
    not_after = min(item.not_valid_after_utc for item in bounded)
    if not_before > not_after:
        return reason(
            "certificate.chain_invalid",
            detail=Text("各级证书没有共同的有效期", "its certificates are at no time all valid"),
        )
    if len(path) > 1:
        fault = _pkix_fault(path, not_before)
        if fault is not None:
            return fault
    encoded = tuple(item.public_bytes(Encoding.DER) for item in path)
    return Chain(
        certificates=encoded,
        subjects=tuple(subject_of(item) for item in encoded),
        not_before=not_before,
        not_after=not_after,
    )


def _pkix_fault(path: tuple[x509.Certificate, ...], moment: datetime) -> Reason | None:
    try:
        leaf, *between, root = (asn1_x509.Certificate.load(item.public_bytes(Encoding.DER)) for item in path)
        anchor = CertTrustAnchor(root, quals=_qualifiers(root))
        context = ValidationContext(
            trust_roots=[root],
            allow_fetching=False,
            revocation_mode="none",
            moment=moment.astimezone(UTC),
            algorithm_usage_policy=DisallowWeakAlgorithmsPolicy(),  # type: ignore[no-untyped-call]  # untyped there
        )
        _run(async_validate_path(context, ValidationPath(anchor, reversed(between), leaf)))
    except DisallowedAlgorithmError:
        return reason("certificate.chain_weak", algorithm=Text("摘要或签名算法", "digest or signature algorithm"))
    except _CONTEXT_ERRORS:
        return reason(
            "certificate.chain_invalid",
            detail=Text("证书不符合 RFC 5280 的路径规则", "a certificate breaks the path rules of RFC 5280"),
        )
    return None


def _qualifiers(root: asn1_x509.Certificate) -> TrustQualifiers:
    """What an anchor's own certificate limits: path length and names; its policies and dates do not bind."""
    derived = derive_quals_from_cert(root)
    parameters = derived.standard_parameters or PKIXValidationParams()
    everything = PKIXValidationParams()
    return TrustQualifiers(
        max_path_length=derived.max_path_length,
        # of no effect, since no chain of ours has attribute authorities; certvalidator counts it down all the same
        max_aa_path_length=_LONGEST,
        standard_parameters=replace(
            parameters,
            user_initial_policy_set=everything.user_initial_policy_set,
            initial_explicit_policy=everything.initial_explicit_policy,
        ),
    )


def _run(work: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine that waits for nothing: without fetching there is nothing to wait for."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise ValueError("path validation tried to wait for something")


def _usable(pool: frozenset[bytes]) -> tuple[x509.Certificate, ...]:
    found = []
    for encoded in sorted(pool):
        try:
            found.append(load_certificate(encoded))
        except ValueError:
            continue
    return tuple(found)
