#!/usr/bin/env python3
"""Prints the directory with the sources of a linked crate: crate-directory.py NAME"""

import sys

import crates

print(next(crate.directory for crate in crates.linked(False) if crate.name == sys.argv[1]))
