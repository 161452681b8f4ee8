"""Components of AWS's own, which the embedded core does not run: what is missing without them."""

from __future__ import annotations

MISSING = {
    "aws.greengrass.clientdevices.": "client devices cannot connect, nothing is bridged to them",
    "aws.greengrass.ShadowManager": "nobody answers on the topics of shadows",
    "aws.greengrass.SecretManager": "functions get the secrets that the trial is given, or none",
    "aws.greengrass.StreamManager": "there are no streams",
    "aws.greengrass.LogManager": "logs stay in files",
    "aws.greengrass.DiskSpooler": "nothing is kept for the cloud",
}


def absence(component: str) -> str:
    """That a component is not run here, and what is missing therefore."""
    found = [text for prefix, text in MISSING.items() if component.startswith(prefix)]
    what = found[0] if found else "nobody does its work"
    return f"{component}: is AWS's, and the embedded core does not run it: {what}"
