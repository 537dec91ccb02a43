"""Words of the check page."""

from __future__ import annotations

WORDS = {
    "check_title": ("核验电子证照", "Check an electronic licence"),
    "check_lead": (
        "上传证照文件、输入标识或扫描二维码，立即得知真伪与现状。无需登录。",
        (
            "Give the file, type the identifier or scan the code: see at once whether it is genuine and in force. "
            "No sign-in needed."
        ),
    ),
    "file": ("证照 PDF，或二维码的照片、截图", "Licence PDF, or a picture of its QR code"),
    "drop": ("把文件拖到这里，或点击选择", "Drop the file here, or choose it"),
    "drop_hint": (
        "文件只用于本次核验，不会保存；结果与页面图片保留 15 分钟。",
        "The file is used for this check only and is not kept; its result and a picture of it are, for 15 minutes.",
    ),
    "uploading": ("正在上传并核验…", "Sending and checking…"),
    "code": ("电子证照标识、核验网址或离线亮证码", "Identifier, verification address or offline code"),
    "code_hint": (
        "标识印在证照下方，以 1.2.156.3005.2 开头；也可用扫码枪录入。",
        "The identifier is at the foot of the licence; begins with 1.2.156.3005.2. A hand scanner may type it too.",
    ),
    "scan": ("用摄像头扫描", "Scan with the camera"),
    "camera_picture": ("摄像头画面", "What the camera sees"),
    "scan_looking": ("请将二维码放在画面中央。", "Hold the code in the middle."),
    "scan_refused": (
        "未获准使用摄像头。请在浏览器设置中允许，或改为上传照片、输入标识。",
        "The camera may not be used. Allow it in the browser's settings, or give a picture or the identifier.",
    ),
    "scan_none": ("没有可用的摄像头。请上传照片或输入标识。", "There is no camera. Give a picture or the identifier."),
    "scan_long": (
        "未能识别。请靠近一些、避免反光，或上传照片。",
        "Nothing could be read. Come closer, avoid glare, or give a picture.",
    ),
    "scan_found": ("已识别。", "Read."),
    "report": ("下载核验报告（PDF）", "Report (PDF)"),
    "shown_offline": ("离线亮证内容", "What the offline code says"),
    "shown_offline_hint": (
        "由持证人出示，签名已核验；请与其本人证件对照。",
        "Shown by the holder, under a signature that was checked. Compare it with an identity document.",
    ),
    "purpose": ("出示用途", "Shown for"),
    "page_picture_alt": (
        "所核验文件的页面，印章位置已用蓝框标出",
        "The page that was checked, its seals framed in blue",
    ),
    "page_picture_text": ("所上传文件第 {page} 页，共 {pages} 页。", "Page {page} of {pages} of the file."),
    "page_marked": (
        "蓝框为印章所在位置，编号与下文一致；以核验结论为准，不以图片为准。",
        "Blue frames show the seals, numbered as below. The verdict counts, not the picture.",
    ),
    "page_unmarked": (
        "本页没有可见的印章；以核验结论为准，不以图片为准。",
        "No seal is seen on this page. The verdict counts, not the picture.",
    ),
    "place": ("图中编号", "In the picture"),
    "check_number": ("核验编号", "Number of the check"),
    "kept_for": ("本页保留 15 分钟，之后请重新核验。", "This page is kept for 15 minutes; check again after that."),
    "identifier": ("电子证照标识", "Licence identifier"),
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
