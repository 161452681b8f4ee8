"""Templates: parts put together, logical ids, and the limits of CloudFormation.

The limits are those of "CloudFormation quotas" in the user guide; the service raises none of them.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ggfleet.model import Document, Json
from ggfleet.system.files import to_json

MAX_RESOURCES = 500
MAX_OUTPUTS = 200
MAX_PARAMETERS = 200
MAX_BYTES = 1_000_000
"""Of a template that is read from S3. SAM's transform is judged by what comes out."""
SAM_RESOURCES = 3
"""What SAM makes of a function with AutoPublishAlias: the function, a version, the alias."""
SAM_BYTES = 1_500
"""What SAM adds for such a function at most, as the tests measure."""

ID_DIGITS = 8
ID_WORDS = 100
"""Characters of a name in a logical id, which may have 255; a host's name alone may be as long."""
SERVERLESS = "AWS::Serverless::Function"

Section = Mapping[str, Json]


@dataclass(frozen=True)
class Part:
    """A piece of a template: entries for its sections, by logical id."""

    resources: Section = field(default_factory=dict)
    outputs: Section = field(default_factory=dict)
    parameters: Section = field(default_factory=dict)
    conditions: Section = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """A part and what stands above it. `metadata` and `rules` may be empty."""

    description: str
    part: Part
    rules: Section = field(default_factory=dict)
    metadata: Section = field(default_factory=dict)

    def content(self) -> dict[str, Json]:
        """The template; sections without entries are left out."""
        part = self.part
        sections: dict[str, Section] = {
            "Metadata": self.metadata,
            "Parameters": part.parameters,
            "Rules": self.rules,
            "Conditions": part.conditions,
            "Resources": part.resources,
            "Outputs": part.outputs,
        }
        head: dict[str, Json] = {"AWSTemplateFormatVersion": "2010-09-09"}
        if self._serverless:
            head["Transform"] = "AWS::Serverless-2016-10-31"
        head["Description"] = self.description
        return {**head, **{name: entries for name, entries in sections.items() if entries}}

    @functools.cached_property
    def written(self) -> bytes:
        """The file. Kept, since it is judged by its size before it is written."""
        return to_json(self.content())

    def document(self, path: str) -> Document:
        """The template as a document of a rendering."""
        return Document(path, self.content(), written=self.written)

    def excess(self) -> str:
        """Which limit the template crosses, and by how much; empty when it fits.

        Counts what SAM makes of it, since the service judges that.
        """
        more = (SAM_RESOURCES - 1) * self._serverless
        counts = {
            "resources": (len(self.part.resources) + more, MAX_RESOURCES),
            "outputs": (len(self.part.outputs), MAX_OUTPUTS),
            "parameters": (len(self.part.parameters), MAX_PARAMETERS),
        }
        for what, (count, limit) in counts.items():
            if count > limit:
                return f"{count} {what}, and CloudFormation takes {limit}"
        size = len(self.written) + SAM_BYTES * self._serverless
        return f"{size} bytes, and CloudFormation takes {MAX_BYTES}" if size > MAX_BYTES else ""

    @functools.cached_property
    def _serverless(self) -> int:
        """How many resources SAM makes others of."""
        resources = self.part.resources.values()
        return sum(isinstance(each, Mapping) and each["Type"] == SERVERLESS for each in resources)


def together(parts: Iterable[Part]) -> Part:
    """One part of many. Each logical id belongs to one of them."""
    taken = list(parts)
    return Part(
        _united(part.resources for part in taken),
        _united(part.outputs for part in taken),
        _united(part.parameters for part in taken),
        _united(part.conditions for part in taken),
    )


def logical_id(kind: str, name: str, of: str = "") -> str:
    """`kind`, the name in letters and digits, and digits that tell it from its like.

    The digits are those of `of`, or of the name. A logical id must not depend on what else is in a
    fleet: CloudFormation replaces what changes its id. `pi-01` and `pi_01` would otherwise be one.
    """
    return kind + _words_and_digits(name, of or name)


@functools.cache
def _words_and_digits(name: str, of: str) -> str:
    words = "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))
    digits = hashlib.sha256(of.encode()).hexdigest()[:ID_DIGITS]
    return words[:ID_WORDS] + digits


def ref(name: str) -> Json:
    """What CloudFormation takes for a resource's or parameter's own value."""
    return {"Ref": name}


def attribute(name: str, field_name: str) -> Json:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [name, field_name]}


def resource(type_name: str, properties: Section, **attributes: Json) -> Json:
    """A resource; `attributes` are those beside its properties, such as DeletionPolicy."""
    return {"Type": type_name, **attributes, "Properties": properties}


def _united(sections: Iterable[Section]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for section in sections:
        for name, entry in section.items():
            assert found.setdefault(name, entry) == entry, f"two entries are called {name}"
    return found
