"""Keys in custody: ``keys``."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.serialization import Encoding
from rich.table import Table

from api.commands.ceremony import ceremony
from api.commands.common import console, open_services, person, print_json, read_bytes, write_bytes
from api.commands.data_keys import data
from api.services import kek_source
from keys import (
    CertificateRecord,
    KeyAlgorithm,
    KeyOverview,
    KeyPurpose,
    RevocationReason,
    ServicePurpose,
    Subject,
    read_chain,
)

keys = typer.Typer(no_args_is_help=True, help="密钥与证书 Keys and certificates.")
keys.add_typer(data, name="data")
keys.command("ceremony")(ceremony)

_LARGEST_CHAIN = 1024 * 1024

KeyArgument = Annotated[int, typer.Argument(help="密钥编号 Number of the key, see keys list.")]
JsonOption = Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")]


class NewKeyPurpose(StrEnum):
    """The purposes for which a key can wait for a certificate from outside."""

    TIMESTAMP = KeyPurpose.TIMESTAMP.value
    TOKEN = KeyPurpose.TOKEN.value
    ISSUING_CA = KeyPurpose.ISSUING_CA.value


@keys.command("rewrap")
def rewrap(
    kek_file: Annotated[Path | None, typer.Option(help="新的密钥加密密钥文件 A new key-encryption key.")] = None,
    kek_passphrase_file: Annotated[Path | None, typer.Option(help="新的口令文件 A new passphrase.")] = None,
) -> None:
    """重新加密保管的全部密钥，算法依 YINZHENG_WRAPPING；完成后按新的密钥文件修改设置并重启各进程。

    Wrap all keys again, by the algorithm of YINZHENG_WRAPPING and under a new key-encryption key where one is named.
    Then change the settings accordingly, and restart the processes.
    """
    with open_services() as services:
        services.rewrap_keys(kek_source(kek_file, kek_passphrase_file))
        wrapping = services.settings.wrapping
    console.print(f"已重新加密 wrapped again: {wrapping}")


@keys.command("list")
def list_keys(as_json: JsonOption = False) -> None:
    """列出全部密钥及其保管位置、证书与有效期。List all keys: where they live, their certificates and validity."""
    with open_services() as services:
        overview = services.keys.authority.overview()
        now = services.clock.now()
    if as_json:
        print_json([_key_row(each) for each in overview])
        return
    table = Table(
        "编号 id", "用途 purpose", "算法 algorithm", "位置 location", "说明 label", "证书 certificate", "有效期至 until"
    )
    for each in overview:
        newest = each.certificates[-1] if each.certificates else None
        state, until = "—", "—"
        if newest is not None:
            state = newest.state.value if newest.not_after >= now else "expired"
            until = f"{newest.not_after:%Y-%m-%d}"
        key = each.key
        # the identifier in the token is for programs
        place = key.location if key.location == "soft" else key.location.rpartition(":")[0]
        table.add_row(str(key.id), key.purpose.value, key.algorithm.value, place, key.label, state, until)
    console.print(table)


@keys.command("root")
def root() -> None:
    """输出根证书（PEM）。Print the root certificate, the trust anchor of our seals."""
    with open_services() as services:
        typer.echo(services.keys.authority.root.public_bytes(Encoding.PEM).decode(), nl=False)


@keys.command("make")
def make(
    purpose: Annotated[NewKeyPurpose, typer.Argument(help="用途 Purpose.")],
    algorithm: Annotated[KeyAlgorithm, typer.Option(help="算法 Algorithm.")] = KeyAlgorithm.ECDSA_P256,
) -> None:
    """生成一把等待外部机构签发证书的密钥。Make a key that waits for a certificate from an authority outside."""
    with open_services() as services, services.database.transaction() as session:
        label = f"{purpose.value} {services.clock.now():%Y-%m-%d}"
        key = services.keys.custody.generate(
            session, algorithm=algorithm, purpose=KeyPurpose(purpose.value), label=label
        )
    console.print(f"已生成 made: 密钥 key {key.id}，{key.location}")


@keys.command("export-csr")
def export_csr(
    key: KeyArgument,
    out: Annotated[Path, typer.Option(help="输出文件（PEM） File to write, PEM.")],
    common_name: Annotated[
        str | None, typer.Option(help="证书主体名称；不填则沿用现有证书 Subject; without it, that of its certificate.")
    ] = None,
    organisation: Annotated[str | None, typer.Option(help="机构名称 Organisation of the subject.")] = None,
    organisation_code: Annotated[str | None, typer.Option(help="统一社会信用代码 Unified social credit code.")] = None,
) -> None:
    """导出证书请求（PKCS #10），交外部机构签发。Write a certification request for an authority outside."""
    subject = None
    if common_name is not None:
        identifier = None if organisation_code is None else Subject.credit_code_identifier(organisation_code)
        subject = Subject(common_name, organisation or common_name, identifier)
    with open_services() as services:
        request = services.certificate_requests.request(key, subject)
    write_bytes(out, request.public_bytes(Encoding.PEM))
    console.print(f"已导出 written: {out}")


