"""Administrative regions (行政区划) as codes: six digits for cities and counties (GB/T 2260), three more for a street
or town (GB/T 10114), three more for a community or village.
"""

from __future__ import annotations

import re
from enum import StrEnum

from seal.errors import RegionCodeError

_PROVINCES = frozenset(
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82]
)
_CODE = re.compile(r"[0-9]{6}(?:[0-9]{3}){0,2}", re.ASCII)


class Level(StrEnum):
    """How high in the administration a region is."""

    CITY = "city"
    """市."""
    COUNTY = "county"
    """区、县、县级市."""
    TOWN = "town"
    """街道、镇."""
    COMMUNITY = "community"
    """社区、村."""

    @property
    def zh(self) -> str:
        """As an official names it."""
        return _ZH[self]


_ZH = {
    Level.CITY: "市级",
    Level.COUNTY: "区（县、县级市）级",
    Level.TOWN: "街道（镇）级",
    Level.COMMUNITY: "社区（村）级",
}


def level_of(code: str) -> Level:
    """The level of a region, which its code tells.

    :raises RegionCodeError: it is no code of a region.
    """
    if not _CODE.fullmatch(code) or int(code[:2]) not in _PROVINCES:
        raise RegionCodeError(region=code[:20])
    if len(code) == 12:
        return Level.COMMUNITY
    if len(code) == 9:
        return Level.TOWN
    return Level.CITY if code.endswith("00") else Level.COUNTY


def lies_within(code: str, wider: str) -> bool:
    """Whether a region is another one or part of it."""
    if code == wider:
        return True
    if len(wider) > 6:
        return code.startswith(wider)
    return code.startswith(wider[:2] if wider.endswith("0000") else wider[:4] if wider.endswith("00") else wider)
