"""Fresh trees of Debian 12, each in a directory that it may be removed with."""

import os
import shutil
from pathlib import Path

from checks import run

RELEASE = "bookworm"


class Tree:
    def __init__(self, path):
        self.path = path

    def __truediv__(self, inside):
        return self.path / inside.lstrip("/")

    def run(self, *command, user=None, **more):
        """Runs a program in it, as root or another user."""
        chroot = ["chroot", *(["--userspec", user] if user else []), str(self.path)]
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            **more.pop("env", {}),
        }
        return run([*chroot, *command], env=environment, **more)

    def sh(self, script, **more):
        """Runs a script in it, which ends with the first error."""
        return self.run("bash", "-euc", script, **more)

    def apt(self, *arguments):
        return self.run("apt-get", "-q", "-y", "-o", "Dpkg::Options::=--force-confold",
                        "--no-install-recommends", *arguments)


def mirror():
    """Returns the mirror that the host gets Debian from."""
    listed = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN)", "Created-By: Packages"]).stdout
    return next(line.split()[0] for line in listed.splitlines()
                if line.endswith(" Debian") and "security" not in line)


def base(cache):
    """Returns an archive of a tree without compiler and headers, and makes it if it's missing."""
    archive = cache / f"{RELEASE}.tar"
    if not archive.exists():
        print(f"Making a tree of Debian ({RELEASE}), once", flush=True)
        tree = cache / f"{RELEASE}.tmp"
        remove(tree)
        run(["debootstrap", "--variant=minbase", RELEASE, str(tree), mirror()])
        run(["tar", "-C", str(tree), "--exclude=./var/cache/apt/archives/*.deb", "-cf", f"{archive}.tmp", "."])
        os.rename(f"{archive}.tmp", archive)
        remove(tree)
    return archive


def fresh(cache, name):
    """Unpacks a tree of its own."""
    tree = cache / name
    remove(tree)
    tree.mkdir(parents=True)
    run(["tar", "-C", str(tree), "-xf", str(base(cache))])
    shutil.copy("/etc/resolv.conf", tree / "etc/resolv.conf")
    run(["mount", "-t", "proc", "proc", str(tree / "proc")])
    return Tree(tree)


def remove(tree: Path):
    if os.path.ismount(tree / "proc"):
        run(["umount", str(tree / "proc")])
    run(["rm", "-rf", "--one-file-system", str(tree)])
