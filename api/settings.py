"""Settings, all from the environment (``YINZHENG_…``), each optionally from a file named by ``YINZHENG_…_FILE``."""

from __future__ import annotations

import os
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.errors import SettingsError
from api.openid import LOOPBACK, fit_for_provider
from keys import LONGEST_LEEWAY, KeyPurpose, WrappingAlgorithm

_PREFIX = "YINZHENG_"
_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  looked for, not listened on
_FROM_FILE = ("DATABASE_URL", "REDIS_URL", "OBJECTS_URL")


class Environment(StrEnum):
    """What the process runs for. Production refuses the defaults that are only fit for one's own machine."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """How this process is set up. With nothing set, all is embedded and kept under ``./var``."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="ignore", hide_input_in_errors=True)

    environment: Environment = Environment.DEVELOPMENT
    var: Path = Path("var")
    """Directory of the embedded parts: database, objects, key-encryption key, what the demo leaves."""
    database_url: SecretStr | None = None
    """PostgreSQL; without it one is started under ``var``."""
    redis_url: SecretStr | None = None
    """Redis for cache and rate limits; without it both are kept in the process."""
    objects_url: str | None = None
    """``s3://bucket/prefix`` or ``file:///path``; without it files under ``var``."""
    kek_file: Path | None = None
    """The key-encryption key: 32 bytes, or 64 hexadecimal digits."""
    kek_passphrase_file: Path | None = None
    """A passphrase from which the key-encryption key is derived by scrypt."""
    wrapping: WrappingAlgorithm = WrappingAlgorithm.AES_256_GCM
    """By what keys are wrapped for keeping: ``aes-256-gcm`` or ``sm4-gcm``; those there are stay as they are until
    ``yinzheng keys rewrap``."""
    backup_passphrase_file: Path | None = None
    """A passphrase that back-ups are encrypted under; another one than the key-encryption key's."""
    pkcs11_module: Path | None = None
    """Driver (PKCS #11 module) of a token that keeps private keys; without it all are kept in the database, wrapped."""
    pkcs11_token: str | None = None
    """Label of the token."""
    pkcs11_pin_file: Path | None = None
    """File with the user PIN of the token."""
    pkcs11_purposes: Annotated[frozenset[KeyPurpose], NoDecode] = frozenset()
    """Purposes for which new keys are made in the token, separated by commas: ``seal,timestamp``; or ``all``."""
    pkcs11_sm2_soft: bool = False
    """Make SM2 keys for those purposes in software; without it they are refused, since PKCS #11 knows no SM2."""
    pkcs11_sessions: int = Field(default=8, ge=1, le=1024)
    """How many sessions with the token work at the same time, in each process."""
    base_url: str = "http://127.0.0.1:8000"
    """The public address of the service; QR codes lead there. Where nothing is set, it is where the service listens."""
    tsa_urls: Annotated[tuple[str, ...], NoDecode] = ()
    """Time-stamp authorities (RFC 3161) asked in this order, separated by spaces; without any, our own."""
    font_paths: Annotated[tuple[Path, ...], NoDecode] = ()
    """Directories with more fonts (Song, Fang Song, Kai), separated like ``PATH``."""
    max_pdf_bytes: int = Field(default=1_100_000_000, gt=0)
    """Largest PDF that is checked."""
    max_upload_bytes: int = Field(default=100 * 1024 * 1024, gt=0)
    """Largest PDF that is taken over HTTP."""
    isolate_checks: bool = True
    """Judge PDFs in processes of their own, with bounds on memory and time."""
    start_seconds: int = Field(default=60, ge=0, le=3600)
    """How long a process that starts waits for the database, its schema and the token."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Where this process gives out its metrics for Prometheus; nowhere where it is not set."""
    traces_url: str | None = None
    """Where traces are sent: the OTLP address of a collector of OpenTelemetry, ``http://127.0.0.1:4318/v1/traces`` for
    one on the same machine. None are made where it is not set."""
    traces_share: float = Field(default=0.05, ge=0, le=1)
    """Which share of requests and jobs is traced."""
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = (
        ip_network("127.0.0.1"),
        ip_network("::1"),
    )
    """Addresses or networks of the proxies in front, separated by spaces. Only they are believed where a request came
    from (``X-Forwarded-For``), and what certificate its client showed."""
    check_rate: str = "60/minute"
    """How often one address may use the public check page."""
    pki_rate: str = "600/minute"
    """How often one address may ask for status answers and time stamps, each."""
    token_rate: str = "30/minute"  # noqa: S105  a word, no secret
    """How often one address may ask for an access token."""
    client_rate: str = "1200/minute"
    """How often one client may call, unless its terms say otherwise."""
    oidc_issuer: str | None = None
    """The identity provider by which people sign in (OpenID Connect), by its issuer; without it nobody signs in."""
    oidc_client_id: str | None = None
    """By what name the provider knows this service."""
    oidc_client_secret_file: Path | None = None
    """File with the secret that was agreed with the provider; without it PKCE alone protects codes."""
    oidc_algorithm: Literal["RS256", "ES256"] = "RS256"
    """The one algorithm by which the provider's ID tokens are signed."""
    oidc_acr: Annotated[tuple[str, ...], NoDecode] = ()
    """Levels of assurance (``acr``), separated by spaces, of which one has to be reached to be let in."""
    oidc_scope: str = "openid profile"
    oidc_name_claim: str = "name"
    oidc_number_claim: str = "id_number"
    """Claim with the citizen identity number (居民身份证号码)."""
    oidc_roles_claim: str | None = None
    """Claim with roles. Where it is set, an officer has those of the registered roles that it names too."""
    oidc_bodies_claim: str | None = None
    """Claim with the unified social credit codes of the bodies that the person legally represents (法定代表人)."""
    oidc_leeway_seconds: int = Field(default=30, ge=0, le=int(LONGEST_LEEWAY.total_seconds()))
    """How far the provider's clock may be from ours."""
    builtin_provider: bool = False
    """Let invented people sign in with a provider of our own: on one's own machine, to try out. Refused elsewhere."""
    session_idle_minutes: int = Field(default=30, ge=1, le=12 * 60)
    """After how long without a request somebody who signed in has to do so again."""
    session_hours: int = Field(default=8, ge=1, le=24)
    """After how long in any case."""
    sign_in_rate: str = "30/minute"
    """How often one address may begin, or come back, to sign in."""
    client_certificate_header: str | None = None
    """Header in which a trusted proxy hands on the certificate of a mutual-TLS connection (RFC 9440's ``Client-Cert``,
    or an escaped PEM as nginx writes it). The proxy must remove it from what comes in. Without it none is looked at."""

    @field_validator("font_paths", mode="before")
    @classmethod
    def _split_paths(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(Path(part) for part in value.split(os.pathsep) if part)
        return value

    @field_validator("trusted_proxies", "tsa_urls", mode="before")
    @classmethod
    def _split_words(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator(
        "pkcs11_module",
        "pkcs11_token",
        "pkcs11_pin_file",
        "client_certificate_header",
        "oidc_issuer",
        "oidc_client_id",
        "oidc_client_secret_file",
        "oidc_roles_claim",
        "oidc_bodies_claim",
        "traces_url",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return value or None

    @field_validator("oidc_acr", mode="before")
    @classmethod
    def _split_levels(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("pkcs11_purposes", mode="before")
    @classmethod
    def _split_purposes(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = [part.strip() for part in value.split(",") if part.strip()]
        return frozenset(KeyPurpose) if names == ["all"] else frozenset(names)

    @field_validator("traces_url")
    @classmethod
    def _traces_go_to_http(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if value is not None and (parts.scheme not in {"http", "https"} or not parts.netloc):
            raise ValueError("traces_url has to be http(s)://host[:port]/v1/traces")
        return value

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("base_url has to be http(s)://host[:port][/path]")
        return value.rstrip("/")

    @model_validator(mode="before")
    @classmethod
    def _found_where_it_listens(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "base_url" in given:
            return given
        host, port = str(given.get("host", "127.0.0.1")), given.get("port", 8000)
        host = "127.0.0.1" if host in _EVERYWHERE else host
        return {**given, "base_url": f"http://{f'[{host}]' if ':' in host else host}:{port}"}

    @model_validator(mode="after")
    def _fit_for_production(self) -> Self:
        if self.kek_file is not None and self.kek_passphrase_file is not None:
            raise ValueError("set only one of YINZHENG_KEK_FILE and YINZHENG_KEK_PASSPHRASE_FILE")
        token = (self.pkcs11_module, self.pkcs11_token, self.pkcs11_pin_file)
        if any(token) and not all(token):
            raise ValueError(
                "YINZHENG_PKCS11_MODULE, YINZHENG_PKCS11_TOKEN and YINZHENG_PKCS11_PIN_FILE belong together"
            )
        if self.pkcs11_purposes and self.pkcs11_module is None:
            raise ValueError("YINZHENG_PKCS11_PURPOSES needs YINZHENG_PKCS11_MODULE")
        if self.environment is Environment.PRODUCTION:
            missing = [
                name
                for name, present in (
                    ("YINZHENG_DATABASE_URL", self.database_url),
                    ("YINZHENG_REDIS_URL", self.redis_url),
                    ("YINZHENG_KEK_FILE or YINZHENG_KEK_PASSPHRASE_FILE", self.kek_file or self.kek_passphrase_file),
                )
                if not present
            ]
            if missing:
                raise ValueError(f"production needs {', '.join(missing)}")
            if not self.base_url.startswith("https://"):
                raise ValueError("production needs YINZHENG_BASE_URL with https")
        return self

    @model_validator(mode="after")
    def _fit_to_sign_in(self) -> Self:
        loopback = self.environment is Environment.DEVELOPMENT
        if self.oidc_issuer is not None:
            if not self.oidc_client_id or not self.oidc_acr:
                raise ValueError("YINZHENG_OIDC_ISSUER needs YINZHENG_OIDC_CLIENT_ID and YINZHENG_OIDC_ACR")
            if not fit_for_provider(self.oidc_issuer, loopback=loopback) or urlsplit(self.oidc_issuer).query:
                raise ValueError("YINZHENG_OIDC_ISSUER has to be an https address")
            if "openid" not in self.oidc_scope.split():
                raise ValueError("YINZHENG_OIDC_SCOPE has to contain openid")
        if self.builtin_provider:
            if not loopback:
                raise ValueError("production refuses YINZHENG_BUILTIN_PROVIDER: it lets anybody sign in as anybody")
            if self.oidc_issuer is not None:
                raise ValueError("set only one of YINZHENG_OIDC_ISSUER and YINZHENG_BUILTIN_PROVIDER")
            if urlsplit(self.base_url).hostname not in LOOPBACK or self.host not in LOOPBACK:
                raise ValueError(
                    "YINZHENG_BUILTIN_PROVIDER works on this machine only: YINZHENG_BASE_URL and YINZHENG_HOST have to "
                    "be loopback addresses"
                )
        return self

    @property
    def origin(self) -> str:
        """The origin of the service's pages as browsers write it (RFC 6454, 6.2)."""
        parts = urlsplit(self.base_url.lower())
        default = {"http": ":80", "https": ":443"}[parts.scheme]
        return f"{parts.scheme}://{parts.netloc.removesuffix(default)}"

    @classmethod
    def load(cls, **given: Any) -> Settings:
        """Read the environment.

        :param given: settings that count before the environment's.
        :raises SettingsError: a setting is missing, malformed, or unfit for production; the message names it.
        """
        for name in _FROM_FILE:
            path = os.environ.get(f"{_PREFIX}{name}_FILE")
            if path:
                try:
                    given[name.lower()] = Path(path).read_text("utf-8").strip()
                except (OSError, UnicodeDecodeError) as error:
                    raise SettingsError(problem=f"{_PREFIX}{name}_FILE cannot be read: {path}") from error
        try:
            return cls(**given)
        except ValidationError as error:
            problems = "; ".join(
                f"{_PREFIX}{'_'.join(str(part) for part in each['loc']).upper()}: {each['msg']}"
                if each["loc"]
                else str(each["msg"]).removeprefix("Value error, ")
                for each in error.errors(include_url=False, include_input=False, include_context=False)
            )
            raise SettingsError(problem=problems) from None
