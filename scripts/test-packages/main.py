"""Tries the packages in a directory: main.py PACKAGES"""

import re
import sys
from pathlib import Path

import checks
import deb
import files
import portable


def main():
    packages = Path(sys.argv[1])
    found = [re.fullmatch(r"callseal_(.+)-1_amd64\.deb", path.name) for path in packages.glob("*.deb")]
    if len(found) != 1 or not found[0]:
        sys.exit(f'error: {packages} has no packages to try\nhint: run "make packages"')
    version = found[0][1]
    cache = packages / "trees"
    files.check_files(packages, version)
    deb.check_deb(cache, packages, version)
    portable.check_tar(cache, packages, version)
    portable.check_rpm(cache, packages, version)
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(1 if checks.failed else 0)


main()
