"""What may be done with each part: the events of a device's life by it, or why it cannot be.

Limits: Lambda's package for V1, a component's artifacts for V2; only V2 knows images.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ggfleet.advise.rates import FUNCTIONS, LIBRARIES, MODELS, Rates
from ggfleet.advise.sizes import Sizes, together
from ggfleet.bundle.limits import DIRECT_UPLOAD, UNPACKED
from ggfleet.compare.matrix.cells import Change, Payload
from ggfleet.model import Fleet, Form, Function, Install, Layout
from ggfleet.model.limits import ARTIFACTS

FIRST = "first install"
IN_FUNCTION, OS_PIP, ML_RESOURCE, IMAGE = "in-function", "os-pip", "ml-resource", "image"
OWN, IN_PACKAGE, WITH_LIBRARIES = "on its own", "in the package", "with the libraries"
BESIDE, SOME, INSIDE = "libraries beside it", "some inside", "libraries inside"
ZIP = "ml-resource-zip"
"""The strategy whose laws hold for every zip that a deployment brings."""
TAR = "ml-resource-tar-gz"


@dataclass(frozen=True)
class Event:
    """Something that happens to a device `rate` times a year. `kind` is what rates are told by."""

    kind: str
    rate: float
    change: Change
    payload: Payload
    strategy: str


@dataclass(frozen=True)
class Option:
    """One way for a part. `refused` tells why it cannot be; empty when it can."""

    name: str
    events: tuple[Event, ...] = ()
    refused: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """One part and what may be done with it.

    `now` is what the spec says, `table` what size and rate of change alone would say; `size` is
    that of the part by itself, `rate` how often it changes in a year.
    """

    kind: str
    name: str
    size: Payload
    rate: float
    now: str
    table: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Case:
    """A fleet on one platform (`fleet` as `Fleet.on` gives it), and what is known of it.

    `v2` is the generation, `years` the life of a device between two first installs.
    """

    fleet: Fleet
    sizes: Sizes
    rates: Rates
    v2: bool
    years: float

    def event(self, kind: str, name: str, payload: Payload, strategy: str = ZIP) -> Event:
        """An update of a part by what it brings."""
        change = {
            LIBRARIES: Change.LIBRARY_MINOR,
            MODELS: Change.MODEL_ONLY,
            FUNCTIONS: Change.FUNCTION_ONLY,
        }[kind]
        return Event(kind, self.rates.of(kind, name).yearly, change, payload, strategy)

    def first(self, payload: Payload, strategy: str = ZIP) -> Event:
        """The first install, as often in a year as a device is new."""
        return Event(FIRST, 1 / self.years, Change.FIRST_INSTALL, payload, strategy)

    def too_big(self, package: Payload) -> str:
        """Why a package cannot be; empty when it can."""
        if not self.v2 and package.unpacked_bytes >= UNPACKED:
            return f"{_mb(package.unpacked_bytes)} unpacked; Lambda takes {_mb(UNPACKED)}"
        if self.v2 and package.fetched_bytes > ARTIFACTS:
            return f"{_mb(package.fetched_bytes)}; a component takes {_mb(ARTIFACTS)}"
        return ""


def questions(case: Case) -> Iterator[Question]:
    """All parts whose sizes are known, libraries first."""
    for name in case.sizes.libraries:
        yield _library(case, name)
    for name in case.sizes.models:
        yield _model(case, name)
    for name in case.fleet.functions:
        yield _function(case, name)


def _library(case: Case, name: str) -> Question:
    library, sizes = case.fleet.libraries[name], case.sizes.libraries[name]
    users = case.fleet.users_of(library)
    inside, pip = _inside(case, name, users), _by_pip(case, name)
    if library.layer:
        why = f"it is a layer of {library.whole}"
        inside, pip = Option(IN_FUNCTION, refused=why), Option(OS_PIP, refused=why)
    fits = users and not inside.refused and sizes.archive.fetched_bytes <= DIRECT_UPLOAD
    return Question(
        LIBRARIES,
        name,
        sizes.archive,
        case.rates.of(LIBRARIES, name).yearly,
        now=IMAGE if library.layout is Layout.IMAGE else str(library.install),
        table=IN_FUNCTION if fits and _small(case, name, users) else ML_RESOURCE,
        options=(inside, pip, _resource(case, name), _image(case, name)),
    )


def _small(case: Case, name: str, users: Iterable[Function]) -> bool:
    """Whether it fits into Lambda's package, which is the table's own measure on V2 too."""
    return all(
        together(case.sizes.code[each.name], case.sizes.libraries[name].archive).unpacked_bytes
        < UNPACKED
        for each in users
    )


def _inside(case: Case, name: str, users: Sequence[Function]) -> Option:
    """Every function that uses it carries it: whenever either changes, both travel."""
    if not users:
        return Option(IN_FUNCTION, refused="no function uses it")
    archive = case.sizes.libraries[name].archive
    events, notes = [], []
    for each in users:
        package = together(case.sizes.code[each.name], archive)
        if refused := case.too_big(package):
            return Option(IN_FUNCTION, refused=refused)
        if not case.v2 and package.fetched_bytes > DIRECT_UPLOAD:
            notes.append(f"{each.name}: over {_mb(DIRECT_UPLOAD)} zipped, so only from S3")
        events += [
            case.first(package, IN_FUNCTION),
            case.event(LIBRARIES, name, package, IN_FUNCTION),
            case.event(FUNCTIONS, each.name, package, IN_FUNCTION),
        ]
    return Option(IN_FUNCTION, tuple(events), notes=tuple(notes))


def _beside(case: Case, name: str, payload: Payload, strategy: str) -> tuple[Event, ...]:
    """The library by itself, and the functions that use it without it."""
    users = case.fleet.users_of(case.fleet.libraries[name])
    code = [(each.name, case.sizes.code[each.name]) for each in users]
    return (
        case.first(payload, strategy),
        case.event(LIBRARIES, name, payload, strategy),
        *(case.first(own) for _, own in code),
        *(case.event(FUNCTIONS, user, own) for user, own in code),
    )


def _by_pip(case: Case, name: str) -> Option:
    events = _beside(case, name, case.sizes.libraries[name].wheels, OS_PIP)
    return Option(OS_PIP, events, notes=("needs SSH or an agent beside the deployment",))


def _resource(case: Case, name: str) -> Option:
    archive = case.sizes.libraries[name].archive
    if case.v2 and archive.fetched_bytes > ARTIFACTS:
        return Option(ML_RESOURCE, refused=case.too_big(archive))
    strategy = TAR if case.fleet.libraries[name].archive is Form.TAR else ZIP
    return Option(ML_RESOURCE, _beside(case, name, archive, strategy))


def _image(case: Case, name: str) -> Option:
    image = case.sizes.libraries[name].image
    if not case.v2:
        return Option(IMAGE, refused="Greengrass V1 has no images")
    if image is None:
        why = "not built: write install: ml-resource, layout: image"
        return Option(IMAGE, refused=why)
    return Option(IMAGE, _beside(case, name, image, IMAGE))


def _model(case: Case, name: str) -> Question:
    model, payload = case.fleet.models[name], case.sizes.models[name]
    users = case.fleet.users_of(model)
    return Question(
        MODELS,
        name,
        payload,
        case.rates.of(MODELS, name).yearly,
        now=OWN,
        table=OWN,
        options=(
            Option(OWN, _apart(case, name, users)),
            _in_package(case, name, users),
            _with_libraries(case, name, users),
        ),
    )


def _apart(case: Case, name: str, users: Sequence[Function]) -> tuple[Event, ...]:
    payload = case.sizes.models[name]
    packages = [(each.name, case.sizes.packages[each.name]) for each in users]
    return (
        case.first(payload),
        case.event(MODELS, name, payload),
        *(case.first(package) for _, package in packages),
        *(case.event(FUNCTIONS, user, package) for user, package in packages),
    )


def _in_package(case: Case, name: str, users: Sequence[Function]) -> Option:
    if not users:
        return Option(IN_PACKAGE, refused="no function uses it")
    events = []
    for each in users:
        package = together(case.sizes.packages[each.name], case.sizes.models[name])
        if refused := case.too_big(package):
            return Option(IN_PACKAGE, refused=refused)
        events += [
            case.first(package),
            case.event(MODELS, name, package),
            case.event(FUNCTIONS, each.name, package),
        ]
    return Option(IN_PACKAGE, tuple(events))


def _with_libraries(case: Case, name: str, users: Sequence[Function]) -> Option:
    """One archive with the libraries and the model, as AWS's own template for V1 has it."""
    libraries = {
        library.name
        for each in users
        for library in case.fleet.libraries_of(each, Install.ML_RESOURCE)
        if library.name in case.sizes.libraries
    }
    if not libraries:
        return Option(WITH_LIBRARIES, refused="its functions have no ml-resource library")
    known = [(each, case.sizes.libraries[each].archive) for each in sorted(libraries)]
    both = together(case.sizes.models[name], *(archive for _, archive in known))
    packages = [(each.name, case.sizes.packages[each.name]) for each in users]
    # The libraries would be fetched without this model too: only what is more counts here.
    spared = [(case.first(own), case.event(LIBRARIES, each, own)) for each, own in known]
    return Option(
        WITH_LIBRARIES,
        (
            case.first(both),
            case.event(MODELS, name, both),
            *(case.event(LIBRARIES, each, both) for each, _ in known),
            *(_less(event) for pair in spared for event in pair),
            *(case.first(package) for _, package in packages),
            *(case.event(FUNCTIONS, user, package) for user, package in packages),
        ),
    )


