"""Licences for other regions (跨区域交换): JSON Lines, each line signed, and a last one that says that all are there.

A line is ``{"licence": "<JWS>"}``; the last is ``{"manifest": "<JWS>"}`` with their number and the SHA-256 of all lines
before it. The signatures are those of the service's tokens (ES256), checked with its published keys.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from keys import TokenSigner, TokenVerifier
from keys.errors import TokenInvalidError
from trust.errors import ExchangeInvalidError
from trust.licence import Licence
from trust.searching import MOST_A_PAGE, LicenceSearch, Searching

LICENCE_TYPE: Final = "licence-exchange+jwt"
MANIFEST_TYPE: Final = "licence-exchange-manifest+jwt"
LONGEST_LINE: Final = 4 * 1024 * 1024
"""Characters; a licence with its photograph is shorter."""


class Exchange:
    """Exports licences."""

    def __init__(self, searching: Searching, signer: TokenSigner) -> None:
        self._searching = searching
        self._signer = signer

    def export(self, search: LicenceSearch, *, recipient: str) -> Iterator[str]:
        """The lines of an export, in constant memory. They hold personal data of the holders.

        :param recipient: whom it is for; stands in every signature, so that no line is of use elsewhere.
        """
        digest, count, cursor = hashlib.sha256(), 0, None
        while True:
            page = self._searching.search(search, cursor=cursor, limit=MOST_A_PAGE)
            for licence in page.licences:
                claims = {"licence": _as_data(licence, self._searching.today())}
                token = self._signer.sign_statement(claims, typ=LICENCE_TYPE, audience=recipient)
                line = json.dumps({"licence": token}) + "\n"
                digest.update(line.encode())
                count += 1
                yield line
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
        manifest = {"count": count, "sha256": digest.hexdigest()}
        token = self._signer.sign_statement(manifest, typ=MANIFEST_TYPE, audience=recipient)
        yield json.dumps({"manifest": token}) + "\n"


def read_export(lines: Iterable[str], verifier: TokenVerifier, *, recipient: str) -> Iterator[dict[str, Any]]:
    """The licences of an export, one by one; only when all have been taken is it sure that none is missing.

    :param verifier: with the keys and the name of the region that exported, for tokens of :data:`LONGEST_LINE`.
    :raises ExchangeInvalidError: a line is not signed by that region for this recipient, is missing, or was added.
    """
    digest, count, number, ended = hashlib.sha256(), 0, 0, False
    for number, line in enumerate(lines, start=1):
        if ended:
            raise _bad(number, "清单之后还有内容", "something follows the manifest")
        kind, token = _parts(line, number)
        typ = LICENCE_TYPE if kind == "licence" else MANIFEST_TYPE
        try:
            claims = verifier.verify_statement(token, typ=typ, audience=recipient).claims
        except TokenInvalidError:
            raise _bad(number, "签名无效，或不是发给本机构的", "its signature is wrong, or it is for others") from None
        if kind == "licence":
            digest.update(line.encode())
            count += 1
            yield claims["licence"]
        else:
            ended = True
            if (claims.get("count"), claims.get("sha256")) != (count, digest.hexdigest()):
                raise _bad(number, "清单与内容不符，有缺漏或改动", "lines are missing, or in another order")
    if not ended:
        raise _bad(number + 1, "缺少清单，文件不完整", "the manifest is missing")


def _parts(line: str, number: int) -> tuple[str, str]:
    try:
        value = json.loads(line) if len(line) <= LONGEST_LINE else None
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict) and len(value) == 1:
        ((kind, token),) = value.items()
        if kind in ("licence", "manifest") and isinstance(token, str) and line.endswith("\n"):
            return kind, token
    raise _bad(number, "格式不符", "it is not of the form of one")


def _as_data(licence: Licence, today: date) -> dict[str, Any]:
    return {
        "identifier": licence.identifier,
        "type": licence.type.slug,
        "type_code": licence.type.code,
        "type_version": licence.type.version,
        "name": licence.type.name_zh,
        "number": licence.number,
        "holders": [
            {"name": each.name, "code": each.code, "code_type": each.code_type}
            for each in (licence.holder, *licence.co_holders)
        ],
        "issuer": licence.issuer_name,
        "issuer_code": licence.issuer_code,
        "issue_date": licence.issue_date.isoformat(),
        "valid_from": licence.valid_from.isoformat(),
        "valid_until": licence.valid_until.isoformat() if licence.valid_until else None,
        "state": licence.state_on(today).value,
        "revision": licence.revision,
        "supersedes": licence.supersedes,
        "superseded_by": licence.superseded_by,
        "fields": dict(licence.fields),
        "pdf_digest": licence.pdf_digest,
    }


def _bad(line: int, zh: str, en: str) -> ExchangeInvalidError:
    return ExchangeInvalidError(line=line, problem_zh=zh, problem_en=en)
