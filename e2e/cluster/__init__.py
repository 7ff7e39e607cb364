"""Brings up the cluster that Shopkeeper is tried and tested on: ``python3 -m e2e.cluster --help``.

Python 3.11 standard library only, since it is the first thing that runs on a bare machine.
"""
