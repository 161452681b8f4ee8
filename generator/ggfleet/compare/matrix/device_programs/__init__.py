"""Programs that a measurement puts on a device: standard library alone, Python 3.8 or newer.

They do what a Greengrass core does with an artefact, as far as its time, bytes and disk go, and are
none of AWS's software.
"""
