"""Patterns that several sections share. Each is also valid in JSON Schema."""

VERSION = r"\d+\.\d+"
GROUP_NAME = r"[a-z_][a-z0-9_-]{0,31}"
GROUP = r"[a-z_][a-z0-9_-]{0,31}|\d+"
CERTIFICATE = r"arn:aws[a-z-]*:iot:[a-z0-9-]+:\d{12}:cert/[A-Za-z0-9]+"
MAX_ID = 2**31 - 1
