"""Key ceremonies: ``keys ceremony``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from api.ceremonies import Ceremony, CeremonyKind
from api.commands.common import console, open_services, person, write_bytes
from api.errors import CeremonyRefusedError
from api.services import Services, kek_source
from keys import KeyPurpose, ServicePurpose, create_key_file, kek_fingerprint
from keys.errors import ServiceKeyMissingError
from seal import Move
from seal.texts import same_officer
from store.acting import SERVICE
from store.database import Database
from store.errors import YinzhengError
from store.schema import current


@dataclass(frozen=True)
class _Means:
    """What a ceremony works with."""

    kek_file: Path | None
    seal: str | None
    reason: str


def ceremony(
    kind: Annotated[CeremonyKind, typer.Argument(help="make、kek、services、data 或 or seal.")],
    out: Annotated[Path, typer.Option(help="存放记录的目录 Directory for the protocol.")],
    officer: Annotated[list[str], typer.Option(help="主持人员姓名，至少两人 Officers by name, two at least.")],
    place: Annotated[str, typer.Option(help="地点 Where it is held.")],
    copy: Annotated[list[str], typer.Option(help="副本存放处，可多次给出 Where a copy lies; several times.")],
    witness: Annotated[list[str] | None, typer.Option(help="见证人 Witnesses.")] = None,
    kek_file: Annotated[
        Path | None, typer.Option(help="kek：新的密钥加密密钥文件，没有则生成 The new key; made where there is none.")
    ] = None,
    seal: Annotated[str | None, typer.Option(help="seal：印章编号 Number of the seal.")] = None,
    reason: Annotated[str, typer.Option(help="理由 Reason.")] = "例行更换 in the course of things",
) -> None:
    """在两名以上人员面前生成或更换密钥，并打印供签字的记录（文本与 PDF）。

    Make or change keys before two officers or more, and print a protocol to be signed, as text and PDF. It holds no
    secret.
    """
    _refuse_one_alone(officer)
    for each in officer:
        typed = typer.prompt(f"{each}：请本人输入姓名，确认在场 type your name, to say that you are here")
        if not same_officer(typed, each):
            raise CeremonyRefusedError(problem_zh=f"{each}未确认在场", problem_en=f"{each} did not say to be here")
    with open_services() as services:
        held = Ceremony(kind, officer, witness or (), place, copy, person(), services.clock)
        held.note(f"确认在场 present: {'、'.join(officer)}")
        paper = out / f"{held.began:%Y%m%dT%H%M%SZ}-{kind.value}.txt"
        # where nothing can be written nothing is done, and one that was killed leaves a trace
        write_bytes(paper, f"{kind.heading}: 已开始，未结束 begun and not ended\n".encode())
        failed: YinzhengError | None = None
        try:
            _ACTS[kind](services, held, _Means(kek_file, seal, reason))
        except CeremonyRefusedError:
            paper.unlink()
            raise
        except YinzhengError as error:
            failed = error
            held.note(f"失败 failed: {error.message_zh} {error.message_en} [{error.code}]")
        _print(services, held, paper, failed)
    if failed is not None:
        raise failed


def _refuse_one_alone(officers: list[str]) -> None:
    alone = any(same_officer(one, other) for number, one in enumerate(officers) for other in officers[number + 1 :])
    if len(officers) < 2 or alone:
        raise CeremonyRefusedError(problem_zh="须有至少两名不同的人员", problem_en="two different officers are needed")


def _print(services: Services, held: Ceremony, paper: Path, failed: YinzhengError | None) -> None:
    target = Database(services.database_address, acting=SERVICE)
    try:
        schema = current(target)
    finally:
        target.close()
    keys = services.keys.authority.overview() if failed is None else []
    kek = kek_fingerprint(services.database)
    protocol = held.protocol(keys, schema=schema, kek=kek, failed=failed.code if failed is not None else "")
    write_bytes(paper, protocol.text().encode())
    write_bytes(paper.with_suffix(".pdf"), protocol.pdf(services.fonts))
    typer.echo(protocol.text())
    console.print(f"记录 protocol: {paper}, {paper.with_suffix('.pdf')}")


def _make(services: Services, held: Ceremony, _: _Means) -> None:
    with services.database.transaction() as session:
        there = session.scalar(sa.text("SELECT count(*) FROM signing_key"))
    if there:
        raise CeremonyRefusedError(problem_zh="数据库中已有密钥", problem_en="the database has keys already")
    file = services.settings.kek_file
    if file is not None and not file.exists():
        create_key_file(file)
        held.note(f"生成密钥加密密钥（32 字节随机数） made the key-encryption key, 32 random bytes: {file}")
    authority = services.keys.authority
    held.note(f"生成根密钥与根证书 made the root: {authority.root.subject.rfc4514_string()}")
    held.note(f"生成签发密钥与证书 made the issuing authority: {authority.issuing.subject.rfc4514_string()}")
    held.note(f"密钥加密密钥指纹 fingerprint of the key-encryption key: {kek_fingerprint(services.database)}")


def _rewrap(services: Services, held: Ceremony, means: _Means) -> None:
    if means.kek_file is None:
        raise CeremonyRefusedError(problem_zh="缺少 --kek-file", problem_en="--kek-file is missing")
    before = kek_fingerprint(services.database)
    if not means.kek_file.exists():
        create_key_file(means.kek_file)
        held.note(f"生成新的密钥加密密钥 made the new key-encryption key: {means.kek_file}")
    services.open_key_encryption_key()
    _ = services.keys  # opened by the one before, for the list of keys
    services.rewrap_keys(kek_source(means.kek_file, None))
    held.note(f"全部密钥已重新包裹 all keys were wrapped again: {before} → {kek_fingerprint(services.database)}")
    held.note("须修改 YINZHENG_KEK_FILE 并重启各进程 YINZHENG_KEK_FILE is to be changed, and all processes restarted")


def _services(services: Services, held: Ceremony, _: _Means) -> None:
    authority = services.keys.authority
    for purpose in ServicePurpose:
        try:
            old = authority.current(KeyPurpose(purpose.value))
        except ServiceKeyMissingError:
            held.note(f"{purpose.value}: 尚无密钥 none yet")
            continue
        with services.database.transaction() as session:
            new = authority.renew(session, old.id)
        held.note(
            f"{purpose.value}: 密钥 key {old.key_id} → {new.key_id}, 证书 certificate {old.serial} → {new.serial}"
        )


def _data(services: Services, held: Ceremony, _: _Means) -> None:
    made = services.field_keys.make()
    held.note(f"生成数据密钥 made data key {made}")
    came = services.field_keys.reencrypt()
    held.note(f"重新加密 encrypted again: {came.done} 个字段 fields, 尚余 remaining {came.remaining}")


def _seal(services: Services, held: Ceremony, means: _Means) -> None:
    if means.seal is None:
        raise CeremonyRefusedError(problem_zh="缺少 --seal", problem_en="--seal is missing")
    first, second = held.officers[:2]
    asked = services.seals.request(means.seal, Move.ROTATE, officer=first, reason=means.reason)
    held.note(f"{first}申请更换密钥 asked for a new key: 印章 seal {means.seal}, 申请号 request {asked.id}")
    services.seals.approve(asked.id, officer=second)
    serial = services.seals.certificates(means.seal)[-1].serial
    held.note(f"{second}批准 approved it; 新证书 new certificate {serial}")


_ACTS: dict[CeremonyKind, Callable[[Services, Ceremony, _Means], None]] = {
    CeremonyKind.MAKE: _make,
    CeremonyKind.KEK: _rewrap,
    CeremonyKind.SERVICES: _services,
    CeremonyKind.DATA: _data,
    CeremonyKind.SEAL: _seal,
}
