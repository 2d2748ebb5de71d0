#!/usr/bin/env python3
"""Prints the list of all that is in the program, as SPDX 2.3 in JSON.

sbom.py [--with-openssl]. SOURCE_DATE_EPOCH is the time that it bears.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
import uuid
from datetime import datetime, timezone

import crates


def identifier(name, version):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.]", "-", f"{name}-{version}")


def package(name, version, licence, purl, **more):
    return {
        "SPDXID": identifier(name, version),
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": licence,
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
        ],
        **more,
    }


def relationship(one, kind, other):
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def checksums():
    lock = tomllib.loads((crates.ROOT / "Cargo.lock").read_text())
    return {(entry["name"], entry["version"]): entry.get("checksum") for entry in lock["package"]}


def main():
    with_openssl = sys.argv[1:] == ["--with-openssl"]
    linked = crates.linked(with_openssl)
    known = checksums()
    packages, relationships = [], []
    program = None
    for crate in linked:
        more = {}
        if known[crate.name, crate.version]:
            more["checksums"] = [{"algorithm": "SHA256", "checksumValue": known[crate.name, crate.version]}]
        purl = f"pkg:cargo/{crate.name}@{crate.version.replace('+', '%2B')}"
        packages.append(package(crate.name, crate.version, crate.licence, purl, **more))
        here = identifier(crate.name, crate.version)
        relationships += [relationship(here, "DEPENDS_ON", identifier(*other)) for other in crate.needs]
        if crate.name == "callseal":
            program = crate
    this = identifier(program.name, program.version)

    for library in crates.in_page():
        purl = f"pkg:npm/{library.name.replace('@', '%40')}@{library.version}"
        packages.append(package(library.name, library.version, library.licence, purl))
        relationships.append(relationship(this, "CONTAINS", identifier(library.name, library.version)))

    rust = subprocess.run(["rustc", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[1]
    packages.append(package("rust-std", rust, "MIT OR Apache-2.0", f"pkg:generic/rust-std@{rust}"))
    relationships.append(relationship(this, "STATIC_LINK", identifier("rust-std", rust)))
    if with_openssl:
        source = next(crate for crate in linked if crate.name == "openssl-src")
        version = crates.openssl_version(source)
        packages.append(package("OpenSSL", version, "Apache-2.0", f"pkg:generic/openssl@{version}",
                                primaryPackagePurpose="LIBRARY"))
        built_from = identifier(source.name, source.version)
        relationships.append(relationship(this, "STATIC_LINK", identifier("OpenSSL", version)))
        relationships.append(relationship(identifier("OpenSSL", version), "GENERATED_FROM", built_from))

    time = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), timezone.utc)
    content = json.dumps([packages, relationships], sort_keys=True)
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"callseal-{program.version}",
        "documentNamespace": uuid.uuid5(uuid.NAMESPACE_OID, content).urn,
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: callseal-sbom.py"]},
        "packages": packages,
        "relationships": [relationship("SPDXRef-DOCUMENT", "DESCRIBES", this), *relationships],
    }
    json.dump(document, sys.stdout, indent=1)
    print()


main()
