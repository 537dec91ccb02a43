"""Back-up and recovery: ``backup``, ``restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.backups import Backup, Backups
from api.commands.common import console, errors, open_services, print_json
from api.commands.progress import progress
from api.services import Services, backup_passphrase
from store.acting import SERVICE
from store.database import Database
from store.schema import current

_Directory = Annotated[Path, typer.Argument(metavar="DIR", help="备份目录 Directory of the back-ups.")]
_PassphraseFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="备份口令文件，缺省为 YINZHENG_BACKUP_PASSPHRASE_FILE File with the passphrase."),
]
_Json = Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")]


def backup(directory: _Directory, passphrase_file: _PassphraseFile = None, as_json: _Json = False) -> None:
    """备份数据库、证照文件与已加密的密钥。Back up the database, the objects and the wrapped keys, encrypted.

    服务可以照常运行；已在备份目录中的文件不再复制。密钥加密密钥不在备份中。The service may go on meanwhile; objects
    that are in the directory already are not copied again. The key-encryption key is not in it. Exit 1 where objects
    that the database names are missing.
    """
    with open_services() as services, progress("对象 objects") as told:
        made = _backups(services, directory, passphrase_file).make(services.database, services.objects, told=told)
    _tell("已备份 backed up", made, as_json=as_json)
    if made.missing:
        errors.print(f"缺失的对象 objects missing: {len(made.missing)}")
        raise typer.Exit(1)


def restore(
    directory: _Directory,
    passphrase_file: _PassphraseFile = None,
    name: Annotated[str | None, typer.Option(metavar="UTC", help="备份时间，缺省为最新 Which; the newest.")] = None,
    check: Annotated[bool, typer.Option("--check", help="只核对备份是否完整 Only read it to the last byte.")] = False,
    objects_only: Annotated[
        bool,
        typer.Option("--objects-only", help="只补回缺失或损坏的文件，不动数据库 Only objects missing or altered."),
    ] = False,
    as_json: _Json = False,
) -> None:
    """恢复到空数据库，并核对密钥加密密钥。Bring a back-up into an empty database and the object store.

    中断后再次运行即可。数据库要么全部恢复，要么不变。After an interruption run it again: the database is restored whole
    or not at all.
    """
    with open_services() as services:
        backups = _backups(services, directory, passphrase_file)
        with progress("对象 objects") as told:
            if check:
                _tell("备份完整 whole", backups.check(name, told=told), as_json=as_json)
                return
            if objects_only:
                _tell("已补回 mended", backups.mend(services.objects, name, told=told), as_json=as_json)
                return
            target = Database(services.database_address, acting=SERVICE)
            try:
                restored = backups.restore(target, services.objects, name, told=told)
                revision = current(target)
            finally:
                target.close()
        services.open_key_encryption_key()
        _tell("已恢复 restored", restored, as_json=as_json)
        if not as_json:
            console.print(f"数据库结构 schema: {restored.snapshot.revision} → {revision}")


def _backups(services: Services, directory: Path, passphrase_file: Path | None) -> Backups:
    passphrase = backup_passphrase(passphrase_file or services.settings.backup_passphrase_file)
    return Backups(directory, passphrase, services.clock)


def _tell(what: str, done: Backup, *, as_json: bool) -> None:
    rows = sum(done.snapshot.rows.values())
    if as_json:
        print_json(
            {
                "name": done.name,
                "revision": done.snapshot.revision,
                "at": done.snapshot.at,
                "rows": rows,
                "objects": done.objects,
                "copied": done.copied,
                "missing": list(done.missing),
            }
        )
        return
    console.print(f"{what}: {done.name}，{rows} 行 rows，{done.objects} 个对象 objects（新复制 copied {done.copied}）")
