#!/usr/bin/env python3
"""Prints the licences of all that is linked into the program.

licences.py [--with-openssl ZIG_DIRECTORY]: with OpenSSL built in, the program is
linked by zig, whose run-time library has a licence, too.
"""

import re
import subprocess
import sys
from pathlib import Path

import crates

IS_LICENCE = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)
HEAD = """\
The licences of what callseal contains
======================================

callseal itself: LICENSE-MIT or LICENSE-APACHE, as you like.

Each part is listed with its version, its licence and the numbers of the texts,
which follow the list. The licences of Rust's standard library are in
RUST-STANDARD-LIBRARY.html.
"""


def texts_of(directory):
    files = sorted(path for path in directory.iterdir() if path.is_file() and IS_LICENCE.match(path.name))
    return [path.read_text(encoding="utf-8", errors="replace").strip() for path in files]


def notice(library):
    """Returns the licence of a library, which stands at the beginning of the page that has it."""
    page = (crates.ROOT / "web/player.html").read_text(encoding="utf-8")
    begin = f"It contains {library.name} {library.version} ({library.licence}):\n\n"
    _, found, rest = page.partition(begin)
    if not found:
        sys.exit(f"error: web/player.html has no licence of {library.name} {library.version}\nhint: run `make player`")
    return re.split(r"\n\nIt contains |\n-->", rest)[0]


def parts(zig):
    """Yields the name with the version, the licence and the texts of each part."""
    for crate in crates.linked(zig is not None):
        texts = texts_of(crate.directory)
        if not texts or not crate.licence:
            sys.exit(
                f"error: the crate {crate.name} {crate.version} has no text of its licence ({crate.licence})\n"
                "hint: let scripts/packages/licences.py take the text that SPDX has for it"
            )
        if crate.name != "callseal":
            yield f"{crate.name} {crate.version}", crate.licence, texts
        if crate.name == "openssl-src":
            yield f"OpenSSL {crates.openssl_version(crate)}", "Apache-2.0", texts_of(crate.directory / "openssl")
    for library in crates.in_page():
        yield f"{library.name} {library.version}, in the player's page", library.licence, [notice(library)]
    if zig is not None:
        version = subprocess.run([zig / "zig", "version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        yield f"compiler-rt of zig {version}", "MIT", texts_of(zig)
        yield "libunwind of LLVM", "Apache-2.0 WITH LLVM-exception", texts_of(zig / "lib/libunwind")
        yield "the static part of glibc", "LGPL-2.1-or-later, with exceptions", texts_of(zig / "lib/libc/glibc")


def main():
    zig = Path(sys.argv[2]) if sys.argv[1:2] == ["--with-openssl"] else None
    numbers = {}
    print(HEAD)
    for name, licence, texts in parts(zig):
        used = [numbers.setdefault(text, len(numbers) + 1) for text in texts]
        label = "text" if len(used) == 1 else "texts"
        print(f"{name}: {licence} ({label} {', '.join(map(str, used))})")
    for text, number in numbers.items():
        print(f"\n\n{f' Text {number} ':=^80}\n\n{text}")


main()
