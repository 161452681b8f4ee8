"""What every validator says of one random fleet, target by target."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from functional.cloudformation_judges import (
    FLEET,
    limit_problems,
    meant_groups,
    permission_problems,
)
from functional.cloudformation_v2_judges import long_policies, meant_calls, waits_of
from functional.cloudformation_v2_judges import schema_problems as type_problems
from functional.test_cloudformation import expected_groups
from functional.test_cloudformation_v2 import expected_calls
from functional.test_recipes_v2 import SCHEMA, every_problem, schema_problems
from functional.v1_rules import Tree, rule_problems
from functional.v1_service import all_shape_problems, documents_of
from ggfleet.model import ADAPTER, Archive, Fleet, Form, Manifest, Part, Rendering
from ggfleet.render.known import wanted_archives
from unit.factories import make_archive

Judge = Callable[[Fleet, Manifest, Tree], list[str]]


def random_manifest(fleet: Fleet, *, alike: bool) -> Manifest:
    """An archive for everything that a target may name; with `alike` platforms have the same."""
    fleet = fleet.in_layers
    wanted = [
        *wanted_archives(fleet),
        *((Part.ADAPTER, ADAPTER, platform.name) for platform in fleet.used_platforms()),
    ]
    tarred = {(Part.LIBRARIES, e.name) for e in fleet.libraries.values() if e.archive is Form.TAR}
    found = [
        _archive(*each, Form.TAR if each[:2] in tarred else Form.ZIP, alike=alike)
        for each in wanted
    ]
    for part, name, platform in (each for each in wanted if each[0] is Part.LIBRARIES):
        image = _archive(part, name, platform, Form.IMAGE, alike=alike)
        found.append(replace(image, compression=fleet.libraries[name].compression))
    return Manifest(tuple(found))


def _archive(part: Part, name: str, platform: str, form: Form, *, alike: bool) -> Archive:
    """Digests that nobody computed: of the names. Every other library is a big one."""
    seed = f"{part}/{name}/{'' if alike else platform}"
    digest = hashlib.sha256(seed.encode()).hexdigest()
    file = f"{part}/{name}-{platform}-{digest[:16]}.{form}"
    big = part is Part.LIBRARIES and digest < "8"
    made = make_archive(part, name, platform=platform, file=file, key=f"ggfleet/{file}")
    return replace(
        made, form=form, tree_sha256=digest, unpacked_size=10**9 if big else made.unpacked_size
    )


def _group(fleet: Fleet, manifest: Manifest, documents: Tree) -> list[str]:
    return [*all_shape_problems(documents), *rule_problems(documents)]


def _templates(fleet: Fleet, manifest: Manifest, documents: Tree) -> list[str]:
    """All but cfn-lint: SAM's translator, quotas, permissions, and that groups are those of V1."""
    found = [p for template in documents.values() for p in limit_problems(template)]
    if FLEET not in documents:
        return [*found, *_stacks_v2(fleet, manifest, documents)]
    found += [p for template in documents.values() for p in permission_problems(template)]
    same = meant_groups(documents) == expected_groups(fleet, manifest)
    return found if same else [*found, "the stacks amount to other groups than the calls"]


def _stacks_v2(fleet: Fleet, manifest: Manifest, documents: Tree) -> list[str]:
    """AWS's schemas, the policies of certificates, no circle, and the calls of the V2 targets."""
    found = [
        problem
        for template in documents.values()
        for problem in (*type_problems(template), *long_policies(template))
    ]
    waits_of(documents["v2/fleet.json"])
    same = meant_calls(documents) == expected_calls(fleet, manifest)
    return found if same else [*found, "the stacks amount to other calls"]


def _components(fleet: Fleet, manifest: Manifest, documents: Tree) -> list[str]:
    schema = schema_problems(documents) if SCHEMA is not None else []
    return [*every_problem(documents), *schema]


JUDGES: Mapping[str, Judge] = {
    "group-v1": _group,
    "cloudformation": _templates,
    "recipes-v2": _components,
    "deployment-v2": _components,
}


def problems_of(fleet: Fleet, manifest: Manifest, target: str, rendering: Rendering) -> list[str]:
    """Everything that speaks against a rendering. A target without a judge is our mistake."""
    return [
        *_paths(rendering),
        *_notes(rendering),
        *JUDGES[target](fleet, manifest, documents_of(rendering)),
    ]


def _paths(rendering: Rendering) -> Iterator[str]:
    """Two documents with one path would overwrite each other, on file systems without case too."""
    paths = [document.path for document in rendering.documents]
    if len(set(paths)) < len(paths):
        yield "two documents have one path"
    yield from (f"{p} leads elsewhere" for p in paths if p.startswith("/") or ".." in p.split("/"))


def _notes(rendering: Rendering) -> Iterator[str]:
    for note in rendering.notes:
        if not note.message.strip() or "\n" in note.message:
            yield f"the note on {note.path} is no sentence: {note.message!r}"
