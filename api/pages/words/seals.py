"""Words of the pages of the office of seals."""

from __future__ import annotations

WORDS = {
    "seal_requests": ("申请与审批", "Requests"),
    "seal_list": ("印章", "Seals"),
    "seal_new": ("申请印章", "Apply for a seal"),
    "seal_type_application": ("申请材料", "Signed applications"),
    # states and moves
    "seal_state_applied": ("已申请", "Applied for"),
    "seal_state_reviewed": ("已审核", "Reviewed"),
    "seal_state_made": ("已制作", "Made"),
    "seal_state_registered": ("已备案", "Registered"),
    "seal_state_active": ("启用", "In use"),
    "seal_state_frozen": ("冻结", "Frozen"),
    "seal_state_changed": ("已变更", "Changed"),
    "seal_state_cancelled": ("注销", "Cancelled"),
    "seal_state_expired": ("已过期", "Expired"),
    "seal_state_rejected": ("驳回", "Rejected"),
    "seal_move_apply": ("申请", "Application"),
    "seal_move_review": ("新印章审核", "New seal"),
    "seal_move_reject": ("驳回", "Rejection"),
    "seal_move_make": ("制作", "Make"),
    "seal_move_register": ("备案", "Register"),
    "seal_move_activate": ("启用", "Put into use"),
    "seal_move_freeze": ("冻结", "Freeze"),
    "seal_move_thaw": ("解冻", "Thaw"),
    "seal_move_rotate": ("更换密钥", "New key"),
    "seal_move_change": ("变更", "Change"),
    "seal_move_cancel": ("注销", "Cancel"),
    "seal_move_expire": ("到期", "Expiry"),
    "seal_kind_official": ("公章", "Official seal"),
    "seal_kind_special": ("专用章", "Special-purpose seal"),
    "seal_kind_company": ("公司公章", "Company seal"),
    "seal_kind_contract": ("合同专用章", "Contract seal"),
    "seal_kind_finance": ("财务专用章", "Finance seal"),
    "seal_kind_legal_representative": ("法定代表人名章", "Legal representative’s seal"),
    "seal_kind_signature": ("个人签名", "Personal signature"),
    # what was done
    "seal_done_approved": ("已批准。", "Approved."),
    "seal_done_reviewed": (
        "审核通过。下一步由申请人员申请制作。",
        "Found right. Next an applicant asks for it to be made.",
    ),
    "seal_done_rejected": ("已驳回，理由已记录。", "Rejected; the reason is on record."),
    "seal_done_asked": ("已提交，等待另一名工作人员审批。", "Sent; another officer has to approve."),
    "seal_done_freeze": (
        "已冻结。从现在起任何用印都会被拒绝并记录。",
        "Frozen. From now on every use is refused and recorded.",
    ),
    "seal_done_register": ("已备案，公众可以查询。", "Registered; the public can look it up."),
    "seal_done_activate": ("已启用，可以用印。", "In use; it can be put on documents."),
    # the queue
    "seal_requests_lead": (
        "审核、制作、解冻、更换密钥、注销须两人办理：一人申请，另一人审批。",
        "Review, making, thawing, a new key and cancelling take two: one officer asks, another decides.",
    ),
    "seal_waits_for_me": ("等我审批", "Waiting for you"),
    "seal_waits_for_other": ("等待另一名工作人员", "Waiting for another officer"),
    "seal_waits_for_none": ("没有待审批的事项", "Nothing waits"),
    "seal_waits_for_none_text": (
        "有人提交印章申请或事项时，会出现在这里。",
        "What officers apply and ask for will stand here.",
    ),
    "seal_underway": ("制作与启用中的印章", "Seals on their way into use"),
    "seal_underway_text": ("已审核而尚未启用：", "Reviewed and not yet in use:"),
    "seal_next_reviewed": ("申请制作", "ask for it to be made"),
    "seal_next_made": ("备案", "register it"),
    "seal_next_registered": ("启用", "put it into use"),
    "seal_next": ("下一步", "Next step"),
    "seal_what": ("事项", "What"),
    "seal_which": ("印章", "Seal"),
    "seal_owner": ("所属单位", "Owner"),
    "seal_asked_by": ("申请人", "Asked by"),
    "seal_asked_at": ("申请时间", "Asked at"),
    "seal_reason": ("理由", "Reason"),
    "seal_document": ("依据文件", "Basis"),
    "seal_document_hint": ("文号，如 青政办发〔2026〕12号", "Such as 青政办发〔2026〕12号"),
    "seal_decides": ("由谁审批", "Who decides"),
    "seal_you": ("您", "You"),
    "seal_own_request": ("您提交的，须由另一人审批", "Yours: another has to decide"),
    "seal_another": ("另一名审批人员", "Another officer"),
    "seal_open": ("查看", "Open"),
    # a request
    "seal_first_hand": ("第一人：申请", "First officer: asks"),
    "seal_second_hand": ("第二人：审批", "Second officer: decides"),
    "seal_approved_by": ("批准", "approved"),
    "seal_rejected_by": ("驳回", "rejected"),
    "seal_not_decided": ("尚未审批，须为另一名工作人员", "Not decided yet; has to be another officer"),
    "seal_own_notice": (
        "这是您提交的。按两人办理的规定，须由另一名工作人员审批。",
        "You asked for this. By the rule of two, another officer has to decide.",
    ),
    "seal_only_approvers": ("由有“印章审批”角色的工作人员审批。", "An officer with the role of approval decides."),
    "seal_decided_notice": ("已有处理结果。", "This was decided."),
    "seal_approve": ("批准", "Approve"),
    "seal_approve_use": ("批准并启用", "Approve and put into use"),
    "seal_only_review": ("仅审核通过", "Only find right"),
    "seal_reject": ("驳回", "Reject"),
    "seal_remark": ("意见", "Remark"),
    "seal_approve_review_will": (
        "批准后随即制作密钥与证书、备案公示并启用，可在下列文件上用印。每一步都以您和申请人的名义记录。",
        (
            "A key and a certificate are made at once, the seal enters the public register and can be put on"
            " the documents named. Each step goes on record with you and the applicant."
        ),
    ),
    "seal_only_review_will": (
        "“仅审核通过”之后，制作、备案、启用各自另行办理。",
        "After “only find right”, making, registering and putting into use are steps of their own.",
    ),
    "seal_approve_make_will": (
        "批准后生成密钥并签发证书。备案、启用另行办理。",
        "A key is made and a certificate issued. Registering and use are further steps.",
    ),
    "seal_approve_thaw_will": ("批准后印章立即恢复使用。", "The seal can be used again at once."),
    "seal_approve_rotate_will": (
        "批准后启用新的密钥与证书，旧证书随即停用；写明泄露时间的，自该时间起吊销。",
        "A new key and certificate take over at once; with a time of compromise the old one is revoked from then on.",
    ),
    "seal_approve_cancel_will": (
        "批准后印章永久停用，证书吊销，不能恢复。此前合法加盖的印章不受影响。",
        "The seal is over for good and its certificate revoked. What it sealed rightfully before stays good.",
    ),
    "seal_reject_will": (
        "驳回不改变印章当前状态；新印章的申请驳回后不能恢复，须重新申请。理由会告知申请人并记录。",
        (
            "The seal stays as it is; a new seal is rejected for good and has to be applied for again. The applicant"
            " sees the reason; it goes on record."
        ),
    ),
    "seal_reject_reason_hint": ("写明哪里不符、如何更正", "Say what is not right and how to mend it"),
    "seal_compromised_since": ("疑似泄露时间", "Compromised since"),
    "seal_history": ("经过", "History"),
    "seal_second_by": ("审批：", "approved by "),
    # a seal
    "seal_list_lead": (
        "本单位、下级单位的印章；部门还管理本区划内企业和个人的印章。",
        "Seals of your body and those below it; a department’s also those of companies and people of its region.",
    ),
    "seal_none": ("还没有印章", "No seals yet"),
    "seal_none_text": (
        "先申请一枚，由另一名工作人员审批后即可使用。",
        "Apply for one; it can be used once another officer approves.",
    ),
    "seal_number": ("印章编号", "Number"),
    "seal_name": ("名称", "Name"),
    "seal_kind": ("种类", "Kind"),
    "seal_state": ("状态", "State"),
    "seal_size": ("尺寸", "Size"),
    "seal_mm": ("毫米", "mm"),
    "seal_purpose": ("用途", "Purpose"),
    "seal_types": ("可用印的文件", "Documents"),
    "seal_code": ("统一社会信用代码", "Credit code"),
    "seal_reference": ("个人编号", "Reference"),
    "seal_valid": ("有效期", "Validity"),
    "seal_registered_at": ("备案时间", "Registered"),
    "seal_supersedes": ("变更自", "Takes the place of"),
    "seal_superseded_by": ("由此印章取代", "Its place was taken by"),
    "seal_digest": ("印模摘要", "Digest of the picture"),
    "seal_artwork": ("印模", "Picture of the seal"),
    "seal_artwork_of": ("印模：", "Picture of the seal: "),
    "seal_certificate": ("证书", "Certificate"),
    "seal_certificates": ("证书记录", "Certificates"),
    "seal_serial": ("序列号", "Serial number"),
    "seal_days_left": ("天后到期", "days left"),
    "seal_certificate_over": ("已到期", "over"),
    "seal_used": ("使用期间", "Used"),
    "seal_now": ("现在", "now"),
    "seal_overview": ("概况", "Overview"),
    "seal_uses": ("用印记录", "Uses"),
    "seal_grants": ("用印授权", "Grants"),
    "seal_parts": ("印章档案", "The seal’s file"),
    "seal_freeze_now": ("立即冻结", "Freeze now"),
    "seal_other_moves": ("其他事项", "What else can be done"),
    "seal_will": ("将会怎样", "What will happen"),
    "seal_will_freeze": (
        "印章立即停用：从此刻起任何用印都被拒绝并记录。已经加盖的印章不受影响。恢复使用须另行申请解冻，由另一人审批。",
        (
            "The seal stops at once: every use from now on is refused and recorded. What it has sealed stays good."
            " To use"
            " it again, thawing has to be asked for and approved by another officer."
        ),
    ),
    "seal_will_register": (
        "印章进入公开备案，公众可凭编号查询。",
        "The seal enters the public register, where anybody can look it up.",
    ),
    "seal_will_activate": (
        "印章随即可以用印；它要变更的旧印章同时停用。",
        "The seal can be used from now on; the one that it changes is over.",
    ),
    "seal_will_make": (
        "申请制作密钥与证书，由另一名工作人员审批后生效。",
        "Asks for a key and a certificate; another officer has to approve.",
    ),
    "seal_will_thaw": (
        "申请恢复使用，由另一名工作人员审批后生效。",
        "Asks for the seal to be used again; another officer has to approve.",
    ),
    "seal_will_rotate": (
        "申请更换密钥与证书，由另一名工作人员审批后生效；印模和编号不变。",
        "Asks for a new key and certificate; another officer has to approve. Picture and number stay.",
    ),
    "seal_will_cancel": (
        "申请永久停用并吊销证书，由另一名工作人员审批后生效，生效后不能恢复。",
        (
            "Asks for the seal to end for good and its certificate to be revoked; another officer has to approve. It"
            " cannot be undone."
        ),
    ),
    "seal_compromised_hint": (
        "只在密钥可能泄露时填写（北京时间）：此后没有时间戳证明的印章不再通过核验",
        "Only if the key may have leaked (China’s time): seals since then that no time stamp proves older fail",
    ),
    "seal_freeze_hint": ("如：疑似冒用", "Such as: suspected misuse"),
    "seal_ask": ("提交申请", "Ask for it"),
    "seal_waits": ("正在等待审批：", "Waits for a decision: "),
    "seal_change": ("申请变更", "Apply for a change"),
}
