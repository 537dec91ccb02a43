"""The authorisation matrix as data: who may use each route, and whose objects each value of a request names.

Routes and the values that they take are read from the application itself, so that one that is new, and one that takes
a new value, fails the tests until it is entered here.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Union, get_args, get_origin

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from api.clients import Scope
from api.officers import Role

NOBODY: frozenset[Any] = frozenset()
"""Nobody has to say who he is."""
PERSONS = frozenset({"person", "representative", "agent", *Role})
"""Whoever is signed in with a citizen identity number: officers are holders too."""
SIGNED_IN = PERSONS | {"nameless"}

ISSUE, HOLD, CHECK = Scope.ISSUE, Scope.HOLD, Scope.CHECK
OFFICE = frozenset({Scope.SEALS, Scope.SEALS_APPROVE})
SEAL_USES = frozenset({ISSUE, HOLD, Scope.SEALS})
SEAL_READERS = frozenset({Role.SEAL_APPLICANT, Role.SEAL_APPROVER, Role.AUDITOR})
CONSOLE = frozenset({Role.ISSUER, Role.ADMINISTRATOR})
SEAL_APPLICANT, SEAL_APPROVER = frozenset({Role.SEAL_APPLICANT}), frozenset({Role.SEAL_APPROVER})

MATRIX: list[tuple[str, frozenset[Any]]] = [
    (r"POST /oauth/token", NOBODY),
    (r"GET /openapi\.json", NOBODY),
    (r"GET /\.well-known/.*", NOBODY),
    (r"GET /v1/licence-types(/\{type\})?", NOBODY),
    (r"\w+ /v1/licence-types/\{slug\}/.*", frozenset({Scope.CATALOGUE})),
    (r"GET /v1/changes", frozenset({ISSUE, Scope.EXCHANGE})),
    (r"\w+ /v1/licences(/.*)?", frozenset({ISSUE})),
    (r"\w+ /v1/(batches|imports)(/.*)?", frozenset({ISSUE})),
    (r"\w+ /v1/wallet(/.*)?", frozenset({HOLD})),
    (r"POST /v1/checks/.*", frozenset({CHECK})),
    (r"\w+ /v1/objections(/.*)?", frozenset({CHECK})),
    (r"\w+ /v1/consent(s|-requests)/?.*", frozenset({CHECK})),
    (r"\w+ /v1/watches(/.*)?", frozenset({CHECK})),
    (r"\w+ /v1/feedback", frozenset({CHECK})),
    (r"\w+ /v1/feedback/.*", frozenset({ISSUE})),
    (r"GET /v1/service-items(/.*)?", frozenset({CHECK})),
    (r"POST /v1/sharing/.*", frozenset({CHECK})),
    (r"POST /v1/receipts/verify", NOBODY),
    (r"GET /v1/seals/\{number\}", NOBODY),
    (r"GET /v1/seals/\{number\}/(uses|uses/export|days|esl)", SEAL_USES),
    (r"POST /v1/seals/\{number\}/signatures", frozenset({ISSUE})),
    (r"POST /v1/seal-applications", frozenset({Scope.SEALS})),
    (r"GET /v1/seal-requests(/\{request\})?", OFFICE),
    (r"POST /v1/seal-requests/\{request\}/.*", frozenset({Scope.SEALS_APPROVE})),
    (r"GET /v1/seals(/\{number\}/(file|grants))?", OFFICE),
    (r"POST /v1/seals/\{number\}/(requests|register|activate|grants)", frozenset({Scope.SEALS})),
    (r"POST /v1/seals/\{number\}/(freeze|grants/\{grant_id\}/revoke)", OFFICE),
    (r"POST /v1/seal-uses", frozenset({Scope.SEAL_USE})),
    (r"POST /csc/v2/info", NOBODY),
    (r"POST /csc/v2/.*", frozenset({Scope.SIGN})),
    (r"\w+ /(pki|log|status)(/.*)?", NOBODY),
    (r"\w+ /v1/jobs(/.*)?", frozenset({Scope.OPERATE})),
    (r"GET /(healthz|readyz)", NOBODY),
    (
        r"\w+ /((check|c/\{identifier\}|checks/\{number\})(/.*)?|problems/\{code\}|design)?",
        NOBODY,
    ),
    (r"GET /sign-in(/.*)?", NOBODY),
    (r"\w+ /builtin-provider/.*", NOBODY),
    (r"\w+ /sign-out", SIGNED_IN),
    (r"\w+ /acting", PERSONS),
    (r"GET /wallet/(manifest\.webmanifest|worker\.js)", NOBODY),
    (r"\w+ /wallet(/.*)?", PERSONS),
    (r"\w+ /cases(/.*)?", frozenset({Role.APPROVER})),
    (r"POST /seals/requests/\{number\}/(approve|reject)", SEAL_APPROVER),
    (r"POST /seals/\{number\}/freeze", SEAL_APPLICANT | SEAL_APPROVER),
    (r"POST /seals/\{number\}/(register|activate|ask)", SEAL_APPLICANT),
    (r"POST /seals/\{number\}/grants/\{grant\}/revoke", SEAL_APPLICANT | SEAL_APPROVER),
    (r"POST /seals/\{number\}/grants", SEAL_APPLICANT),
    (r"\w+ /seals/new(/.*)?", SEAL_APPLICANT),
    (r"GET /seals(/.*)?", SEAL_READERS),
    (r"GET /waiting", frozenset({Role.ISSUER, Role.APPROVER, Role.SEAL_APPLICANT, Role.SEAL_APPROVER})),
    (r"\w+ /objections/.*", frozenset({Role.APPROVER})),
    (r"GET /operation", frozenset(Role)),
    (r"GET /console(/types(/\{slug\}(/versions/.*)?)?)?", CONSOLE),
    (r"\w+ /console/types/.*", frozenset({Role.ADMINISTRATOR})),
    (r"\w+ /console/.*", frozenset({Role.ISSUER})),
    (r"GET /audit/log(/.*)?", frozenset({Role.AUDITOR})),
]


class Kind(StrEnum):
    """What a value names."""

    OPEN = "open"
    """Nothing that belongs to somebody, what everybody may see, or a word that carries its own right."""
    LICENCE = "licence"
    LICENCE_NUMBER = "licence number"
    HOLDER = "holder"
    """By the number of a body or person."""
    ACTED_FOR = "acted for"
    CONSENT = "consent"
    CONSENT_REQUEST = "consent request"
    AGENT = "agent"
    LOOK = "look"
    PRESENTATION = "presentation"
    CASE = "case"
    RECEIPT = "receipt"
    USE = "use of a seal"
    OBJECTION = "objection"
    FEEDBACK = "feedback"
    BATCH = "batch"
    IMPORT = "import"
    SEAL = "seal"
    USABLE_SEAL = "seal to use"
    SEAL_REQUEST = "seal request"
    GRANT = "grant"
    OWNER = "owner"
    CREDENTIAL = "credential"
    SAD = "authorisation"
    CLIENT = "client"
    STATE = "state"
    CODE = "code"


_OPEN_NAMES = """
    OTP act acts after agree algorithm answer answer_within audience authData.id authData.value before body by
    caller case_number certInfo certificates client_assertion client_assertion_type client_secret code_challenge
    code_challenge_method code_verifier compromised_since confirm credentialInfo cursor daily_quota data days
    digest document document_identifier document_type done dry_run error everywhere field fields file find form
    format found from grant_type hashes hidden id_number iss issue_date issued_from issued_until item items kind
    lang legal_basis licence_type licence_types limit mark maxResults max_uses minutes month move name next
    nonce numSignatures once onlyValid only_review operationMode order organisation package page pageToken
    person picture pinned policy problem property_info purpose reason receipt redirect_uri region response_type
    result revision scope service_item service_items signAlgo signature size_mm state step strokes text type
    types until valid_from valid_on valid_until wish with_hidden word words x_mm y_mm
