"""The service, as its unit starts it, with a notify socket of the test's own."""

import shutil
import signal
import time

from checks import Wrong, check, expect
from notifications import Notifications
from units import Unit, start, verify

CONFIG = """\
[profiles.acme]
recipients = ["certs/customer.crt"]

[[watch]]
name = "calls"
spool = "/srv/spool"
outbox = "/var/lib/callseal/outbox"
settle = "1s"
grace = "1s"
bundle = 1
"""


def prepare(tree):
    tree.sh("""
        mkdir -p /root/keys /etc/callseal/certs
        callseal keygen --name customer --no-passphrase --out /root/keys
        cp /root/keys/customer.crt /etc/callseal/certs/
        install -d -o callseal -g callseal -m 0750 /srv/spool
    """)
    (tree / "etc/callseal/callseal.toml").write_text(CONFIG)


def check_service(tree):
    check("service: a config is written, and a spool is made", lambda: prepare(tree))
    unit = Unit(tree / "usr/lib/systemd/system/callseal.service")
    directory = tree / "run/test"
    directory.mkdir()
    notifications = Notifications(directory)
    service = start(tree, unit, {"NOTIFY_SOCKET": "/run/test/notify", "WATCHDOG_USEC": "2000000"})
    try:
        check("service: it starts by its unit's ExecStart, user and system call filter, and says READY=1",
              lambda: notifications.wait_for("READY=1", 20))
        check("service: a call in the spool is sealed into an archive in the outbox", lambda: seal(tree))
        check("service: --unit-drop-in opens the spool, and the unit stays sound with it", lambda: drop_in(tree))
        check("service: watch --status says that it is running", lambda: expect(
            "calls: running" in tree.run("callseal", "watch", "--status").stdout, "it isn't"))
        check("service: it says what it does in STATUS=", lambda: notifications.wait_for("STATUS=", 5))
        check("service: WATCHDOG=1 comes again and again", lambda: watch_dog(notifications))
        check("service: ExecReload= makes it say RELOADING=1 with the time, and READY=1 after that",
              lambda: reload(service, unit, notifications))
        check("service: SIGTERM makes it say STOPPING=1 and end with status 0",
              lambda: stop(service, notifications))
    finally:
        service.kill()
        said = service.communicate()[0]
    check("service: no error is in its log", lambda: expect("error:" not in said, said))
    check("service: a config that can't be used ends it with the status that prevents a restart",
          lambda: refuse(tree, unit))
    shutil.rmtree(directory)


def seal(tree):
    call = tree / "srv/spool/1.wav"
    call.write_text("a call")
    call.chmod(0o644)
    outbox = tree / "var/lib/callseal/outbox"
    end = time.monotonic() + 30
    while not list(outbox.glob("calls-*-0001.zip")):
        if time.monotonic() > end:
            raise Wrong(f"the outbox has {sorted(path.name for path in outbox.rglob('*'))}")
        time.sleep(0.2)
    expect(not call.exists(), "the call is still in the spool")
    tree.sh("test \"$(callseal cat /var/lib/callseal/outbox/calls-*.zip 1.wav -k /root/keys/customer.key)\" = 'a call'")


def drop_in(tree):
    text = tree.run("callseal", "watch", "--unit-drop-in").stdout
    opened = next(line for line in text.splitlines() if line.startswith("ReadWritePaths="))
    expect("-/srv/spool" in opened, text)
    verify(tree / "usr/lib/systemd/system", "callseal.service", text)


def watch_dog(notifications):
    after = notifications.wait_for("WATCHDOG=1", 4)
    notifications.wait_for("WATCHDOG=1", 4, after)


def reload(service, unit, notifications):
    expect(unit.one("ExecReload") == "/bin/kill -HUP $MAINPID", "ExecReload= does something else")
    after = len(notifications.seen)
    service.send_signal(signal.SIGHUP)
    after = notifications.wait_for("RELOADING=1", 10, after)
    expect(any(line.startswith("MONOTONIC_USEC=") for line in notifications.seen[after - 1]), "no MONOTONIC_USEC")
    notifications.wait_for("READY=1", 10, after)


def stop(service, notifications):
    service.send_signal(signal.SIGTERM)
    notifications.wait_for("STOPPING=1", 10)
    status = service.wait(10)
    expect(status == 0, f"it ended with status {status}")


def refuse(tree, unit):
    config = tree / "etc/callseal/callseal.toml"
    config.write_text("profile = 1\n")
    service = start(tree, unit, {})
    said = service.communicate(timeout=20)[0]
    config.write_text(CONFIG)
    expect(str(service.returncode) == unit.one("RestartPreventExitStatus"), f"status {service.returncode}: {said}")


def check_checking(tree):
    unit = Unit(tree / "usr/lib/systemd/system/callseal-check.service")

    def status():
        process = start(tree, unit, {})
        return process.communicate(timeout=20)[0], process.returncode

    def good():
        said, code = status()
        expect(code == 0 and not said, f"status {code}: {said}")

    def ending():
        tree.sh("callseal keygen --name short --no-passphrase --days 20 --out /root/keys"
                " && cp /root/keys/short.crt /etc/callseal/certs/customer.crt")
        said, code = status()
        expect(code != 0 and "certs/customer.crt" in said, f"status {code}: {said}")
        tree.sh("cp /root/keys/customer.crt /etc/callseal/certs/")

    check("check: callseal-check.service is silent and succeeds while all is well", good)
    check("check: it fails, and names the certificate, when one ends within 30 days", ending)
