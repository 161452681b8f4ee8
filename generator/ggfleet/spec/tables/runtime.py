"""How functions are run, and the core's own functions that a group lists."""

from __future__ import annotations

from ggfleet.model import STREAM_MANAGER_MEMORY, Isolation, Quality, Storage
from ggfleet.spec import units
from ggfleet.spec.keys import Table
from ggfleet.spec.kinds import (
    ABSOLUTE,
    choice,
    flag,
    names,
    number,
    optional,
    quantity,
    section_of,
    size,
    text,
)
from ggfleet.spec.tables.patterns import MAX_ID

MIN_SPOOL = 262144
"""Bytes; a core with a smaller spooler does not start (developer guide, troubleshooting)."""

MIN_PART = 5 * 1024**2
"""Bytes of a part of a multipart upload, S3's least and the stream manager's default."""


class RunAs(Table):
    """Linux ids of the process. 0 needs the core's consent (`allowFunctionsToRunAsRoot`)."""

    uid = number("The user's id.", 0, MAX_ID, "1001")
    gid = number("The group's id.", 0, MAX_ID, "1001")
    conditions = ({"anyOf": [{"required": ["uid"]}, {"required": ["gid"]}]},)


class FunctionDefaults(Table):
    """What holds for functions that do not say it themselves, and for system functions."""

    isolation = optional(choice("A Greengrass container, or a plain process.", Isolation))
    run_as = section_of("Linux user and group.", RunAs)


class CloudSpooler(Table):
    """How messages wait for the cloud."""

    storage = optional(choice("Where they wait; in memory when nothing is said.", Storage))
    size = optional(
        quantity(
            "How much may wait, 256 KiB at least; 2.5 MiB when nothing is said.",
            units.octets_unit(MIN_SPOOL, "a core with a smaller spooler does not start"),
            MIN_SPOOL,
        )
    )
    quality = optional(
        choice("How the core subscribes to the cloud; at most once when nothing is said.", Quality)
    )


class StreamManager(Table):
    """Streams of data that the core sends to the cloud."""

    memory = size(
        "Its limit in a container; 128000 KB are advised at least.", STREAM_MANAGER_MEMORY, "4 GiB"
    )
    store = text(
        "Folder of the streams on the device.",
        pattern=ABSOLUTE,
        like="/srv/streams",
        default="",
    )
    port = number("Where functions reach it; 8088 when nothing is said.", 1024, 65535, "8088")
    authenticate = optional(
        flag("Whether functions alone may use it; true when nothing is said.", default=True)
    )
    bandwidth = number("Most that it sends, in kbit/s.", 1, MAX_ID, "1000")
    threads = number("Threads that send; 5 when nothing is said.", 1, 1000, "5")
    jvm_arguments = text("Arguments of its Java machine.", like="-Xmx256m", default="")
    read_only = names("Folders that it reads files from.", "/srv/frames")
    part_size = optional(
        quantity(
            "Size of a part of an upload to S3, 5 MiB at least.",
            units.octets_unit(MIN_PART, "S3 takes no smaller part"),
            MIN_PART,
        )
    )


class SystemFunctions(Table):
    """The core's own functions that run beside the fleet's. What is not listed is not there."""

    ip_detector = flag("Tells client devices where the core is.", default=False)
    cloud_spooler = section_of("How messages wait for the cloud; `{}` lists it.", CloudSpooler)
    stream_manager = section_of("Sends streams to the cloud; `{}` lists it.", StreamManager)