""".split()  # noqa: SIM905  a list of a hundred strings says no more
"""Texts, dates, choices, codes of public data, positions in one's own lists, and what proves who somebody is."""

_OPEN_MEMBERS = re.compile(
    r"(fields|application|strokes|questions|wanted|acts)(\..*)?|(holder|applicant)\.code_type|licences\.fields"
)

PLACES: list[tuple[str, str, Kind]] = [
    # who reads these reads them of everybody, or has the unguessable number of what is shown
    (r"\w+ /(audit|checks|check/frame|console/types|console/issue)(/.*)?", ".*", Kind.OPEN),
    # what stands in the address
    (r".* (/v1/licences|/v1/watches|/v1/wallet/licences|/wallet/licences)/.*", "identifier", Kind.LICENCE),
    (r".* /cases/.*", "number", Kind.CASE),
    (r".* /cases/.*", "receipt_id", Kind.RECEIPT),
    (r"GET /console/batches/.*/(findings|set-aside)\.csv", "reference", Kind.IMPORT),
    (r".* /console/batches/.*", "reference", Kind.BATCH),
    (r".* /console/feedback/.*", "number", Kind.FEEDBACK),
    (r".* /console/licences/.*", "feedback", Kind.OPEN),
    (r".* /wallet/codes/.*", "number", Kind.PRESENTATION),
    (r".* /wallet/looks/.*", "number", Kind.LOOK),
    (r".* /seals/\{number\}/uses/.*", "use", Kind.USE),
    (r".* /seals/\{number\}/grants/.*", "grant", Kind.GRANT),
    (r".* /v1/batches/.*", "reference", Kind.BATCH),
    (r".* /v1/imports/.*", "reference", Kind.IMPORT),
    (r".* (/v1)?/wallet/consents/.*", "number", Kind.CONSENT),
    (r".* (/v1/consent-requests|/v1/wallet/consent-requests|/wallet/requests)/.*", "number", Kind.CONSENT_REQUEST),
    (r".* (/v1)?/wallet/agents/.*", "number", Kind.AGENT),
    (r".* (/v1)?/objections/.*", "number", Kind.OBJECTION),
    (r".* /v1/feedback/.*", "number", Kind.FEEDBACK),
    (r"GET /v1/seals/\{number\}", "number", Kind.OPEN),
    (r".* /v1/seals/\{number\}/signatures", "number", Kind.USABLE_SEAL),
    (r".* /seals/requests/.*", "number", Kind.SEAL_REQUEST),
    (r".* (/v1)?/seals/.*", "number", Kind.SEAL),
    (r".* /v1/seal-requests/.*", "request", Kind.SEAL_REQUEST),
    (r".* /v1/seals/.*", "grant_id", Kind.GRANT),
    (r".* /v1/licence-types/.*", "slug|version|type", Kind.OPEN),
    (r".* /v1/service-items/.*", "code", Kind.OPEN),
    (r".* /v1/jobs/.*", "name", Kind.OPEN),
    (r"POST /v1/checks/identifiers", "checks", Kind.OPEN),
    (r".* /(pki|log|status)/.*", "serial|request|path|number", Kind.OPEN),
    (r".* /problems/.*", "code", Kind.OPEN),
    (r".* /c/.*|POST /check", "identifier", Kind.OPEN),
    (r".* /sign-in/link/.*", "token", Kind.OPEN),
    # what stands in queries and bodies
    (r"POST /cases/\{number\}/applicant", "code|code_type|sheet", Kind.OPEN),
    (r"POST /cases/\{number\}/file", "foreign", Kind.OPEN),
    (r"GET /console/batches/new", "mends", Kind.OPEN),
    (r"POST /console/batches", "mends", Kind.IMPORT),
    (r"POST /console/batches", "seal", Kind.OPEN),
    (r"GET /wallet/looks", "licence", Kind.LICENCE),
    (r"POST /wallet/(consents|requests/.*)", "share", Kind.LICENCE),
    # a drawing says nothing of the seal whose place is taken
    (r"POST /seals/new/artwork", "supersedes", Kind.OPEN),
    (r"POST /v1/licences/search", "number", Kind.LICENCE_NUMBER),
    (r"POST /v1/licences/search", "holder_code", Kind.HOLDER),
    (r"POST /v1/seal-uses", "identifier", Kind.OPEN),
    (r"POST /v1/seal-uses", "seal", Kind.USABLE_SEAL),
    (r"POST /v1/imports", "seal", Kind.OPEN),
    (r"POST /v1/imports", "mends", Kind.IMPORT),
    (r"POST /v1/(checks|sharing)/.*", "holder", Kind.OPEN),
    (r"POST /acting", "holder", Kind.ACTED_FOR),
    (r".*", r"(licences\.|checks\.)?identifier", Kind.LICENCE),
    (r".*", r"(holder|applicant)\.code", Kind.HOLDER),
    (r".*", r"consents?", Kind.CONSENT),
    (r".*", r"look", Kind.LOOK),
    # whoever has the code has read in it for whom it was made
    (r"POST /v1/checks/presentation", "token", Kind.OPEN),
    (r".*", "supersedes", Kind.SEAL),
    (r".*", "owner", Kind.OWNER),
    (r".*", "credentialID|userID", Kind.CREDENTIAL),
    (r".*", "SAD", Kind.SAD),
    (r"POST (/v1)?/seals/\{number\}/grants", "client", Kind.OPEN),
    (r"POST /oauth/token", "client_id", Kind.CLIENT),
    (r".* /builtin-provider/authorize", "client_id|state", Kind.OPEN),
    (r"GET /sign-in/callback", "state", Kind.STATE),
    (r"GET /sign-in/callback", "code", Kind.OPEN),
    (r"POST /builtin-provider/token", "code", Kind.CODE),
]

