"""What administrators do with licence types: take a draft in, look at it, publish it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store.clock import Clock
from trust.confined_rendering import ConfinedRenderer
from trust.errors import FieldsInvalidError, RenderingFailedError, TypeDefinitionError
from trust.licence_type import LicenceType
from trust.licence_types import LicenceTypes, TypeVersion
from trust.published_catalogue import PublishedCatalogue
from trust.specimens import SpecimenForm, specimen_content
from trust.type_package import TypePackage


class TypeDesk:
    """The versions of types, with a look at the pages before anything is published."""

    def __init__(
        self, types: LicenceTypes, catalogue: PublishedCatalogue, renderer: ConfinedRenderer, clock: Clock
    ) -> None:
        self._types = types
        self._catalogue = catalogue
        self._renderer = renderer
        self._clock = clock

    def draft(self, slug: str, package: TypePackage, *, actor: str) -> TypeVersion:
        """Take in a draft whose sample can be laid out.

        :raises YinzhengError: what :meth:`LicenceTypes.draft` raises, or what laying out raises; nothing is kept then.
        """
        self._try_out(self._types.read(slug, package))
        return self._types.draft(slug, package, actor=actor)

    def preview(
        self, slug: str, version: int, fields: Mapping[str, Any] | None = None, *, form: SpecimenForm = "pdf"
    ) -> bytes:
        """A version with sample data or the fields given, marked as a specimen (样本), without a seal.

        :raises TypeVersionUnknownError: there is no such version.
        :raises FieldsInvalidError: the fields cannot be taken.
        :raises TypeForReferenceError: the type has no pages.
        :raises TypeDefinitionError: its template does not produce a page.
        :raises YinzhengError: what laying out raises.
        """
        return self._specimen(self._types.get(slug, version), fields, form)

    def try_out(
        self, slug: str, package: TypePackage, fields: Mapping[str, Any] | None = None, *, form: SpecimenForm = "pdf"
    ) -> bytes:
        """A specimen of a package that is still being written; nothing is kept. Raises like :meth:`preview`.

        :raises TypeDefinitionError: the definition contradicts itself, or its template does not produce a page.
        """
        return self._specimen(self._types.read(slug, package), fields, form)

    def publish(self, slug: str, version: int, *, actor: str) -> TypeVersion:
        """Publish a draft; this process issues under it at once, others within a second or so. Raises like
        :meth:`LicenceTypes.publish`.
        """
        made = self._types.publish(slug, version, actor=actor)
        self._catalogue.refresh()
        return made

    def retire(self, slug: str, version: int, *, actor: str, reason: str) -> TypeVersion:
        """Retire a version. Raises like :meth:`LicenceTypes.retire`."""
        made = self._types.retire(slug, version, actor=actor, reason=reason)
        self._catalogue.refresh()
        return made

    def _try_out(self, licence_type: LicenceType) -> None:
        if licence_type.reference_only:
            return
        try:
            self._specimen(licence_type, None, "pdf")
        except FieldsInvalidError as error:
            said = f"its own examples do not pass: {error.message_en}"[:200]
            raise TypeDefinitionError(slug=licence_type.slug, problem=said) from error

    def _specimen(self, licence_type: LicenceType, fields: Mapping[str, Any] | None, form: SpecimenForm) -> bytes:
        now = self._clock.now().replace(microsecond=0)
        content = specimen_content(licence_type, fields, at=now)
        try:
            return self._renderer.specimen(content, at=now, form=form)
        except RenderingFailedError as error:
            # The fault of whoever wrote the template, and not of the service.
            raise TypeDefinitionError(slug=licence_type.slug, problem=str(error.params["problem"])) from error
