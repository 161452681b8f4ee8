"""Greengrass V1: the request bodies of its API, and the order of the calls.

Field names, units and rules are the API's (botocore's model of 2017-06-07 and the V1 developer
guide); docs/group-v1.md says which field of the spec becomes which. Each kind has a file of its own
that returns the definition version: CloudFormation takes the same versions. `group` has the
renderer. Nothing is imported here: V2 takes names and calls alone.
"""
