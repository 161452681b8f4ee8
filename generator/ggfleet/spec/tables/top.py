"""The spec as a whole."""

from __future__ import annotations

from ggfleet.spec.keys import Table
from ggfleet.spec.kinds import listed, named, section_of, text
from ggfleet.spec.section import NAME
from ggfleet.spec.tables.fleet import Aws, Cores, Deployment, Platform
from ggfleet.spec.tables.parts import Components, Function, Library, Model, Resource
from ggfleet.spec.tables.runtime import FunctionDefaults, SystemFunctions
from ggfleet.spec.tables.wiring import (
    ClientDevice,
    Connector,
    Logger,
    Subscription,
    Suppression,
)


class Spec(Table):
    """What every Greengrass core of a fleet runs."""

    fleet = text("The fleet's name.", pattern=NAME.pattern, like="line-vision")
    aws = section_of("Account, Region and bucket.", Aws, required=True)
    platforms = named("What archives are built for.", Platform, required=True)
    cores = section_of("The devices.", Cores, required=True)
    libraries = named("What changes rarely and weighs much.", Library)
    models = named("What changes often.", Model)
    resources = named("What functions may use on the device.", Resource)
    functions = named("What changes sometimes.", Function, required=True)
    function_defaults = section_of("What holds for functions that say nothing.", FunctionDefaults)
    system_functions = section_of("The core's own functions.", SystemFunctions)
    client_devices = named("Things in the cores' local networks.", ClientDevice)
    connectors = named("Ready-made parts.", Connector)
    subscriptions = listed("Which messages go where.", Subscription)
    loggers = listed("Where logs go.", Logger)
    deployment = section_of("How a change reaches the fleet.", Deployment)
    components = section_of("How functions become V2 components.", Components)
    suppress = listed("What of `ggfleet check` is meant, and why.", Suppression)
