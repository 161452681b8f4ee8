"""What the three sample functions share: reading requests, finding resources, answering.

A function package holds this folder beside its function.py. It keeps to the syntax of Python 3.8,
the last that V1 cores ran.
"""
