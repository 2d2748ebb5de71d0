"""The crates that are linked into the program, as cargo resolves them."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CARGO = os.environ.get("CARGO", "cargo")
TARGET = "x86_64-unknown-linux-gnu"


@dataclass(frozen=True)
class Crate:
    name: str
    version: str
    licence: str
    directory: Path
    needs: tuple  # the names and versions of crates


def cargo(*arguments):
    command = [CARGO, *arguments, "--locked"]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def linked(with_openssl):
    """Returns them in the order of their names, and OpenSSL's source if it's built in."""
    features = ["--features", "vendored"] if with_openssl else []
    tree = cargo("tree", "--edges", "normal,no-proc-macro", "--target", TARGET,
                 "--prefix", "none", "--format", "{p}", *features)
    names = {tuple(line.split()[:2]) for line in tree.splitlines()}
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--filter-platform", TARGET, *features))
    packages = {package["id"]: package for package in metadata["packages"]}
    chosen = {
        package["id"]: (package["name"], package["version"])
        for package in packages.values()
        if (package["name"], "v" + package["version"]) in names
    }
    # It is no dependency of the kind that is linked, but its library is.
    openssl = [p["id"] for p in packages.values() if p["name"] == "openssl-src"] if with_openssl else []
    needs = {
        node["id"]: tuple(sorted(chosen[other] for other in node["dependencies"] if other in chosen))
        for node in metadata["resolve"]["nodes"]
    }
    crates = [
        Crate(
            name=packages[id]["name"],
            version=packages[id]["version"],
            licence=(packages[id]["license"] or "").replace("/", " OR "),
            directory=Path(packages[id]["manifest_path"]).parent,
            needs=needs[id],
        )
        for id in [*chosen, *openssl]
    ]
    return sorted(crates, key=lambda crate: (crate.name, crate.version))


def openssl_version(crate):
    """Returns the version of OpenSSL in a version of openssl-src, such as 300.6.1+3.6.3."""
    return crate.version.split("+")[1]


@dataclass(frozen=True)
class Library:
    """A library of the player's page, from the npm registry."""

    name: str
    version: str
    licence: str


def in_page():
    """Returns the libraries in the page that the program embeds."""
    lock = json.loads((ROOT / "web/package-lock.json").read_text())
    return [
        Library(path.removeprefix("node_modules/"), entry["version"], entry["license"])
        for path, entry in lock["packages"].items()
        # Declarations of types are no code of the page.
        if path and not entry.get("dev") and not path.startswith("node_modules/@types/")
    ]
