"""What stands around the code: lock files, the container's description, the compose file and its secrets."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
INSTALLER = ".ci/installer.lock"
SECRET_WORDS = re.compile(r"password|passwd|secret|token|kek|requirepass", re.IGNORECASE)


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return loaded


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def requirements(lock: str) -> list[str]:
    """Each requirement of a lock file with its hashes, on one line."""
    text = (ROOT / lock).read_text("utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def locked_names(lock: str) -> set[str]:
    return {re.split(r"[=\[ ;]", line, maxsplit=1)[0] for line in requirements(lock)}


@pytest.mark.parametrize("lock", [*LOCKS, INSTALLER])
def test_every_locked_package_has_one_version_and_hashes(lock: str) -> None:
    lines = requirements(lock)
    assert len(lines) == 1 if lock == INSTALLER else len(lines) > 50
    for line in lines:
        assert re.match(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[^ ;*]+( ;.+?)? +--hash=sha256:[0-9a-f]{64}", line), line
        assert re.fullmatch(r"(sha256:[0-9a-f]{64}\s*(--hash=)?)+", line.split("--hash=", 1)[1]), line


@pytest.mark.parametrize("lock", [*LOCKS, INSTALLER])
def test_lock_files_name_no_place_to_download_from(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert not re.search(r"https?:|file:|://|--index|--find-links|--trusted-host| @ |\.org|\.com", text)


def test_the_lock_files_agree_and_hold_every_direct_dependency() -> None:
    # Without the condition after it: what development needs everywhere may run on one system alone.
    pins = [{re.split(r" ;| --hash", line, maxsplit=1)[0].strip() for line in requirements(lock)} for lock in LOCKS]
    assert pins[0] <= pins[1]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    direct = {re.split(r"[\[><=; ]", each, maxsplit=1)[0] for each in project["project"]["dependencies"]}
    assert {name.replace(".", "-").replace("_", "-").lower() for name in direct} <= locked_names(LOCKS[0])


def test_every_direct_dependency_is_explained() -> None:
    explained = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = [each for group in project["dependency-groups"].values() for each in group if isinstance(each, str)]
    for requirement in (*project["project"]["dependencies"], *groups):
        name = re.split(r"[\[><=; ]", requirement, maxsplit=1)[0]
        assert f"| `{name}` |" in explained, f"docs/dependencies.md does not say why {name} is needed"


def test_the_compose_file_holds_no_secret() -> None:
    for name, service in services().items():
        for variable, value in service.get("environment", {}).items():
            assert not re.search(r"://[^/]*@", str(value)), f"{name}: {variable} holds a user or a password"
            if SECRET_WORDS.search(variable):
                assert str(value).startswith("/run/secrets/"), f"{name}: {variable}"
        assert not SECRET_WORDS.search(re.sub(r"/run/secrets/\w+", "", " ".join(service.get("command", [])))), name
    for secret in compose()["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    assert "/secrets/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_every_service_is_confined_watched_and_brought_back() -> None:
    assert {"postgres", "redis", "proxy", "api-1", "api-2", "worker"} <= set(services())
    for name, service in services().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        if name == "migrate":  # runs once and ends
            continue
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["test"], name
    assert compose()["networks"]["inside"]["internal"] is True
    assert services()["postgres"]["networks"] == services()["redis"]["networks"] == ["inside"]
    assert {name for name, service in services().items() if "ports" in service} == {"proxy"}
    assert all(port.startswith("${LISTEN:-127.0.0.1}:") for port in services()["proxy"]["ports"])
    assert compose()["networks"]["front"]["internal"] is True
    assert {name for name, service in services().items() if "front" in service["networks"]} == {
        "proxy",
        "api-1",
        "api-2",
    }


def test_the_api_believes_the_proxy_where_it_really_is() -> None:
    def address(name: str) -> str:
        found: str = services()[name]["networks"]["front"]["ipv4_address"]
        return found

    told = services()["proxy"]["environment"]
    for name in ("api-1", "api-2"):
        assert services()[name]["environment"]["YINZHENG_TRUSTED_PROXIES"] == address("proxy")
        assert told[f"PROXY_{name.upper().replace('-', '_')}"] == f"{address(name)}:8000"


@pytest.mark.skipif(
    shutil.which("docker-compose") is None and shutil.which("docker") is None, reason="docker-compose is not installed"
)
def test_compose_accepts_its_file() -> None:
    old = shutil.which("docker-compose")
    command = [old] if old else ["docker", "compose"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YINZHENG_")}
    result = subprocess.run(
        [*command, "-f", "docker-compose.yml", "config"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if not old and "unknown" in result.stderr:
        pytest.skip("this docker has no compose plugin")
    assert result.returncode == 0, result.stderr
    assert "yinzheng.localhost" in result.stdout


def test_the_image_runs_as_nobody_in_particular_from_hashed_packages() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    final = text.split("\nFROM ")[-1]
    assert "--require-hashes" in text
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert "fonts-noto-cjk" in final
    assert "HEALTHCHECK" in final
    assert not re.search(r"\bpip\b|gcc|build-essential", final)
    copied = set(re.findall(r"^COPY (\w+) \w+$", text, re.MULTILINE))
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    packages = {*wheel["packages"], *wheel["force-include"]}
    assert copied == packages
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert packages | {"requirements.lock", "pyproject.toml", "README.md", "LICENSE"} == allowed


def test_secrets_are_made_once_at_random_and_out_of_reach(tmp_path: Path) -> None:
    script = tmp_path / "deploy" / "compose_secrets.py"
    script.parent.mkdir()
    shutil.copy(ROOT / "deploy" / "compose_secrets.py", script)

    def make() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)

    assert make().returncode == 0
    place = tmp_path / "secrets"
    made = {path.name: path.read_text() for path in place.iterdir()}
    from_the_authority = {"tls.pem", "tls.pem.key"}
    assert {f"./secrets/{name}" for name in {*made} | from_the_authority} == {
        each["file"] for each in compose()["secrets"].values()
    }
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert re.fullmatch(r"[0-9a-f]{64}\n", made["kek.txt"])
    assert made["postgres_password.txt"].strip() in made["database_url.txt"]
    assert make().returncode == 0
    assert {path.name: path.read_text() for path in place.iterdir()} == made

    (place / "redis_url.txt").unlink()
    refused = make()
    assert refused.returncode != 0
    assert "redis_url.txt" in refused.stderr


@pytest.mark.parametrize(
    ("folder", "wanted"), [("browser", {"axe-core": "^4.10.3"}), ("identity", {"oidc-provider": "^9.13.3"})]
)
def test_what_judges_from_elsewhere_is_pinned_without_a_place_to_download_from(
    folder: str, wanted: dict[str, str]
) -> None:
    lock = json.loads((ROOT / "tests" / folder / "package-lock.json").read_text("utf-8"))
    packages = dict(lock["packages"])
    assert packages.pop("")["devDependencies"] == wanted
    for each in packages.values():
        assert each["integrity"].startswith("sha512-")
        assert "resolved" not in each
