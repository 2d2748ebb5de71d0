"""The .deb, in a tree with Debian's OpenSSL."""

import os

import service
import trees
from checks import check, expect
from use import check_use, needed_glibc

OUTBOX = "/var/lib/callseal/outbox"


def check_deb(cache, packages, version):
    tree = trees.fresh(cache, "deb")
    (package,) = packages.glob("*.deb")
    os.link(package, tree / f"root/{package.name}")
    package = f"/root/{package.name}"

    check("deb: the tree has no compiler, no headers and no libssl3",
          lambda: tree.sh('test -z "$(command -v cc)"; test ! -e /usr/include/stdio.h; ! dpkg -s libssl3'))
    if not check("deb: apt installs it with what it depends on", lambda: install(tree, package)):
        return
    check("deb: it depends on the version of glibc that the program needs", lambda: glibc(tree))
    check_use(tree, "deb", version)
    check("deb: the user callseal has no shell, and no home of others", lambda: tree.sh("""
        test "$(getent passwd callseal | cut -d: -f6,7)" = /var/lib/callseal:/usr/sbin/nologin
        test "$(stat -c '%U:%G %a' /etc/callseal)" = 'root:root 755'
        test "$(stat -c '%U:%G %a' /var/lib/callseal)" = 'callseal:callseal 750'
        test "$(stat -c '%U:%G %a' /var/lib/callseal/outbox)" = 'callseal:callseal 750'
    """))
    check("deb: the unit isn't enabled",
          lambda: tree.sh("! find /etc/systemd/system -name 'callseal*' 2>/dev/null | grep ."))
    check("deb: the config that it brings is good as it is, also for the service's user",
          lambda: tree.run("callseal", "config", "check", user="callseal:callseal"))
    check("deb: each manual page fits into 80 columns", lambda: manual(tree))
    check("deb: bash completes \"callseal pa\" to pack", lambda: completion(tree))
    check("deb: zsh and fish have completions, too", lambda: tree.sh("""
        grep -q '^#compdef callseal' /usr/share/zsh/vendor-completions/_callseal
        grep -q 'complete -c callseal' /usr/share/fish/vendor_completions.d/callseal.fish
    """))

    service.check_service(tree)
    service.check_checking(tree)

    check("deb: an upgrade keeps the config, its rights and the outbox, and restarts what runs",
          lambda: upgrade(tree, package))
    check("deb: a removal keeps the config and the outbox", lambda: remove(tree))
    check("deb: a purge removes the config alone, and says that the calls are kept", lambda: purge(tree))
    trees.remove(tree.path)


def install(tree, package):
    tree.apt("update")
    tree.apt("install", package, "man-db", "bash-completion")
    tree.sh("dpkg -s libssl3 | grep -q '^Status: install ok installed'")


def glibc(tree):
    needed = needed_glibc(tree)
    depends = tree.run("dpkg-query", "--show", "--showformat=${Depends}", "callseal").stdout
    (least,) = (word.split()[2].rstrip(")") for word in depends.split(", ") if word.startswith("libc6 "))
    expect(tuple(map(int, least.split("."))) >= needed, f"it needs {needed}, and asks for {least}")
    for name in ("adduser", "libssl3 (>= 3.0.7) | libssl3t64 (>= 3.0.7)"):
        expect(name in depends, f"{name} isn't in: {depends}")


def manual(tree):
    pages = tree.sh("cd /usr/share/man/man1; ls callseal*.1.gz").stdout.split()
    expect(len(pages) > 20, f"only {pages}")
    for page in pages:
        shown = tree.run("man", page.removesuffix(".1.gz"), env={"MANWIDTH": "80", "MANPAGER": "cat"})
        long = [line for line in shown.stdout.splitlines() if len(line) > 80]
        expect(not long, f"{page} has {long[:1]}")
        expect(not shown.stderr, f"{page}: {shown.stderr}")


def completion(tree):
    completed = tree.sh("""
        set +eu
        . /usr/share/bash-completion/bash_completion
        _completion_loader callseal
        complete -p callseal | grep -q -- '-F _callseal ' || exit 1
        COMP_WORDS=(callseal pa) COMP_CWORD=1 COMP_LINE='callseal pa' COMP_POINT=11
        _callseal callseal pa callseal
        echo "${COMPREPLY[*]}"
    """).stdout.strip()
    expect(completed == "pack", f"it completes to {completed!r}")


def upgrade(tree, package):
    tree.sh("""
        echo '# changed' >> /etc/callseal/callseal.toml
        chmod 0755 /etc/callseal
        ls -R /var/lib/callseal > /root/before
        # As if systemd ran.
        mkdir -p /run/systemd/system
        printf '#!/bin/sh\\necho "$@" >> /root/asked\\n' > /usr/bin/systemctl
        chmod +x /usr/bin/systemctl
    """)
    tree.apt("install", "--reinstall", package)
    tree.sh(f"""
        grep -q '# changed' /etc/callseal/callseal.toml
        test "$(stat -c %a /etc/callseal)" = 755
        ls -R /var/lib/callseal | diff /root/before -
        test -e {OUTBOX}/calls-*-0001.zip
        grep -q '^try-restart callseal.service' /root/asked
        rm -r /run/systemd /usr/bin/systemctl
    """)


def remove(tree):
    tree.apt("remove", "callseal")
    tree.sh("""
        test ! -e /usr/bin/callseal
        grep -q '# changed' /etc/callseal/callseal.toml
        ls -R /var/lib/callseal | diff /root/before -
    """)


def purge(tree):
    said = tree.apt("purge", "callseal").stdout
    expect("kept /var/lib/callseal" in said, said)
    tree.sh("""
        test ! -e /etc/callseal/callseal.toml
        test -e /etc/callseal/certs/customer.crt
        ls -R /var/lib/callseal | diff /root/before -
        test "$(stat -c %U /var/lib/callseal)" = callseal
    """)
