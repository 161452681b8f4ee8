"""Patterns that several sections share. Each is also valid in JSON Schema."""

VERSION = r"\d+\.\d+"
ABSOLUTE = r"/(?!/).*"
GROUP = r"[a-z_][a-z0-9_-]{0,31}|\d+"
