"""What a user does with callseal, in any tree that has it."""

from checks import check, expect, run

ROUND_TRIP = """
cd "$(mktemp -d)"
callseal keygen --name customer --no-passphrase
callseal keygen --name vendor --no-passphrase --ec p256
callseal keygen --name server --no-passphrase --sign
mkdir calls && printf 'a call' > calls/1.wav && printf '{}' > calls/1.json
callseal pack --sign server.key -o calls.zip -r customer.crt -r vendor.crt calls
callseal verify calls.zip --signer server.crt
callseal extract calls.zip -k vendor.key -C opened
diff -r calls opened/calls
test "$(callseal cat calls.zip calls/1.wav -k customer.key)" = 'a call'
"""

WATCH_ONCE = """
cd "$(mktemp -d)"
callseal keygen --name customer --no-passphrase
mkdir spool outbox && printf 'a call' > spool/1.wav
cat > callseal.toml <<END
[profiles.acme]
recipients = ["customer.crt"]
[[watch]]
name = "calls"
spool = "spool"
outbox = "outbox"
settle = "1s"
grace = "1s"
END
callseal watch --once --config callseal.toml
test ! -e spool/1.wav
test "$(callseal cat outbox/calls-*.zip 1.wav -k customer.key)" = 'a call'
"""


def check_use(tree, where, version):
    def runs():
        said = tree.run("callseal", "--version").stdout.strip()
        expect(said == f"callseal {version}", f"it says {said!r}")

    check(f"{where}: callseal --version says {version}", runs)
    check(f"{where}: keygen, pack, verify, extract and cat do a round trip", lambda: tree.sh(ROUND_TRIP))
    check(f"{where}: watch --once seals a call", lambda: tree.sh(WATCH_ONCE))
    check(f"{where}: a keystore with RC2-40 opens, by the legacy provider", lambda: open_old_keystore(tree))


def open_old_keystore(tree):
    """openssl on the host makes the keystore."""
    directory = tree / "tmp/old"
    directory.mkdir()
    run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "60", "-subj", "/CN=old",
         "-keyout", "old.key", "-out", "old.crt"], cwd=directory)
    run(["openssl", "pkcs12", "-export", "-legacy", "-in", "old.crt", "-inkey", "old.key", "-out", "old.p12",
         "-passout", "pass:secret"], cwd=directory)
    inside = run(["openssl", "pkcs12", "-legacy", "-info", "-noout", "-in", "old.p12", "-passin", "pass:secret"],
                 cwd=directory)
    expect("40BitRC2" in inside.stderr, "openssl has made another kind of keystore")
    (directory / "old.key").unlink()
    tree.sh("""
        cd /tmp/old
        echo secret > passphrase; echo 'a call' > call
        callseal pack -o old.zip -r old.crt call
        test "$(callseal cat old.zip call -k old.p12 --passphrase-file passphrase)" = 'a call'
    """)


def needed_glibc(tree):
    """Returns the newest version of glibc that a symbol of the program needs."""
    symbols = run(["objdump", "-T", str(tree / "usr/bin/callseal")]).stdout
    return max(tuple(map(int, word[7:-1].split("."))) for word in symbols.split() if word.startswith("(GLIBC_2"))
