"""The programs that fetch for each strategy, and what they do when a link breaks."""

from __future__ import annotations

from ggfleet.simulate.transfer import CLASSIC, LITE, PIP, PIP_BEFORE_25_1, Retry

UV = Retry("uv", tries=4, resumes=False)
"""Three further tries (`UV_HTTP_RETRIES`), each from the start."""

PROGRAMS = {each.name: each for each in (CLASSIC, LITE, PIP, PIP_BEFORE_25_1, UV)}


def usual(strategy: str) -> Retry:
    """What fetches for a strategy where nothing else is known: uv, pip, or the nucleus."""
    if "uv" in strategy.split("-"):
        return UV
    return PIP if "pip" in strategy.split("-") else CLASSIC
