"""Words of the check page."""

from __future__ import annotations

WORDS = {
    "check_title": ("核验电子证照", "Check an electronic licence"),
    "check_lead": (
        "上传证照文件或输入标识，立即得知真伪与现状；扫描证照上的二维码也会到这里。无需登录。",
        (
            "Give the file or type the identifier: see at once whether it is genuine and in force. "
            "The QR code on a licence leads here too. No sign-in needed."
        ),
    ),
    "file": ("证照文件（PDF）", "Licence file (PDF)"),
    "drop": ("把文件拖到这里，或点击选择", "Drop the file here, or choose it"),
    "drop_hint": ("文件只用于本次核验，不会保存。", "The file is used for this check only and is not kept."),
    "identifier": ("电子证照标识", "Licence identifier"),
    "identifier_hint": (
        "印在证照下方，以 1.2.156.3005.2 开头；也可用扫码枪录入。",
        "Printed at the foot of the licence; begins with 1.2.156.3005.2. A hand scanner may type it too.",
    ),
    "check": ("核验", "Check"),
    "again": ("再核验一份", "Check another"),
    "nothing_given": (
        "请选择一个 PDF 文件，或输入电子证照标识。",
        "Choose a PDF file, or type the licence identifier.",
    ),
    "TOTAL_PASSED": ("核验通过", "Passed"),
    "TOTAL_FAILED": ("核验不通过", "Failed"),
    "INDETERMINATE": ("无法确认", "Not certain"),
    "TOTAL_PASSED_meaning": ("可以采信。", "You can rely on it."),
    "TOTAL_FAILED_meaning": ("请勿采信。", "Do not rely on it."),
    "INDETERMINATE_meaning": (
        "在查明以下原因之前，请勿采信。",
        "Do not rely on it until the reasons below are cleared up.",
    ),
    "why": ("依据", "What this rests on"),
    "rests_on_pdf": ("文件", "File"),
    "rests_on_register": ("登记簿", "Register"),
    "rests_on_presentation": ("亮证码", "QR code"),
    "rests_on_consent": ("授权", "Consent"),
    "rests_on_status_list": ("状态列表", "Status list"),
    "rests_on_log": ("透明日志", "Transparency log"),
    "licence": ("证照", "Licence"),
    "name": ("证照名称", "Name"),
    "number": ("证照编号", "Number"),
    "holder": ("持证主体", "Holder"),
    "issuer": ("发证机关", "Issuer"),
    "issued_on": ("颁发日期", "Issued on"),
    "validity": ("有效期", "Valid"),
    "signatures": ("印章与签名", "Seals and signatures"),
    "signer": ("签章证书", "Seal's certificate"),
    "proven_time": ("用印时间（时间戳）", "Sealed at (time stamp)"),
    "level": ("签名级别", "Signature level"),
    "document_digest": ("文件摘要（SHA-256）", "Digest of the file (SHA-256)"),
    "checked_at": ("核验时间", "Checked at"),
}
