"""Text without what opens a door: who logs in by an address, the word in its query, and tokens known by their form."""

from __future__ import annotations

import re

_USER = re.compile(r"(?:(?<=://)|(?<=--proxy[ =]))[^\s/\"'`]*@")
_QUERY = re.compile(r"(?i)([?&][\w-]*(?:token|key|secret|passw|pwd|auth|sig|credential)[\w-]*=)[^\s&#\"'`]+")
_TOKEN = re.compile(r"(?:gh[oprsu]_|github_pat_|glpat-|pypi-AgE|xox[abeoprs]-|AKIA)[\w-]{8,}")


def without_credentials(text: str) -> str:
    """The same text, line by line, that anybody may read."""
    return _TOKEN.sub("***", _QUERY.sub(r"\1***", _USER.sub("", text)))
