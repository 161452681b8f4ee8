"""Write docs/spec.md anew, from the tables that the generator reads the spec with."""

from __future__ import annotations

from pathlib import Path

from ggfleet.spec import spec_reference

PAGE = Path(__file__).parents[1] / "docs/spec.md"

if __name__ == "__main__":
    PAGE.write_text(spec_reference())
