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
    "invented": ("选择一位虚构人物登录", "Choose an invented person"),
    "invented_lead": (
        "仅供本机演示：以下人物均为虚构，任何人都可以其身份登录。",
        "For trying out on this machine only: none of these exists, and anybody may sign in as any.",
    ),
    "invented_holders": ("持证人", "Holders"),
    "invented_officers": ("工作人员", "Officers"),
}
