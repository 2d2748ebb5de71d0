"""The .tar.gz and the .rpm, each in a tree without OpenSSL."""

import trees
from checks import check, expect, run
from use import check_use, needed_glibc

NEWEST_GLIBC = (2, 28)


def check_tar(cache, packages, version):
    tree = trees.fresh(cache, "tar")
    archive = packages / f"callseal-{version}-x86_64-linux.tar.gz"
    check("tar.gz: it is unpacked as INSTALL says, and belongs to root", lambda: install(tree, archive))
    check_portable(tree, "tar.gz", version)
    trees.remove(tree.path)


def install(tree, archive):
    run(["tar", "-C", str(tree / "root"), "--no-same-owner", "-xf", str(archive)])
    tree.sh("""
        cd /root/callseal-*
        cp -r --no-preserve=ownership usr /
        install -d /etc/callseal
        cp -n etc/callseal/callseal.toml /etc/callseal/
    """)
    listed = run(["tar", "--numeric-owner", "-tvf", str(archive)]).stdout.splitlines()
    expect(all(line.split()[1] == "0/0" for line in listed), "files belong to somebody")


def check_rpm(cache, packages, version):
    tree = trees.fresh(cache, "rpm")
    package = packages / f"callseal-{version}-1.x86_64.rpm"

    def unpack():
        payload = run(["rpm2cpio", str(package)], text=False).stdout
        run(["cpio", "--quiet", "-idmu", "--no-absolute-filenames"],
            cwd=tree.path, input=payload, stdin=None, text=False)

    check("rpm: its payload is unpacked", unpack)
    check("rpm: it has the files, and only the config may be changed", lambda: listed(package))
    check("rpm: it needs glibc and no OpenSSL", lambda: requires(package))
    check("rpm: its scripts make the user, and are sound", lambda: scripts(package))
    check_portable(tree, "rpm", version)
    trees.remove(tree.path)


def query(package, *arguments):
    return run(["rpm", "-qp", *arguments, str(package)]).stdout


def listed(package):
    files = query(package, "-l").splitlines()
    for name in (
        "/usr/bin/callseal",
        "/usr/share/man/man1/callseal.1.gz",
        "/usr/share/bash-completion/completions/callseal",
        "/usr/share/zsh/site-functions/_callseal",
        "/usr/share/fish/vendor_completions.d/callseal.fish",
        "/usr/lib/systemd/system/callseal.service",
        "/usr/lib/systemd/system/callseal-check.timer",
        "/usr/lib/sysusers.d/callseal.conf",
        "/usr/share/doc/callseal/docs/service.md",
        "/usr/share/doc/callseal/LGPL-2.0.txt",
    ):
        expect(name in files, f"{name} is missing")
    expect(query(package, "-c").split() == ["/etc/callseal/callseal.toml"], "other files are configs")
    outbox = query(package, "--queryformat", "[%{FILENAMES} %{FILEUSERNAME} %{FILEMODES:perms}\n]")
    expect("/var/lib/callseal/outbox callseal drwxr-x---" in outbox, outbox)


def requires(package):
    allowed = ("libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "ld-linux-x86-64.so.2", "rtld(",
               "rpmlib(", "/bin/sh", "shadow-utils")
    for line in query(package, "--requires").splitlines():
        expect(line.startswith(allowed), f"it needs {line}")


def scripts(package):
    said = query(package, "--scripts")
    expect("useradd -r -g callseal" in said, said)
    for body in said.split("scriptlet (using /bin/sh):\n")[1:]:
        run(["sh", "-n"], input=body.rsplit("\n", 2)[0], stdin=None)


def check_portable(tree, where, version):
    check(f"{where}: the tree has no OpenSSL", lambda: tree.sh("! ls /usr/lib/*/libssl* /usr/lib/*/libcrypto.so*"))
    check(f"{where}: no symbol needs a glibc newer than 2.28", lambda: glibc(tree))
    check_use(tree, where, version)


def glibc(tree):
    needed = needed_glibc(tree)
    expect(needed <= NEWEST_GLIBC, f"it needs {needed}")
