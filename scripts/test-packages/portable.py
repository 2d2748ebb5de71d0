"""The .tar.gz and the .rpm, each in a tree without OpenSSL."""

import trees
from checks import check, expect, run
from use import check_use, needed_glibc

NEWEST_GLIBC = (2, 28)


def check_tar(cache, packages, version):
    tree = trees.fresh(cache, "tar")
    archive = packages / f"callseal-{version}-x86_64-linux.tar.gz"
    if check("tar.gz: it is unpacked as INSTALL says, and belongs to root", lambda: install(tree, archive)):
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

    check("rpm: it has the files, and only the config may be changed", lambda: listed(package))
    check("rpm: it needs glibc and no OpenSSL", lambda: requires(package))
    check("rpm: its scripts make the user, and are sound", lambda: scripts(package))
    if check("rpm: it installs, makes the user, and gives it its directories", lambda: install_rpm(tree, package)):
        check_portable(tree, "rpm", version)
        check("rpm: a removal keeps a changed config and the outbox", lambda: remove_rpm(tree))
    trees.remove(tree.path)


def install_rpm(tree, package):
    # The tree has glibc and useradd, and rpm knows nothing of them.
    run(["rpm", "--root", str(tree.path), "-i", "--nodeps", str(package)])
    tree.sh("""
        test "$(getent passwd callseal | cut -d: -f6,7)" = /var/lib/callseal:/sbin/nologin
        test "$(stat -c '%U:%G %a' /etc/callseal)" = 'root:root 755'
        test "$(stat -c '%U:%G %a' /var/lib/callseal/outbox)" = 'callseal:callseal 750'
    """)
    tree.run("callseal", "config", "check", user="callseal:callseal")


def remove_rpm(tree):
    tree.sh("echo '# changed' >> /etc/callseal/callseal.toml; echo > /var/lib/callseal/outbox/calls.zip")
    run(["rpm", "--root", str(tree.path), "-e", "callseal"])
    tree.sh("""
        test ! -e /usr/bin/callseal
        grep -q '# changed' /etc/callseal/callseal.toml.rpmsave
        test -e /var/lib/callseal/outbox/calls.zip
    """)


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


def requires(package):
    allowed = ("libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "ld-linux-x86-64.so.2", "rtld(",
               "rpmlib(", "config(callseal)", "/bin/sh", "shadow-utils")
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
