"""The act of signing (电子签名) with a person's or a company's key, under an authorisation of its owner.

The authorisation is used up and recorded before the key signs, and the outcome afterwards, each in a transaction of its
own: a process that dies in between leaves an authorisation that is spent, and never a signature without a record.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from keys import CertificateAuthority, CertificateState, KeyCustody
from seal.artwork import Artwork
from seal.authorisations import Authorisations, SignedSubject
from seal.cms import CmsSigner
from seal.countersealing import Picture, write_signed_pdf
from seal.credentials import Credentials, CredentialState, SigningCredential
from seal.pdf import Placement, SealAppearance, signature_dictionary
from seal.signing_errors import CredentialExpiredError
from seal.time_stamps import TimeStampSource
from store.clock import Clock
from store.errors import YinzhengError


class Signing:
    """Signs for owners of credentials. Safe to use from several threads."""

    def __init__(
        self,
        custody: KeyCustody,
        authority: CertificateAuthority,
        credentials: Credentials,
        authorisations: Authorisations,
        time_stamps: TimeStampSource,
        clock: Clock,
    ) -> None:
        self._custody = custody
        self._authority = authority
        self._credentials = credentials
        self._authorisations = authorisations
        self._time_stamps = time_stamps
        self._clock = clock
        self._signer = lru_cache(maxsize=256)(self._make_signer)

    def sign_hashes(
        self, credential: SigningCredential, token: str, digests: Sequence[bytes], *, client: str
    ) -> list[bytes]:
        """Sign what SHA-256 digests stand for; ECDSA in DER, in the order of the digests.

        :param token: of an authorisation of exactly these digests in this order.
        :raises CredentialExpiredError: the certificate is not valid now, or was revoked; the authorisation is not
            used up.
        :raises CredentialNotUsableError: the credential is not active.
        :raises AuthorisationInvalidError: there is no such authorisation.
        :raises AuthorisationExpiredError: it is too old.
        :raises AuthorisationUsedError: it was used.
        :raises AuthorisationOtherDigestError: something else was authorised.
        """
        with self._under(credential, token, digests, SignedSubject.HASH, client):
            return [self._custody.sign_digest(credential.key_id, digest) for digest in digests]

    def sign_pdf(
        self,
        pdf: bytes,
        credential: SigningCredential,
        token: str,
        *,
        client: str,
        reason: str,
        artwork: Artwork | None = None,
        placement: Placement | None = None,
    ) -> bytes:
        """Sign a PDF for its owner: an approval signature of PAdES level B-T, after which others may sign or seal.

        :param token: of an authorisation of the document's SHA-256.
        :param artwork: the signature as it is seen, typed or drawn; goes with ``placement``.
        :raises DocumentUnsealableError: it is no sound PDF, or the picture would stick out of the page.
        :raises DocumentLockedError: its signatures permit no further one.
        :raises TimeStampError: no time stamp could be had.
        :raises CredentialExpiredError: and the other errors of :meth:`sign_hashes`.
        """
        picture = None
        if artwork is not None and placement is not None:
            picture = Picture(SealAppearance(artwork), placement)
        signer = self._signer(credential.certificate_id)
        placeholder = signature_dictionary(
            signer_name=self._credentials.name(credential),
            reason=reason,
            at=self._clock.now(),
            cms_size=signer.size_without_time_stamp + self._time_stamps.size,
        )
        target = io.BytesIO()
        with self._under(credential, token, [hashlib.sha256(pdf).digest()], SignedSubject.DOCUMENT, client):
            write_signed_pdf(
                io.BytesIO(pdf),
                target,
                picture=picture,
                placeholder=placeholder,
                sign=self._sign_with(signer, credential.key_id),
            )
        return target.getvalue()

    def _sign_with(self, signer: CmsSigner, key_id: int) -> Callable[[bytes], bytes]:
        def sign(document_digest: bytes) -> bytes:
            attributes = signer.signed_attributes(document_digest)
            signature = self._custody.sign(key_id, attributes)
            token = self._time_stamps.stamp(hashlib.sha256(signature).digest())
            return signer.assemble(attributes, signature, token)

        return sign

    @contextmanager
    def _under(
        self,
        credential: SigningCredential,
        token: str,
        digests: Sequence[bytes],
        subject: SignedSubject,
        client: str,
    ) -> Iterator[None]:
        """Use an authorisation up for what happens inside, and record how that ended."""
        record = self._authority.get(credential.certificate_id)
        valid = record.not_before <= self._clock.now() <= record.not_after
        good = valid and record.state is CertificateState.ACTIVE
        if not good and credential.state is CredentialState.ACTIVE:
            refusal = CredentialExpiredError()
            self._authorisations.refuse(credential, digests, client=client, refusal=refusal)
            raise refusal
        used = self._authorisations.redeem(credential, token, digests, subject=subject, client=client)
        failure: str | None = "interrupted"
        try:
            yield
            failure = None
        except YinzhengError as error:
            failure = error.code
            raise
        finally:
            self._authorisations.finish(credential, used, digests, client=client, failure=failure)

    def _make_signer(self, certificate_id: int) -> CmsSigner:
        certificate = self._authority.get(certificate_id).certificate
        return CmsSigner(certificate, self._authority.chain(certificate)[1:])