@keys.command("import-certificate")
def import_certificate(
    key: KeyArgument,
    file: Annotated[Path, typer.Argument(help="证书链文件 Chain: PEM, DER or PKCS #7, with the authorities above.")],
) -> None:
    """导入外部机构签发的证书链，核对后启用。Check the chain that an authority outside sent, and use it."""
    chain = read_chain(read_bytes(file, limit=_LARGEST_CHAIN))
    with open_services() as services, services.database.transaction() as session:
        record = services.certificate_requests.take_in(session, key, chain)
    console.print(f"已导入 imported: 证书 certificate {record.id}，有效期至 until {record.not_after:%Y-%m-%d}")


@keys.command("rotate")
def rotate(
    purpose: Annotated[ServicePurpose, typer.Argument(help="服务用途 Purpose.")], as_json: JsonOption = False
) -> None:
    """立即更换服务密钥及证书；旧证书停用，已签内容仍可验证。Give a service a new key and certificate now."""
    with open_services() as services:
        authority = services.keys.authority
        old = authority.current(KeyPurpose(purpose.value))
        with services.database.transaction() as session:
            new = authority.renew(session, old.id)
    if as_json:
        print_json(_certificate_row(new))
        return
    console.print(f"已更换 rotated: 密钥 key {old.key_id} → {new.key_id}，有效期至 until {new.not_after:%Y-%m-%d}")


@keys.command("revoke")
def revoke(
    certificate: Annotated[int, typer.Argument(help="证书编号 Number of the certificate, see keys list --json.")],
    reason: Annotated[RevocationReason, typer.Option(help="吊销原因（RFC 5280） Why, as RFC 5280 names it.")],
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
            help="密钥泄露的时间（UTC）；此前有时间戳证明的签名仍有效 When the key fell into other hands.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """吊销证书，不可恢复；吊销列表与状态服务随即公布。Revoke a certificate for good; lists and status tell at once."""
    with open_services() as services:
        authority = services.keys.authority
        with services.database.transaction() as session:
            invalid_since = since.replace(tzinfo=UTC) if since is not None else None
            done = authority.revoke(session, certificate, reason, actor=person(), invalid_since=invalid_since)
        record = authority.get(certificate)
    if as_json:
        print_json(
            {
                **_certificate_row(record),
                "reason": done.reason.value,
                "revoked_at": done.revoked_at,
                "invalid_since": done.invalid_since,
            }
        )
        return
    subject = record.certificate.subject.rfc4514_string()
    console.print(f"已吊销 revoked: 证书 certificate {certificate} {subject}，{done.reason.value}")


@keys.command("orphans")
def orphans(
    destroy: Annotated[
        str | None, typer.Option(help="按 CKA_ID 销毁一把无主密钥，不可恢复 CKA_ID of one to destroy for good.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """列出密码设备中无记录的密钥。List keys in the token that no record names."""
    with open_services() as services:
        token = services.keys.custody.token
        if token is None:
            console.print("未配置密码设备 no token is set up")
            return
        if destroy is not None:
            token.destroy_orphan(destroy)
            console.print(f"已销毁 destroyed: {destroy}")
            return
        found = token.orphans()
    if as_json:
        print_json([{"cka_id": each.object_id, "label": each.label, "made_at": each.made_at} for each in found])
        return
    table = Table("CKA_ID", "标签 label")
    for each in found:
        table.add_row(each.object_id, each.label)
    console.print(table)


def _key_row(each: KeyOverview) -> dict[str, Any]:
    return {
        "id": each.key.id,
        "purpose": each.key.purpose.value,
        "algorithm": each.key.algorithm.value,
        "label": each.key.label,
        "location": each.key.location,
        "created_at": each.key.created_at,
        "certificates": [_certificate_row(item) for item in each.certificates],
    }


def _certificate_row(record: CertificateRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "key_id": record.key_id,
        "serial": record.serial,
        "profile": record.profile.value,
        "state": record.state.value,
        "external": record.foreign_issuer_id is not None,
        "subject": record.certificate.subject.rfc4514_string(),
        "issuer": record.certificate.issuer.rfc4514_string(),
        "not_before": record.not_before,
        "not_after": record.not_after,
    }
