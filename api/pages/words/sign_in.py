"""Words of signing in and out, and of what went wrong."""

from __future__ import annotations

WORDS = {
    "signed_in_as": ("已登录", "Signed in as"),
    "sign_in": ("登录", "Sign in"),
    "sign_in_again": ("重新登录", "Sign in again"),
    "sign_out": ("退出登录", "Sign out"),
    "sign_out_lead": ("在公用设备上办完事后，请退出登录。", "On a shared device, sign out when you are done."),
    "sign_out_everywhere": ("退出全部设备", "Sign out everywhere"),
    "id_number": ("居民身份证号码", "ID number"),
    "assurance": ("认证强度", "Assurance"),
    "sessions": ("已登录的浏览器", "Browsers signed in"),
    "problem": ("未能办理", "This could not be done"),
    "home": ("返回首页", "Home"),
    "acting": ("选择办理身份", "For whom do you act?"),
    "acting_lead": (
        "以本人身份，或代表单位、未成年子女办理。代办的每件事都会记录您的姓名。",
        "For yourself, or for a body or a child. All that you do for others is on record with your name.",
    ),
    "acting_self": ("本人", "For yourself"),
    "acting_representative": ("法定代表人", "Legal representative"),
    "acting_agent": ("经办人", "Agent"),
    "acting_parent": ("监护人", "Parent"),
    "acting_nobody": (
        "目前没有可代表的单位或未成年子女。",
        "There is no body or child at present for whom you may act.",
    ),
    "invented": ("选择一位虚构人物登录", "Choose an invented person"),
    "invented_lead": (
        "仅供本机演示：以下人物均为虚构，任何人都可以其身份登录。",
        "For trying out on this machine only: none of these exists, and anybody may sign in as any.",
    ),
    "invented_holders": ("持证人", "Holders"),
    "invented_officers": ("工作人员", "Officers"),
}