UNTYPED: dict[str, tuple[str, ...]] = {
    "POST /v1/checks/identifiers": ("checks.identifier",),
    "POST /v1/checks/stream": ("checks.identifier",),
}
"""Values within bodies whose members the application reads itself."""


@dataclass(frozen=True)
class Route:
    """One method at one path, and the names of the values that it takes."""

    method: str
    path: str
    values: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_page(self) -> bool:
        return re.match(r"/(v1|csc|pki|log|status|oauth|\.well-known|healthz|readyz|openapi)\b", self.path) is None

    @property
    def allowed(self) -> frozenset[Any]:
        """Who may use it; the first line that fits counts."""
        return next(who for pattern, who in MATRIX if re.fullmatch(pattern, self.name))

    def kind(self, value: str) -> Kind | None:
        """What a value names; None where nobody has said so."""
        for pattern, names, kind in PLACES:
            if re.fullmatch(pattern, self.name) and re.fullmatch(names, value):
                return kind
        return Kind.OPEN if value in _OPEN_NAMES or _OPEN_MEMBERS.fullmatch(value) else None

    def objects(self) -> list[tuple[str, Kind]]:
        """The values that name what belongs to somebody."""
        kinds = [(value, self.kind(value)) for value in self.values]
        return [(value, kind) for value, kind in kinds if kind not in (None, Kind.OPEN)]  # type: ignore[misc]


