"""Make the secrets that docker-compose.yml mounts; those that are there already stay as they are."""

import hashlib
import secrets
from pathlib import Path

PLACE = Path(__file__).resolve().parent.parent / "secrets"


def main():
    # The files themselves can be read by all, because each container reads its own under a user of its own; on this
    # machine the directory keeps everybody else out.
    PLACE.mkdir(mode=0o700, exist_ok=True)
    PLACE.chmod(0o700)
    postgres, redis = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    redis_hash = hashlib.sha256(redis.encode()).hexdigest()
    commands = "+@all -@admin -@dangerous"
    for group in (
        {
            "postgres_password.txt": postgres,
            "database_url.txt": f"postgresql://yinzheng:{postgres}@postgres:5432/yinzheng",
        },
        {
            "redis_acl.txt": f"user default off\nuser yinzheng on #{redis_hash} ~yinzheng:* {commands}",
            "redis_url.txt": f"redis://yinzheng:{redis}@redis:6379/0",
        },
        {"kek.txt": secrets.token_hex(32)},
        {"backup_passphrase.txt": secrets.token_urlsafe(32)},
    ):
        there = [name for name in group if (PLACE / name).exists()]
        if there and len(there) < len(group):
            raise SystemExit(
                "secrets/{} is there without {}: they belong together".format(
                    there[0], ", ".join(sorted(set(group) - set(there)))
                )
            )
        if not there:
            for name, text in group.items():
                path = PLACE / name
                path.write_text(text + "\n", encoding="ascii")
                path.chmod(0o444)
                print(f"made secrets/{name}")


if __name__ == "__main__":
    main()
