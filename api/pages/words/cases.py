"""Words of cases at the counter."""

from __future__ import annotations

WORDS = {
    "cases": ("办件核验", "Cases"),
    "cases_lead": (
        "选择事项并填写办件编号；核验只用于该办件，持证人能看到本单位何时、为何查验。",
        "Choose the item and name the case. Checks are for it alone; holders see that your body looked, and why.",
    ),
    "case_item": ("政务服务事项", "Service item"),
    "case_saved": ("已存：{value}", "Saved: {value}"),
    "case_number": ("办件编号", "Number of the case"),
    "case_open": ("开始办件", "Open the case"),
    "case_no_items": ("本单位还没有事项", "Your body has no service items yet"),
    "case_no_items_text": (
        "请系统管理员发布本单位的事项（yinzheng item publish）后再来。",
        "Ask the administrator to publish your body's items (yinzheng item publish).",
    ),
    "case_materials": ("申请材料", "Materials"),
    "case_of": ("{done}/{all} 项已满足", "{done} of {all} satisfied"),
    "case_required": ("必需", "required"),
    "case_unneeded": ("非必需", "optional"),
    "case_unseen": ("尚未核对", "Not looked at yet"),
    "case_satisfied": ("已满足", "Satisfied"),
    "case_missing": ("缺少", "Missing"),
    "case_expired": ("已过期", "Run out"),
    "case_doubtful": ("存疑", "In doubt"),
    "case_receipt": ("回执", "Receipt"),
    "case_scan": ("扫描亮证码", "Scan what the applicant shows"),
    "case_text": ("亮证码、授权编号或证照标识", "QR code, consent's number or licence identifier"),
    "case_text_hint": (
        "可用扫码枪录入后自动提交；亮证码只能核验一次，离线二维码在有效期内可核验。证照标识须先填写申请人。",
        (
            "A hand scanner sends it at once. A QR code is good for one look, an offline code until it ends. For an "
            "identifier, name the applicant first."
        ),
    ),
    "case_check": ("核验", "Check"),
    "case_applicant": ("申请人", "Applicant"),
    "case_code_type": ("证件种类", "Kind of code"),
    "case_citizen": ("居民身份证", "Citizen identity card"),
    "case_uscc": ("统一社会信用代码", "Unified social credit code"),
    "case_code": ("号码", "Code"),
    "case_code_known": ("已填写：{code}；留空则不变。", "Given: {code}; leave empty to keep it."),
    "case_application": ("申请表内容（用于与证照比对）", "What the application says, to compare with licences"),
    "case_save": ("保存", "Save"),
    "case_save_look": ("保存并核对材料", "Save and look for the materials"),
    "case_by_law": ("本事项依法无需授权：", "No consent is needed by law: "),
    "case_ask": ("请申请人授权", "Ask the applicant to agree"),
    "case_ask_text": (
        "向申请人的电子卡包发送授权请求，30 分钟内有效；申请人可以拒绝。",
        "A request goes to the applicant's wallet and waits for 30 minutes; the applicant may refuse.",
    ),
    "case_waiting": ("已请求授权，等待申请人答复。", "Asked; the applicant has not answered yet."),
    "case_agreed": ("申请人已同意授权。", "The applicant agreed."),
    "case_refused": ("申请人未同意，或请求已过期。", "The applicant did not agree, or the request expired."),
    "case_look": ("核对材料", "Look for the materials"),
    "case_refresh": ("查看答复", "See the answer"),
    "case_file": ("其余材料（PDF）", "Other materials (PDF)"),
    "case_file_text": ("证照 PDF，或二维码照片", "Licence PDF, or a picture of a code"),
    "case_file_hint": (
        "只有核验通过且与申请一致的证照才会勾选材料。",
        "Only a licence that passes and agrees with the application ticks off a material.",
    ),
    "case_answers": ("核验与回执", "Checks and receipts"),
    "case_no_answers": ("还没有核验。", "Nothing was checked yet."),
    "case_pdf": ("文件", "File"),
    "case_foreign": ("其他机构签署的文件", "File of other signers"),
    "case_foreign_tick": ("非本市签发的文件", "Signed by others, and not by this city"),
    "case_foreign_hint": (
        "外地证照、合同、报告等签名 PDF，按信任列表核验签名；不勾选材料，由您判断。",
        (
            "Licences of other places, contracts, reports: signatures are checked by the trust list; what they mean "
            "for a material is yours to judge."
        ),
    ),
    "case_presentation": ("亮证码", "QR code"),
    "case_identifier": ("标识", "Identifier"),
    "case_shown_for": ("出示用途", "Shown for"),
    "case_receipt_pdf": ("回执 PDF", "Receipt, PDF"),
    "case_receipt_jws": ("签名回执（JWS）", "Signed receipt (JWS)"),
    "case_kept": (
        "本页保留 4 小时，只有您能打开；核验记录长期保存，请及时下载回执。",
        "This page is kept for 4 hours and opens for you alone. Download the receipts; the record of checks stays.",
    ),
}