def routes_of(app: FastAPI) -> list[Route]:
    """Every route of the application: API, pages and the built-in provider; not the static files."""
    found = []
    for context in iter_route_contexts(app.routes):
        for method in (context.methods or set()) - {"HEAD"}:
            dependant = getattr(context, "dependant", None)
            values = list(_values(dependant)) if dependant is not None else []
            path = re.sub(r":path\}", "}", context.path or "")
            found.append(Route(method, path, (*dict.fromkeys(values), *UNTYPED.get(f"{method} {path}", ()))))
    return sorted(found, key=lambda route: (route.path, route.method))


def _values(dependant: Any) -> Iterator[str]:
    for each in (*dependant.path_params, *dependant.query_params):
        yield each.alias
    for each in dependant.body_params:
        members = list(_members(each.field_info.annotation, ""))
        yield from members or [each.alias]
    for each in dependant.dependencies:
        yield from _values(each)


def _members(annotation: Any, prefix: str) -> Iterator[str]:
    """The names of a body's members, those of members of members with dots."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0], prefix)
    elif origin in (Union, types.UnionType, list, tuple, frozenset):
        for each in get_args(annotation):
            yield from _members(each, prefix)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, info in annotation.model_fields.items():
            alias = info.alias or name
            inner = list(_members(info.annotation, f"{prefix}{alias}."))
            yield from inner or [f"{prefix}{alias}"]
