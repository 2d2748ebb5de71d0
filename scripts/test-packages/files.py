"""What the packages bring besides the program."""

import json
import re
import tarfile
import tomllib
from pathlib import Path

from checks import check, expect, run
from units import verify

ROOT = Path(__file__).resolve().parents[2]


def check_files(packages, version):
    check("SHA256SUMS: all packages are listed, and their sums are right", lambda: sums(packages))
    for name, has_openssl in ((f"callseal_{version}-1_amd64", False), (f"callseal-{version}-x86_64-linux", True)):
        check(f"{name}.spdx.json: it lists what is in the program", lambda: sbom(packages, name, has_openssl))
    check("licences: each part of the portable program has its text", lambda: licences(packages, version))
    check("sources: they hold callseal and the libraries under the LGPL", lambda: sources(packages, version))
    check("config: each setting of the documents is in callseal.toml, as TOML", config)
    for name in ("callseal.service", "callseal-check.service", "callseal-check.timer"):
        check(f"units: {name} is sound, with an exposure of 2.0 or less", lambda: verify(ROOT / "packaging", name))
    check("lintian: it finds no error in the .deb", lambda: lintian(packages))


def sums(packages):
    run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=packages)
    listed = {line.split()[1] for line in (packages / "SHA256SUMS").read_text().splitlines()}
    there = {path.name for path in packages.glob("callseal*")}
    expect(listed == there, f"{listed ^ there}")


def sbom(packages, name, has_openssl):
    document = json.loads((packages / f"{name}.spdx.json").read_text())
    expect(document["spdxVersion"] == "SPDX-2.3", document["spdxVersion"])
    names = {package["name"] for package in document["packages"]}
    for part in ("callseal", "sequoia-openpgp", "buffered-reader", "openssl-sys", "rust-std"):
        expect(part in names, f"{part} isn't listed")
    expect(("OpenSSL" in names) == has_openssl, "OpenSSL is listed, or it isn't")
    identifiers = [package["SPDXID"] for package in document["packages"]]
    expect(len(identifiers) == len(set(identifiers)), "an identifier is there twice")
    known = {*identifiers, document["SPDXID"]}
    for relationship in document["relationships"]:
        expect({relationship["spdxElementId"], relationship["relatedSpdxElement"]} <= known, f"{relationship}")


def read(archive, inside):
    with tarfile.open(archive) as opened:
        return opened.extractfile(inside).read().decode()


def licences(packages, version):
    name = f"callseal-{version}-x86_64-linux"
    doc = f"{name}/usr/share/doc/callseal"
    text = read(packages / f"{name}.tar.gz", f"{doc}/THIRD-PARTY-LICENCES")
    expect("GNU LIBRARY GENERAL PUBLIC LICENSE" in read(packages / f"{name}.tar.gz", f"{doc}/LGPL-2.0.txt"),
           "LGPL-2.0.txt is another text")
    expect("OpenSSL " in text and "Apache License" in text, "OpenSSL's licence is missing")
    document = json.loads((packages / f"{name}.spdx.json").read_text())
    for package in document["packages"]:
        if package["name"] not in ("callseal", "rust-std"):
            start = f"\n{package['name']} {package['versionInfo']}: "
            expect(start in text, f"{start.strip()} is missing")
    for number in re.findall(r"texts? ([0-9, ]+)\)", text):
        for each in number.split(", "):
            expect(f"= Text {each} =" in text, f"text {each} is missing")


def sources(packages, version):
    with tarfile.open(packages / f"callseal-{version}-source.tar.gz") as opened:
        names = opened.getnames()
    for pattern in ("Cargo.lock", "src/main.rs", r"lgpl/sequoia-openpgp-[^/]+/src/lib.rs",
                    r"lgpl/buffered-reader-[^/]+/src/lib.rs", r"lgpl/sequoia-openpgp-[^/]+/LICENSE.txt"):
        expect(any(re.fullmatch(f"callseal-{version}/{pattern}", name) for name in names), f"{pattern} is missing")


def config():
    text = (ROOT / "packaging/callseal.toml").read_text()
    expect(tomllib.loads(text) == {}, "something is not commented out")
    settings = tomllib.loads(re.sub(r"(?m)^#(?=[^ #])", "", text))
    table = re.compile(r"^\| `([a-z-]+|profiles\.NAME\.[a-z-]+)` \|", re.MULTILINE)
    documented = table.findall((ROOT / "docs/config.md").read_text())
    expect(len(documented) > 10, f"docs/config.md has only {documented}")
    for key in documented:
        where = settings["profiles"]["acme"] if "." in key else settings
        expect(key.split(".")[-1] in where, f"{key} of docs/config.md is missing")
    documented = table.findall((ROOT / "docs/service.md").read_text())
    expect(len(documented) > 5, f"docs/service.md has only {documented}")
    for key in documented:
        expect(key in settings["watch"][0], f"{key} of docs/service.md is missing")


def lintian(packages):
    (package,) = packages.glob("*.deb")
    run(["lintian", "--fail-on", "error", "--allow-root", "--tag-display-limit", "0", str(package)])
