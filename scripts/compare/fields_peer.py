"""For scripts/compare/fields.sh: what a service would do with PyCryptodome.

    fields_peer.py make COUNT                 > calls.ndjson
    fields_peer.py seal PUBLIC-KEY < calls.ndjson > sealed.ndjson
    fields_peer.py open PRIVATE-KEY < sealed.ndjson

Each document has its AES-256 key, wrapped with RSA-OAEP, and each of its three
fields is sealed with AES-GCM, its path authenticated with it.
"""

import json
import random
import sys
from base64 import b64decode, b64encode


def fields(call):
    """The three fields: path, and where the value stands."""
    yield "caller.number", call["caller"], "number"
    yield "transcript", call, "transcript"
    for n, card in enumerate(call["cards"]):
        yield f"cards[{n}].pan", card, "pan"


def seal(key, call):
    session = get_random_bytes(32)
    for path, holder, name in fields(call):
        cipher = AES.new(session, AES.MODE_GCM, nonce=get_random_bytes(12))
        cipher.update(path.encode())
        sealed, tag = cipher.encrypt_and_digest(json.dumps(holder[name]).encode())
        holder[name] = b64encode(cipher.nonce + sealed + tag).decode()
    call["_key"] = b64encode(key.encrypt(session)).decode()


def unseal(key, call):
    session = key.decrypt(b64decode(call.pop("_key")))
    for path, holder, name in fields(call):
        message = b64decode(holder[name])
        cipher = AES.new(session, AES.MODE_GCM, nonce=message[:12])
        cipher.update(path.encode())
        holder[name] = json.loads(cipher.decrypt_and_verify(message[12:-16], message[-16:]))


def make(count):
    chosen = random.Random(4)
    words = [
        "".join(chosen.choices("abcdefghijklmnopqrstuvwxyz", k=chosen.randint(2, 9)))
        for _ in range(500)
    ]
    for number in range(count):
        call = {
            "id": f"20260314-{number:08}",
            "caller": {"number": f"+43 1 {chosen.randrange(10**7):07}", "country": "AT"},
            "agent": {"name": f"agent-{chosen.randrange(100)}", "skills": ["billing", "sales"]},
            "seconds": round(chosen.uniform(5, 900), 2),
            "cards": [{"kind": "visa", "pan": chosen.randrange(4 * 10**15, 5 * 10**15)}],
            "transcript": "",
        }
        while len(json.dumps(call)) < 1020:
            call["transcript"] += chosen.choice(words) + " "
        print(json.dumps(call))


what, argument = sys.argv[1:]
if what == "make":
    make(int(argument))
else:
    try:
        from Cryptodome.Cipher import AES, PKCS1_OAEP
        from Cryptodome.PublicKey import RSA
        from Cryptodome.Random import get_random_bytes
    except ImportError:
        from Crypto.Cipher import AES, PKCS1_OAEP
        from Crypto.PublicKey import RSA
        from Crypto.Random import get_random_bytes
    with open(argument, "rb") as file:
        rsa = PKCS1_OAEP.new(RSA.import_key(file.read()))
    work = {"seal": seal, "open": unseal}[what]
    for line in sys.stdin:
        document = json.loads(line)
        work(rsa, document)
        print(json.dumps(document))
