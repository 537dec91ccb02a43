"""A sealed document whose proof was extended, judged by pyHanko from what stands in the file alone."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta

from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import AdESLTAValidationResult, ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy, FreshnessReqType
from pyhanko_certvalidator.registry import SimpleTrustManager

from store.clock import FixedClock
from tests.house import House


def judged(house: House, document: bytes) -> AdESLTAValidationResult:
    """What ``pyhanko sign adesverify`` says, but without the network."""
    root = Certificate.load(house.services.keys.authority.root.public_bytes(Encoding.DER))
    certificates = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build([root]),
        revinfo_policy=CertRevTrustPolicy(
            REQUIRE_REVINFO, freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION
        ),
    )
    local = RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY)
    spec = SignatureValidationSpec(cert_validation_policy=certificates, revinfo_gathering_policy=local)
    signature = PdfFileReader(io.BytesIO(document)).embedded_regular_signatures[0]
    return asyncio.run(ades_lta_validation(signature, PdfSignatureValidationSpec(spec)))


def test_pyhanko_accepts_a_licence_of_five_years_whose_seal_has_ended_without_the_network(
    house: House, clock: FixedClock
) -> None:
    """Sealed in the past, since pyHanko looks at the machine's clock whatever moment it is asked about."""
    now = datetime.now(UTC).replace(microsecond=0)
    sealed_at = now - timedelta(days=1815)
    clock.advance(sealed_at - clock.now())
    licence = house.issue(established_on="2015-01-05", term_from="2015-01-05")
    clock.advance(now - clock.now())
    first = house.services.keys.timestamps.certificate
    house.services.keys.timestamps.ensure()
    assert house.services.keys.timestamps.certificate != first
    assert house.services.extending.run(actor="tests").extended == 1
    document = house.pdf(house.services.register.get(licence.identifier))
    result = judged(house, document)
    assert result.ades_subindic is AdESPassed.OK, result.failure_msg
    assert result.api_status is not None
    assert result.api_status.bottom_line
    assert result.best_signature_time == sealed_at
    assert house.services.checker.check_pdf(document).passed
