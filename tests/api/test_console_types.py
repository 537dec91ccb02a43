"""The department console: licence types, and another version written with its pages beside it."""

from __future__ import annotations

import json

from api.officers import Role
from tests.api.conftest import Front
from tests.api.test_console import officer, sent

TYPE = "/console/types/teacher_qualification_certificate"
SLUG = "teacher_qualification_certificate"


def sources(front: Front) -> dict[str, str]:
    """The sources of the version in force, as the editor sends them."""
    files = front.house.services.licence_types.package(SLUG, 1).files
    names = {"definition": "type.json", "template": "template.typ", "ornament": "ornament.typ"}
    return {"base": "1", **{key: files[name].decode() for key, name in names.items()}}


def test_a_version_is_written_seen_kept_and_published(shared: Front) -> None:
    browser = officer(shared, "administrator", role=Role.ADMINISTRATOR)
    assert SLUG in shared.http.get("/console/types").text
    written = sources(shared)
    assert "#import" in shared.http.get(f"{TYPE}/edit?version=1").text
    token = {"csrf_token": browser.signed_in.csrf_token}
    seen = shared.http.post(f"{TYPE}/preview", data={**token, **written}).json()
    assert seen["problem"] is None
    assert seen["picture"].startswith("data:image/png;base64,")
    definition = json.loads(written["definition"])
    definition["name"]["zh"] = "教师资格证书<b>新</b>"
    kept = sent(shared, browser, f"{TYPE}/edit", **{**written, "definition": json.dumps(definition), "step": "draft"})
    assert "草稿已保存" in kept
    assert "2" in shared.http.get("/console").text
    published = sent(shared, browser, f"{TYPE}/versions/2/publish")
    assert "已发布" in published
    assert "教师资格证书&lt;b&gt;新&lt;/b&gt;" in published
    assert 'role="alert"' in sent(shared, browser, f"{TYPE}/versions/2/publish")
    assert shared.http.get(f"{TYPE}/versions/2/publish").url.path == TYPE
    assert 'name="base" value="2"' in shared.http.get(f"{TYPE}/edit").text
    assert shared.house.services.catalogue.get(SLUG).version == 2
    assert shared.http.get(f"{TYPE}/versions/9/specimen.png").status_code == 404
    assert "必须写明理由" in sent(shared, browser, f"{TYPE}/versions/2/retire", reason=" ")
    retired = sent(shared, browser, f"{TYPE}/versions/2/retire", reason="版面有<误>")
    assert "已停用" in retired
    assert "版面有&lt;误&gt;" in retired


def test_what_is_wrong_is_told_with_its_place(shared: Front) -> None:
    browser = officer(shared, "administrator", role=Role.ADMINISTRATOR)
    token = {"csrf_token": browser.signed_in.csrf_token}
    written = sources(shared)
    for wrong, words in (
        ({"definition": '{"code": 1,\n  "name" }'}, "第 2 行第 10 列"),
        ({"definition": "[" * 200_000}, "type.json"),
        ({"definition": "{}"}, "定义有误"),
        ({"template": written["template"] + "\n\n#nothing-like-it"}, "template.typ:"),
    ):
        told = shared.http.post(f"{TYPE}/preview", data={**token, **written, **wrong}).json()
        assert words in told["problem"], told
        assert 'role="alert"' in sent(shared, browser, f"{TYPE}/edit", **{**written, **wrong, "step": "draft"})


def test_only_administrators_write_types(shared: Front) -> None:
    browser = officer(shared)
    page = shared.http.get(TYPE).text
    assert "/edit?version" not in page
    assert shared.http.get(f"{TYPE}/edit?version=1").status_code == 403
    token = {"csrf_token": browser.signed_in.csrf_token}
    for address in (f"{TYPE}/edit", f"{TYPE}/preview", f"{TYPE}/versions/1/retire"):
        assert shared.http.post(address, data={**token, **sources(shared)}).status_code == 403
    assert shared.http.get("/console/types/no_such_type").status_code == 404
