"""Requests: documents that are the body of a call, in the order in which the calls must be made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ggfleet.model import Document, Json


@dataclass(frozen=True)
class Request:
    """A document and the call it is the body of.

    `wait` names the waiter of boto3 to pass before the next call, or is empty. `upload` is the path
    of a document that must lie in S3, where the body says, before the call. Without an `operation`
    the document is there to be read, and nothing is called with it.
    """

    document: Document
    service: str = ""
    operation: str = ""
    wait: str = ""
    upload: str = ""


def request(path: str, service: str, operation: str, body: Json, wait: str = "") -> Request:
    """A request and its document."""
    return Request(Document(path, body), service, operation, wait)


def calls_document(requests: Iterable[Request]) -> Document:
    """`calls.json`: `[{"service", "operation", "body"}]`; `wait` and `upload` where there are."""
    return Document("calls.json", [_call(each) for each in requests if each.operation])


def _call(each: Request) -> dict[str, Json]:
    call: dict[str, Json] = {
        "service": each.service,
        "operation": each.operation,
        "body": each.document.path,
    }
    if each.wait:
        call["wait"] = each.wait
    if each.upload:
        call["upload"] = each.upload
    return call
