"""The signing core: licence types, identifiers, rendering, issuing, and the register of every licence's status."""

from __future__ import annotations

from trust import _batch_tables as _batch_tables  # registers the tables
from trust import _tables as _tables  # the same
from trust.catalogue import Catalogue, LicenceType
from trust.changing import ChangeOrder, Changing
from trust.codes import CitizenId, UnifiedSocialCreditCode
from trust.confined_rendering import ConfinedRenderer
from trust.content import Holder, LicenceContent
from trust.decisions import Decision
from trust.extending import DEFAULT_MARGIN, Extending, ExtensionReport
from trust.holders import CodeType, HolderIndex, checked_code
from trust.identifier import LicenceIdentifier
from trust.issuing import LICENCE_ISSUED, Issued, IssueOrder, Issuing
from trust.licence import Act, Licence, LicenceEvent, LicenceState, Origin
from trust.licence_log import LicenceLog
from trust.licence_type import TypeOrigin, TypeState
from trust.licence_types import LicenceTypes, TypeVersion
from trust.published_catalogue import PublishedCatalogue
from trust.register import Register
from trust.rendering import Renderer
from trust.searching import LicencePage, LicenceSearch, Searching, SearchOrder
from trust.transparency import LogProof, TransparencyLog
from trust.type_desk import TypeDesk
from trust.type_package import TypePackage

__all__ = [
    "DEFAULT_MARGIN",
    "LICENCE_ISSUED",
    "Act",
    "Catalogue",
    "ChangeOrder",
    "Changing",
    "CitizenId",
    "CodeType",
    "ConfinedRenderer",
    "Decision",
    "Extending",
    "ExtensionReport",
    "Holder",
    "HolderIndex",
    "IssueOrder",
    "Issued",
    "Issuing",
    "Licence",
    "LicenceContent",
    "LicenceEvent",
    "LicenceIdentifier",
    "LicenceLog",
    "LicencePage",
    "LicenceSearch",
    "LicenceState",
    "LicenceType",
    "LicenceTypes",
    "LogProof",
    "Origin",
    "PublishedCatalogue",
    "Register",
    "Renderer",
    "SearchOrder",
    "Searching",
    "TransparencyLog",
    "TypeDesk",
    "TypeOrigin",
    "TypePackage",
    "TypeState",
    "TypeVersion",
    "UnifiedSocialCreditCode",
    "checked_code",
]
