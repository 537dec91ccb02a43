"""Tables of pages: sorted by their heads, filtered, and had as files, by the server."""

from __future__ import annotations

import re

from markupsafe import Markup

from api.officers import Role
from api.pages.tables import Tables
from tests.api.conftest import Front
from tests.api.test_console import officer

ROWS = Markup(
    '<tr><td><a href="/1">青岛<br>公司</a></td><td data-key="10">10/20 <button>删</button></td></tr>'
    "<tr><td>济南</td><td>9</td></tr>"
    "<tr class=x><td>=1+1 <svg><title>t</title></svg></td><td><span>&lt;b&gt;</span></td></tr>"
)


def order(**query: str) -> list[str]:
    found = Tables({key.replace("_", "."): value for key, value in query.items()}).arranged("t", ["a", "b"], ROWS)
    return list(re.findall("青岛|济南|=1", str(found.rows)))


def test_rows_sort_by_number_and_by_sound_both_ways() -> None:
    assert order() == ["青岛", "济南", "=1"]
    assert order(s_t="1") == ["=1", "济南", "青岛"]
    assert order(s_t="-1") == ["青岛", "济南", "=1"]
    assert order(s_t="2")[:2] == ["济南", "青岛"]
    for wrong in ("0", "9", "x", "-", "1'"):
        assert len(order(s_t=wrong)) == 3
    assert order(s_other="1") == ["青岛", "济南", "=1"]


def test_rows_are_found_by_what_they_say_and_not_by_their_buttons() -> None:
    assert order(q_t="公司") == ["青岛"]
    assert order(q_t="<B>") == ["=1"]
    assert order(q_t="删") == []


def test_a_file_has_the_rows_that_are_shown_and_no_formula() -> None:
    tables = Tables({"csv": "t", "s.t": "-1", "q.t": "1"})
    tables.arranged("t", ["名称", ("数", "number")], ROWS)
    assert tables.exported == "\ufeff名称,数\r\n青岛 公司,10/20\r\n'=1+1,<b>\r\n"
    assert tables.export("t") == "?s.t=-1&q.t=1&csv=t"
    other = Tables({"csv": "another"})
    other.arranged("t", ["名称"], ROWS)
    assert other.exported is None


def test_a_page_sorts_filters_and_exports(shared: Front) -> None:
    officer(shared, "administrator", role=Role.ADMINISTRATOR)
    page = shared.http.get("/console/types").text
    assert 'href="?s.types=1#types"' in page
    found = shared.http.get("/console/types", params={"q.types": "营业执照", "s.types": "-1"}).text
    assert 'aria-sort="descending"' in found
    assert ("营业执照" in found, "食品经营许可证" in found) == (True, False)
    assert 'name="s.types" value="-1"' in found
    assert "没有符合条件的行" in shared.http.get("/console/types", params={"q.types": "<x>"}).text
    file = shared.http.get("/console/types", params={"csv": "types", "q.types": "营业执照"})
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["content-disposition"] == 'attachment; filename="types.csv"'
    assert file.text.splitlines()[1].startswith("营业执照,")
    assert shared.http.get("/console/types", params={"csv": '"; x'}).headers["content-type"].startswith("text/html")


def test_licences_are_sorted_by_the_register(shared: Front) -> None:
    officer(shared)
    page = shared.http.get("/console/licences").text
    assert 'aria-sort="descending"' in page
    link = re.search(r'class="sort" href="([^"]+)"', page)
    assert link is not None
    assert 'aria-sort="ascending"' in shared.http.get(link[1]).text
