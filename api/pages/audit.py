"""The auditor's view of the transparency log: any entry with its proof, the checkpoint, one size beside another."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from api.errors import PathUnknownError
from api.officers import Role
from api.pages.frame import to
from api.pages.seal_office import OfficerDesk, desk_with, show_seals
from api.problems import status_of
from api.security import ServicesDep
from api.services import Services
from api.sessions import CsrfCheckedDep
from keys import RecordLog, salted_digest
from keys.notes import Checkpoint, open_note
from seal.registry import LOG_PREFIX as SEAL_PREFIX
from store.errors import YinzhengError
from store.ledger import LedgerEntry
from store.merkle import TILE_WIDTH, climb, holds_consistency, holds_inclusion, leaf_hash, tile_at
from trust.licence_log import LOG_PREFIX

router = APIRouter(prefix="/audit/log", dependencies=[CsrfCheckedDep])

AuditorDep = Annotated[OfficerDesk, Depends(desk_with(Role.AUDITOR))]
Position = Annotated[int, Path(ge=0, le=2**53)]
_NEWEST: Final = 20


@router.get("", response_class=HTMLResponse)
def overview(
    request: Request,
    services: ServicesDep,
    desk: AuditorDep,
    sought: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The checkpoint, the newest entries, and where to look others up."""
    services.ledger.sequence()
    head = services.ledger.head()
    sought = sought.strip()
    found: list[LedgerEntry] | None = None
    if sought:
        if sought.isascii() and sought.isdigit() and len(sought) < 13 and int(sought) < head.size:
            return to(f"/audit/log/entries/{int(sought)}")
        found = _about(services, desk, sought)
    note = services.transparency_log.checkpoint()
    keys = services.transparency_log.verifier_keys()
    newest = [_shown(services, place) for place in range(head.size - 1, max(head.size - 1 - _NEWEST, -1), -1)]
    return show_seals(
        request,
        services,
        desk,
        "audit/log.html",
        here="/audit/log",
        head=head,
        note=note,
        checked=Checkpoint.parse(open_note(note.encode(), keys)).root == head.root,
        keys=[str(each) for each in keys],
        base=f"{services.settings.base_url}/log",
        newest=newest,
        sought=sought,
        found=[(each, json.loads(each.data)) for each in found] if found is not None else None,
    )


@router.get("/entries/{position}", response_class=HTMLResponse)
def entry(request: Request, services: ServicesDep, desk: AuditorDep, position: Position) -> HTMLResponse:
    """An entry: the leaf as everybody sees it, what it stands for where that is this body's, and its proof."""
    found = services.ledger.entry_at(position)
    if found is None:
        raise PathUnknownError
    note = services.transparency_log.checkpoint()
    checkpoint = Checkpoint.parse(open_note(note.encode(), services.transparency_log.verifier_keys()))
    proof = services.ledger.inclusion(position, checkpoint.size)
    leaf = leaf_hash(found.data)
    place = tile_at(0, position // TILE_WIDTH, checkpoint.size)
    address = _subject_page(services, desk, found.subject)
    opened: dict[str, Any] | None = None
    if address is not None:
        salt = RecordLog(services.keys.vault).salt(found.subject, found.number)
        digest = salted_digest(salt, found.opening)
        opened = {
            "text": found.opening.decode(),
            "salt": salt.hex(),
            "digest": digest,
            "holds": digest == json.loads(found.data)["digest"],
            "address": address,
            "facts": json.loads(found.opening),
        }
    licence = found.subject.removeprefix(LOG_PREFIX) if found.subject.startswith(LOG_PREFIX) and opened else None
    return show_seals(
        request,
        services,
        desk,
        "audit/entry.html",
        here="/audit/log",
        position=position,
        leaf=json.loads(found.data),
        leaf_text=found.data.decode(),
        leaf_hash=leaf.hex(),
        steps=climb(leaf, position, checkpoint.size, proof),
        root=checkpoint.root.hex(),
        size=checkpoint.size,
        holds=holds_inclusion(leaf, position, checkpoint.size, proof, checkpoint.root),
        note=note,
        opened=opened,
        history=services.register.history(licence) if licence is not None else [],
        base=f"{services.settings.base_url}/log",
        tile=tile_path(place.index, place.width),
        offset=position % TILE_WIDTH,
        key=str(services.transparency_log.verifier_keys()[0]),
    )


@router.get("/consistency", response_class=HTMLResponse)
def consistency(
    request: Request,
    services: ServicesDep,
    desk: AuditorDep,
    old: Annotated[int, Query(ge=1, le=2**53)],
    new: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """That the log of one size begins with that of another."""
    size = services.ledger.head().size
    new = new or size
    if not old <= new <= size:
        return to("/audit/log?done=no_such_size")
    proof = services.ledger.consistency(old, new)
    old_root, new_root = services.ledger.root(old), services.ledger.root(new)
    return show_seals(
        request,
        services,
        desk,
        "audit/consistency.html",
        here="/audit/log",
        old=old,
        new=new,
        old_root=old_root.hex(),
        new_root=new_root.hex(),
        hashes=[each.hex() for each in proof],
        holds=holds_consistency(old, old_root, new, new_root, proof),
    )


def tile_path(index: int, width: int) -> str:
    """The address of a tile below its level (C2SP tlog-tiles): groups of three digits, all but the last after ``x``."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    path = "/".join([*(f"x{each}" for each in groups[:-1]), groups[-1]])
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def _shown(services: Services, position: int) -> tuple[int, dict[str, Any]]:
    found = services.ledger.entry_at(position)
    return position, json.loads(found.data) if found is not None else {}


def _about(services: Services, desk: OfficerDesk, sought: str) -> list[LedgerEntry]:
    """What the log has about a seal or a licence of this body; nothing about those of others."""
    subjects = (f"{SEAL_PREFIX}{sought}", f"{LOG_PREFIX}{sought}")
    return [
        each
        for subject in subjects
        if _subject_page(services, desk, subject) is not None
        for each in services.ledger.entries_about(subject)
    ]


def _subject_page(services: Services, desk: OfficerDesk, subject: str) -> str | None:
    """Where this officer may read about what an entry is about; None where it is none of the officer's business."""
    kind, _, name = subject.partition(":")
    try:
        if kind == "seal" and desk.concerns(name):
            return f"/seals/{name}"
        if subject.startswith(LOG_PREFIX):
            licence = services.register.find(name)
            return f"/c/{name}" if licence is not None and licence.issuer_code == desk.body.code else None
        if kind == "seal-use":
            use = services.seal_uses.find(int(name))
            return f"/seals/{use.seal_number}/uses/{use.id}" if desk.concerns(use.seal_number) else None
        if kind == "seal-grant":
            grant = services.grants.get(int(name))
            return f"/seals/{grant.seal_number}/grants" if desk.concerns(grant.seal_number) else None
    except YinzhengError as error:
        if status_of(error) >= 500:
            raise
    return None
