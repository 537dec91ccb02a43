"""The catalogue of licence types (证照目录): what is issued now, and every version that licences were issued under."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Self

from trust.errors import TypeDefinitionError, TypeNotPublishedError, TypeUnknownError
from trust.licence_type import LONG_TERM, LicenceType, SealPlace, TypeState, ValidityRule
from trust.type_definition import check_definition, read_type
from trust.type_package import DEFINITION, TypePackage

__all__ = ["LONG_TERM", "Catalogue", "LicenceType", "SealPlace", "Snapshot", "ValidityRule", "types_directory"]


@dataclass(frozen=True)
class Snapshot:
    """The types at a moment."""

    published: Mapping[str, LicenceType]
    """By slug."""
    slugs: Mapping[str, str]
    """The slug of each type code, of types that are published and of those that no longer are."""
    versions: Mapping[tuple[str, int], LicenceType]
    """Every version that was ever published, by slug and number."""

    @classmethod
    def of(cls, types: Iterable[LicenceType]) -> Self:
        """:raises TypeDefinitionError: two types have the same code."""
        versions = {(each.slug, each.version): each for each in types}
        slugs: dict[str, str] = {}
        for each in versions.values():
            if slugs.setdefault(each.code, each.slug) != each.slug:
                raise TypeDefinitionError(slug=each.slug, problem="two types have the same code")
        published = {each.slug: each for each in versions.values() if each.state is TypeState.PUBLISHED}
        return cls(dict(sorted(published.items())), slugs, versions)


class Catalogue:
    """The licence types that the service knows. This one never changes; see also
    :class:`~trust.published_catalogue.PublishedCatalogue`.
    """

    def __init__(self, types: Iterable[LicenceType]) -> None:
        """:raises TypeDefinitionError: two types have the same code."""
        self._fixed = Snapshot.of(types)

    @classmethod
    def load(cls, directory: Path | None = None) -> Catalogue:
        """Read every type of a directory; without one, those that the package brings.

        :raises TypePackageError: a directory holds what no type may.
        :raises TypeDefinitionError: a definition is not well formed or contradicts itself.
        """
        types = []
        for slug, package in packages_in(directory or types_directory()):
            found = read_type(slug, package)
            check_definition(found, package)
            types.append(found)
        return Catalogue(types)

    def get(self, slug_or_code: str) -> LicenceType:
        """The published version of the type with a slug or a 21-character type code.

        :raises TypeUnknownError: there is no such type; the message names those that there are.
        :raises TypeNotPublishedError: it is no longer published.
        """
        now = self._now()
        slug = now.slugs.get(slug_or_code, slug_or_code)
        if slug in now.published:
            return now.published[slug]
        self.latest(slug)
        raise TypeNotPublishedError(slug=slug)

    def latest(self, slug_or_code: str) -> LicenceType:
        """The newest version that was ever published, also of a type that was retired: for looking licences up.

        :raises TypeUnknownError: there is no such type; the message names those that are published.
        """
        now = self._now()
        slug = now.slugs.get(slug_or_code, slug_or_code)
        if slug not in now.slugs.values():
            raise _unknown(slug_or_code, now)
        return max((each for each in now.versions.values() if each.slug == slug), key=lambda each: each.version)

    def version(self, slug: str, version: int) -> LicenceType:
        """The version under which a licence was issued, whatever became of it since.

        :raises TypeUnknownError: there is none.
        """
        found = self._now().versions.get((slug, version)) or self._now(fresh=True).versions.get((slug, version))
        if found is None:
            raise _unknown(f"{slug} {version}", self._now())
        return found

    def follow(self) -> None:
        """Look whether anything was published or retired, if that was not done just now: what each other call does."""
        self._now()

    def __iter__(self) -> Iterator[LicenceType]:
        return iter(self._now().published.values())

    def __len__(self) -> int:
        return len(self._now().published)

    def _now(self, *, fresh: bool = False) -> Snapshot:
        """What there is, or with ``fresh`` what there is this very moment."""
        return self._fixed


def types_directory() -> Path:
    """The directory of the types that come with the package."""
    return Path(str(files("trust"))) / "types"


def packages_in(directory: Path) -> Iterator[tuple[str, TypePackage]]:
    """Each type of a directory: its slug and its files.

    :raises TypePackageError: a directory holds what no type may.
    """
    for path in sorted(directory.glob(f"*/{DEFINITION}")):
        yield path.parent.name, TypePackage.from_directory(path.parent)


def _unknown(asked: str, now: Snapshot) -> TypeUnknownError:
    return TypeUnknownError(
        asked=asked[:40],
        known=", ".join(now.published),
        known_zh="、".join(f"{each.name_zh}（{each.slug}）" for each in now.published.values()),
    )
