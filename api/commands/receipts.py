"""Verifying the receipt of a check: ``verify --receipt``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from api.commands.common import console, open_services, print_json, read_bytes
from api.errors import FileUnreadableError
from api.services import Services
from keys import PublicKeySet, TokenVerifier
from verify import Receipt, ReceiptVerifier

_LARGEST = 64 * 1024
_MOST_KEYS = 1000


def verify_receipt(file: Path, jwks: Path | None, *, as_json: bool) -> None:
    """Check a receipt's signature and print what it says.

    :param jwks: a copy of the published keys; without one, those of this installation are asked for.
    :raises ReceiptInvalidError: it is none of the service's at ``YINZHENG_BASE_URL``, or was changed.
    """
    text = _text(file).strip()
    with open_services() as services:
        found = (services.receipts if jwks is None else _verifier(services, jwks)).verify(text)
    if as_json:
        print_json(asdict(found))
    else:
        _print(found)


def _verifier(services: Services, jwks: Path) -> ReceiptVerifier:
    keys = PublicKeySet.parse(_text(jwks), most=_MOST_KEYS)
    return ReceiptVerifier(TokenVerifier(keys, services.clock, issuer=services.settings.base_url))


def _text(path: Path) -> str:
    try:
        return read_bytes(path, limit=_LARGEST).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileUnreadableError(path=path, problem="not UTF-8") from error


def _print(found: Receipt) -> None:
    console.print(f"[bold green]回执有效 The receipt is genuine[/]  {found.id}")
    console.print(f"  核验时间 checked at: {found.checked_at.isoformat()}")
    console.print(f"  结论 verdict: {found.verdict.value}  ({', '.join(found.reason_codes)})")
    console.print(f"  依据 evidence: {found.evidence}  SHA-256 {found.digest}")
    if found.identifier is not None:
        console.print(f"  证照 licence: {found.identifier}")
    console.print(f"  事项 service item: {found.service_item} v{found.service_item_version}")
    console.print(f"  办件 case: {found.case_number}  机构 body: {found.body}  客户端 client: {found.client}")
