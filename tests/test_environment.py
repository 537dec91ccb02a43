"""What ``make`` fills ``.venv`` with: by uv where it can be had, or else by pip."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def environment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("environment", ROOT / ".ci" / "environment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_index_is_the_one_that_pip_is_set_to(environment: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("PIP_CERT", "/etc/city.pem")
    found = environment._pip_settings()
    assert (found["index-url"], found["cert"]) == ("https://mirror.example/simple", "/etc/city.pem")


@pytest.mark.parametrize(("variable", "value"), [("PIP_NO_INDEX", "1"), ("PIP_INDEX_URL", (ROOT / "tests").as_uri())])
def test_where_uv_cannot_be_had_pip_does_it(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv(variable, value)
    assert environment._install_fast(ROOT / "requirements.lock") is False
