"""What is written down of a key ceremony (密钥仪式): who was there, what was done by which program, the keys after it.

Nothing in it is secret: keys are named by number, place and the fingerprints of what is public. It is printed twice, as
text and as a PDF/A-3b that has the text attached, to be signed by hand.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Final

import typst
from cryptography.hazmat.primitives import hashes

from keys import KeyOverview
from seal import FontLibrary
from store.clock import Clock

_TEMPLATE: Final = Path(__file__).with_name("ceremony.typ")
_CHINA: Final = timezone(timedelta(hours=8))
_PACKAGES: Final = ("api", "keys", "migrations", "seal", "store", "trust", "verify", "wallet")


class CeremonyKind(StrEnum):
    """What a ceremony is held for."""

    MAKE = "make"
    KEK = "kek"
    SERVICES = "services"
    DATA = "data"
    SEAL = "seal"

    @property
    def heading(self) -> str:
        """What stands above the protocol."""
        return {
            CeremonyKind.MAKE: "生成根密钥与密钥加密密钥 Making the root and the key-encryption key",
            CeremonyKind.KEK: "更换密钥加密密钥 A new key-encryption key",
            CeremonyKind.SERVICES: "更换服务密钥与证书 New keys and certificates of services",
            CeremonyKind.DATA: "更换个人信息的数据密钥 A new data key for personal data",
            CeremonyKind.SEAL: "更换印章密钥 A new key for a seal",
        }[self]


@dataclass
class Ceremony:
    """One ceremony as it goes on."""

    kind: CeremonyKind
    officers: Sequence[str]
    witnesses: Sequence[str]
    place: str
    copies: Sequence[str]
    account: str
    clock: Clock
    steps: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.began = self.clock.now()

    def note(self, what: str) -> None:
        """Write down a step, now."""
        self.steps.append((self.clock.now(), what))

    def protocol(self, keys: Sequence[KeyOverview], *, schema: str | None, kek: str | None, failed: str) -> Protocol:
        """What is to be signed.

        :param kek: fingerprint of the key-encryption key in force.
        :param keys: all keys there are now.
        :param failed: why the ceremony was broken off; empty where it was not.
        """
        outcome = f"中断 broken off: {failed}" if failed else "完成 done"
        facts = [
            ("事项 What", self.kind.heading),
            ("结果 Outcome", outcome),
            ("开始 Began", _moment(self.began)),
            ("结束 Ended", _moment(self.clock.now())),
            ("地点 Place", self.place),
            ("主持人员 Officers", "、".join(self.officers)),
            ("见证人 Witnesses", "、".join(self.witnesses) or "—"),
            ("机器与账号 Machine and account", f"{platform.node()}, {self.account}"),
            ("程序 Program", f"yinzheng {version('yinzheng')}, Python {platform.python_version()}"),
            ("程序摘要 Digest of the program", program_digest()),
            ("数据库结构 Schema", schema or "—"),
            ("密钥加密密钥指纹 Fingerprint of the key-encryption key", kek or "—"),
        ]
        return Protocol(
            title="密钥仪式记录 Protocol of a key ceremony",
            facts=facts,
            steps=[(_moment(at), what) for at, what in self.steps],
            keys=[_key(each) for each in keys],
            copies=list(self.copies),
            signers=[*self.officers, *self.witnesses],
            at=self.clock.now(),
        )


@dataclass(frozen=True)
class Protocol:
    """What is printed and signed."""

    title: str
    facts: list[tuple[str, str]]
    steps: list[tuple[str, str]]
    keys: list[tuple[str, str, str]]
    copies: list[str]
    signers: list[str]
    at: datetime

    def text(self) -> str:
        """The protocol as text."""
        lines = ["印证 Yinzheng", self.title, ""]
        lines += [f"{name}: {value}" for name, value in self.facts]
        lines += ["", "经过 Steps"]
        lines += [f"{number}. {at}  {what}" for number, (at, what) in enumerate(self.steps, 1)]
        lines += ["", "此后的密钥 Keys from now on"]
        lines += [f"- {key}\n  {certificate}\n  {fingerprint}" for key, certificate, fingerprint in self.keys]
        lines += ["", "副本存放 Where copies lie"]
        lines += [f"- {each}" for each in self.copies]
        lines += ["", "签字 Signatures", ""]
        for each in self.signers:
            lines += [f"{each}  ______________________________  日期 date ____________", ""]
        return "\n".join(lines)

    def pdf(self, fonts: FontLibrary) -> bytes:
        """The protocol as a PDF/A-3b, with its text attached."""
        text = self.text()
        shown = {
            "title": self.title,
            "facts": self.facts,
            "steps": self.steps,
            "keys": self.keys,
            "copies": self.copies,
            "signers": self.signers,
            "digest": hashlib.sha256(text.encode()).hexdigest(),
            "fonts": fonts.typst_families("song"),
        }
        made = typst.Compiler(font_paths=fonts.typst_fonts, ignore_system_fonts=True).compile(
            _TEMPLATE,
            root=_TEMPLATE.parent,
            format="pdf",
            pdf_standards="a-3b",
            timestamp=self.at.replace(microsecond=0),
            sys_inputs={"protocol": json.dumps(shown, ensure_ascii=False), "text": text},
        )
        assert isinstance(made, bytes)  # noqa: S101  one PDF is one document
        return made


def program_digest() -> str:
    """SHA-256 over the program as it is installed: each file's path and SHA-256, in order of their paths.

    Two machines with the same digest run the same program; what it rests on is pinned by ``requirements.lock``.
    """
    root, whole = Path(__file__).resolve().parent.parent, hashlib.sha256()
    files = [file for package in _PACKAGES for file in (root / package).rglob("*") if file.is_file()]
    for file in sorted(files):
        if "__pycache__" not in file.parts:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            whole.update(f"{file.relative_to(root).as_posix()} {digest}\n".encode())
    return whole.hexdigest()


def _key(each: KeyOverview) -> tuple[str, str, str]:
    key = each.key
    place = key.location if key.location == "soft" else key.location.rpartition(":")[0]
    named = f"密钥 key {key.id}, {key.purpose.value}, {key.algorithm.value}, {place}"
    if not each.certificates:
        return named, "无证书 no certificate", f"SHA-256 of the public key {hashlib.sha256(key.public_key).hexdigest()}"
    newest = each.certificates[-1]
    subject = newest.certificate.subject.rfc4514_string()
    certificate = (
        f"证书 certificate {newest.serial}, {newest.state.value}, 至 until {newest.not_after:%Y-%m-%d}, {subject}"
    )
    return named, certificate, f"SHA-256 {newest.certificate.fingerprint(hashes.SHA256()).hex()}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(_CHINA):%Y-%m-%d %H:%M:%S} 北京时间 / {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
