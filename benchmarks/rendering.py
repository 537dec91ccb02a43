"""Laying licences out: pages a second on one core, beside Typst on a page with nothing on it but a line of text."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count

import typst

from api.commands.common import read_json_object
from api.commands.demo import EXAMPLES
from benchmarks.measure import row, seconds_per_call
from seal import FontLibrary
from trust.catalogue import Catalogue, LicenceType
from trust.codes import UnifiedSocialCreditCode
from trust.identifier import LicenceIdentifier, new_serial
from trust.rendering import Renderer
from trust.validation import check_fields

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ISSUER = UnifiedSocialCreditCode.parse("11370200990100114M")


def main() -> None:
    fonts = FontLibrary()
    bare = typst.Compiler(font_paths=fonts.typst_fonts, ignore_system_fonts=True)
    line = b"#set document(title: [Licence])\nLicence"
    alone = seconds_per_call(lambda: bare.compile(line, pdf_standards="a-3b"))
    print(row("Typst alone, one line of text", alone))
    with closing(Renderer(fonts)) as renderer:
        for licence_type in Catalogue.load():
            if not licence_type.reference_only:
                print(row(licence_type.slug, seconds_per_call(_again(renderer, licence_type)), against=alone))


def _again(renderer: Renderer, licence_type: LicenceType) -> Callable[[], object]:
    """Lays out an example with another identifier and moment each time, as in a batch."""
    fields = read_json_object(EXAMPLES / f"{licence_type.slug}.json")
    checked = check_fields(licence_type, fields, issue_date=NOW.date(), today=NOW.date())
    seconds = count()

    def work() -> bytes:
        identifier = LicenceIdentifier.make(licence_type.code, ISSUER, new_serial(NOW.date()))
        content = checked.content(
            identifier=identifier,
            issuer_name="青岛市市北区行政审批服务局",
            issuer_code=ISSUER.number,
            check_url=f"https://check.example/c/{identifier}",
        )
        return renderer.render(content, at=NOW + timedelta(seconds=next(seconds)))

    return work
