"""Whether the binaries in a set of wheels will load on a platform, told before anything is built.

    wheel --facts--> what its ELF files are and need (kept by the wheel's digest)
    facts of a set + platform --judge--> problems, each with file and symbol, and notes

A tag in a wheel's name is a promise; this reads what was made good.
"""

from ggfleet.bundle.fit.judge import prove

__all__ = ["prove"]