def _less(event: Event) -> Event:
    return Event(event.kind, -event.rate, event.change, event.payload, event.strategy)


def _function(case: Case, name: str) -> Question:
    function = case.fleet.functions[name]
    known = [each for each in function.libraries if each in case.sizes.libraries]
    inside = [each for each in known if case.fleet.libraries[each].install is Install.IN_FUNCTION]
    some = 0 < len(inside) < len(known)
    package = _carrying(case, name, known)
    refused = case.too_big(package) if known else "it has none"
    fits = not refused and package.fetched_bytes <= DIRECT_UPLOAD
    small = fits and package.unpacked_bytes < UNPACKED
    now = SOME if some else INSIDE if inside else BESIDE
    return Question(
        FUNCTIONS,
        name,
        case.sizes.packages[name],
        case.rates.of(FUNCTIONS, name).yearly,
        now=now,
        table=INSIDE if small else SOME if some else BESIDE,
        options=(
            Option(BESIDE, _travelling(case, name, known, [])),
            *((Option(SOME, _travelling(case, name, known, inside)),) if some else ()),
            Option(INSIDE, () if refused else _travelling(case, name, known, known), refused),
        ),
    )


def _carrying(case: Case, name: str, inside: Iterable[str]) -> Payload:
    """A function's package with some libraries in it."""
    archives = (case.sizes.libraries[each].archive for each in inside)
    return together(case.sizes.code[name], *archives)


def _travelling(
    case: Case, name: str, known: Sequence[str], inside: Sequence[str]
) -> tuple[Event, ...]:
    """A function with some of its libraries inside, the others as resources."""
    package = _carrying(case, name, inside)
    strategy = IN_FUNCTION if inside else ZIP
    beside = [(each, case.sizes.libraries[each].archive) for each in known if each not in inside]
    return (
        case.first(package, strategy),
        case.event(FUNCTIONS, name, package, strategy),
        *(case.event(LIBRARIES, each, package, strategy) for each in inside),
        *(case.first(archive) for _, archive in beside),
        *(case.event(LIBRARIES, each, archive) for each, archive in beside),
    )


def _mb(size: float) -> str:
    return f"{size / 1e6:.0f} MB"
