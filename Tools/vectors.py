#!/usr/bin/env python3
"""A second implementation of ImageVault's formats, and the test vectors that it makes.

It is written from ObjectFormat, KeyringFormat and LogFormat alone and shares no code with the
vault. Sections of this file follow those pages in their order, which is why it is one file; BundleFormat's
vectors are made in vectors_bundles.py beside it.

    vectors.py                  write Tests/VaultTestKit/Vectors/*.json
    vectors.py --compare        fail unless those files are what this program makes
    vectors.py --check FILE     open what the vault sealed; FILE is one sample (see check_sample)
    vectors.py --keys FILE KEY  every key and secret of the key file FILE that the key text in KEY leads
                                to, one a line: for a test that looks for them where none may be

Every key, nonce and salt here comes from `fixed`, so each run writes the same bytes. Nothing
here keeps a secret: never seal anything of worth with it.

Needs Python 3.11 and, from PyPI:
    PyNaCl==1.6.2
    cryptography==50.0.2
Debian 12's python3-nacl and python3-cryptography make the same bytes.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import re
import struct
import sys
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nacl import bindings as sodium
from nacl.exceptions import CryptoError as SodiumError

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests/VaultTestKit/Vectors"


class Refused(Exception):
    """What a reader says to bytes that it must not take; `layer` is the step that says it."""

    def __init__(self, layer, code):
        super().__init__(f"{layer}: {code}")
        self.layer, self.code = layer, code


def fixed(label, count=32):
    """Bytes that stand for random ones."""
    return hashlib.shake_256(b"imagevault vector: " + label.encode()).digest(count)


def refuse_unless(holds, layer, code):
    if not holds:
        raise Refused(layer, code)


# ---- Primitives --------------------------------------------------------------------------------


def blake2b(key, personal, message, count=64):
    assert len(personal) == 16 and len(key) == 32
    return hashlib.blake2b(message, digest_size=count, key=key, person=personal).digest()


def derive(key, personal, message):
    both = blake2b(key, personal, message)
    return both[:32], both[32:]


def seal_xchacha(key, nonce, aad, message):
    return sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(message, aad, nonce, key)


def open_xchacha(layer, key, nonce, aad, sealed):
    refuse_unless(len(sealed) >= 16, layer, "refused")
    try:
        return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, aad, nonce, key)
    except SodiumError:
        raise Refused(layer, "refused") from None


def seal_box(label, key, aad, message):
    """A small box: nonce, ciphertext, tag."""
    nonce = fixed(label + " nonce", 24)
    return nonce + seal_xchacha(key, nonce, aad, message)


def open_box(layer, key, aad, sealed):
    refuse_unless(len(sealed) > 40, layer, "refused")
    return open_xchacha(layer, key, sealed[:24], aad, sealed[24:])


def short(data):
    return bytes([len(data)]) + data


class Reader:
    def __init__(self, data, layer):
        self.data, self.at, self.layer = data, 0, layer

    def take(self, count):
        refuse_unless(len(self.data) - self.at >= count, self.layer, "truncated")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, width):
        return int.from_bytes(self.take(width), "big")

    def signed(self):
        return int.from_bytes(self.take(8), "big", signed=True)

    def short(self):
        return self.take(self.number(1))

    def rest(self):
        return self.take(len(self.data) - self.at)

    def finish(self):
        refuse_unless(self.at == len(self.data), self.layer, "trailing-bytes")


def is_text(data, longest, more=b""):
    legal = b"abcdefghijklmnopqrstuvwxyz0123456789-" + more
    return 1 <= len(data) <= longest and all(byte in legal for byte in data)


CAPITALS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_"


# ---- ObjectFormat §2 to §4: blobs --------------------------------------------------------------

FRAME = 262144
CEILING = 268435456
SUITES = {1: 12, 2: 24}


def header_start(suite, size, salt):
    return b"IVBLOB\0\1" + struct.pack(">B3xIQ32s4x", suite, FRAME, size, salt)


def frame_keys(data_key, start, namespace, image):
    personal = b"ivault-blob-v1-" + start[8:9]
    return derive(data_key, personal, start + short(namespace.encode()) + image)


def frame_nonce(suite, index, last):
    return bytes(SUITES[suite] - 5) + struct.pack(">IB", index, last)


def seal_frame(suite, key, nonce, aad, plain):
    if suite == 1:
        return AESGCM(key).encrypt(nonce, plain, aad)
    return seal_xchacha(key, nonce, aad, plain)


def open_frame(suite, key, nonce, aad, sealed):
    if suite == 2:
        return open_xchacha("frame", key, nonce, aad, sealed)
    try:
        return AESGCM(key).decrypt(nonce, sealed, aad)
    except InvalidTag:
        raise Refused("frame", "refused") from None


def quiet_plain(suite, key, nonce, aad, count):
    """The plaintext whose ciphertext is all zeros: it keeps large vectors short."""
    return seal_frame(suite, key, nonce, aad, bytes(count))[:count]


def seal_blob(label, suite, size, namespace, image, data_key, **faults):
    """The blob and its plaintext. `faults`: `last` maps a frame to another flag; `aad`."""
    start = header_start(suite, size, fixed(label + " salt"))
    key, commitment = frame_keys(data_key, start, namespace, image)
    header = start + commitment
    aad = faults.get("aad", hashlib.sha256(header).digest())
    count = -(-size // FRAME)
    frames, plain = [], b""
    for index in range(count):
        last = faults.get("last", {}).get(index, int(index == count - 1))
        length = size - index * FRAME if index == count - 1 else FRAME
        nonce = frame_nonce(suite, index, last)
        part = quiet_plain(suite, key, nonce, aad, length)
        plain += part
        frames.append(seal_frame(suite, key, nonce, aad, part))
    return header, frames, plain


def parse_header(data):
    reader = Reader(data, "header")
    refuse_unless(reader.take(8) == b"IVBLOB\0\1", "header", "wrong-magic")
    suite = reader.number(1)
    refuse_unless(suite in SUITES, "header", "unknown-value")
    refuse_unless(not any(reader.take(3)), "header", "not-canonical")
    frame, size = reader.number(4), reader.number(8)
    reader.take(32)
    refuse_unless(not any(reader.take(4)), "header", "not-canonical")
    commitment = reader.take(32)
    reader.finish()
    refuse_unless(frame == FRAME and 1 <= size <= CEILING, "header", "out-of-range")
    return suite, size, commitment


def open_blob(data, data_key, namespace, image):
    header = data[:92]
    suite, size, commitment = parse_header(header)
    count = -(-size // FRAME)
    refuse_unless(len(data) == 92 + size + 16 * count, "size", "wrong-length")
    key, expected = frame_keys(data_key, header[:60], namespace, image)
    refuse_unless(hmac.compare_digest(expected, commitment), "commitment", "wrong-key")
    aad, plain = hashlib.sha256(header).digest(), b""
    for index in range(count):
        at = 92 + index * (FRAME + 16)
        nonce = frame_nonce(suite, index, int(index == count - 1))
        plain += open_frame(suite, key, nonce, aad, data[at : at + FRAME + 16])
    return plain


# ---- ObjectFormat §5 and §6: wraps and references ----------------------------------------------


def wrap_aad(domain, epoch, namespace, image, subject):
    return (
        short(domain.encode())
        + bytes([2])
        + struct.pack(">I", epoch)
        + short(namespace.encode())
        + image
        + subject
    )


def unwrap(keys, wrapped, domain, epoch, namespace, image, subject):
    refuse_unless(len(wrapped) == 72, "wrap", "refused")
    refuse_unless(epoch in keys, "wrap", "unknown-key")
    aad = wrap_aad(domain, epoch, namespace, image, subject)
    return open_box("wrap", keys[epoch], aad, wrapped)


def reference_aad(namespace, image, reference):
    return short(b"ivault-reference-body") + short(namespace.encode()) + image + reference


def reference_body(name, owner, job, received, digest, stored, created, transformations=0):
    body = b"\1" + short(name) + short(owner) + short(job) + struct.pack(">Q", received)
    body += digest + stored + struct.pack(">qH", created, transformations)
    return body + bytes(512 - len(body))


FORBIDDEN = (
    [range(0, 0x20), range(0x5C, 0x5D), range(0x7F, 0xA0), range(0x61C, 0x61D), range(0x200E, 0x2010)]
    + [range(0x2028, 0x202F), range(0x2066, 0x206A), range(0xFEFF, 0xFF00)]
    + [range(0xFFFE, 0x10000)]
)


def parse_reference(data):
    refuse_unless(len(data) == 512, "body", "wrong-length")
    reader = Reader(data, "body")
    refuse_unless(reader.number(1) == 1, "body", "unknown-version")
    name, owner, job = reader.short(), reader.short(), reader.short()
    received = reader.number(8)
    digest, stored, created = reader.take(32), reader.take(32), reader.signed()
    text = name.decode("utf-8", "replace")
    sound = 0 < len(text.encode()) <= 255 and text not in (".", "..")
    sound = sound and text[-1] != "/"
    sound = sound and not any(ord(digit) in bad for digit in text for bad in FORBIDDEN)
    refuse_unless(sound, "body", "invalid-text")
    for label in (owner, job):
        refuse_unless(not label or is_text(label, 64, CAPITALS), "body", "invalid-text")
    refuse_unless(received < 1 << 63, "body", "out-of-range")
    transformations = reader.number(2)
    refuse_unless(transformations <= 3, "body", "out-of-range")
    refuse_unless(not any(reader.rest()), "body", "not-canonical")
    one_spelling = text.encode() == name and "/" not in text
    refuse_unless(one_spelling, "body", "not-canonical")
    return name, owner, job, received, digest, stored, created, transformations


# ---- ObjectFormat §7: addresses, blind look-up, row authenticators -----------------------------


def image_id(naming_key, stored_digest):
    return hmac.digest(naming_key, b"ivault-image-v1" + stored_digest, "sha256")


def blind_index(key, subject, text, namespace):
    message = bytes([subject]) + short(namespace.encode()) + short(text.encode())
    return blake2b(key, b"ivault-index-v1-", message, 16)


def image_row(one):
    row = short(b"image") + short(one["namespace"].encode()) + bytes.fromhex(one["image"])
    row += bytes.fromhex(one["blob"]) + bytes([one["type"]])
    row += struct.pack(">IIQ", one["width"], one["height"], one["bytes"])
    row += struct.pack(">BIH", one["level"], one["inspector"], one["flags"])
    row += hashlib.sha256(one["findings"].encode()).digest()
    row += struct.pack(">qQ", one["created"], one["changed"])
    return row + (struct.pack(">q", one["quarantined"]) if one["quarantined"] else b"")


def operation_row(one):
    row = short(b"operation") + bytes.fromhex(one["operation"]) + bytes([one["kind"]])
    row += short(bytes.fromhex(one["parameters"])) + struct.pack(">I", one["creator"])
    row += struct.pack(">qB", one["created"], one["state"])
    counts = [one[name] for name in ("cursor", "last", "total", "done", "found", "failures")]
    row += struct.pack(">qqQQQQ", *counts) + short(one["failure"].encode())
    return row + struct.pack(">qQ", one["updated"], one["changed"])


def approval_request(one):
    row = short(b"approval") + bytes.fromhex(one["approval"]) + bytes([one["kind"]])
    if one["kind"] == 3:
        row += struct.pack(">IH", one["epoch"], len(one["strand"])) + bytes.fromhex("".join(one["strand"]))
    elif one["kind"] == 4:
        row += short(one["verb"].encode()) + struct.pack(">H", len(one["words"])) + one["words"].encode()
    else:
        row += short(one["namespace"].encode()) + bytes.fromhex(one["image"])
    return row + struct.pack(">Iqq", one["requester"], one["created"], one["expires"])


def approval_row(one):
    counts = (one["state"], one["approver"], one["changed"])
    return approval_request(one) + struct.pack(">BIQ", *counts)


def backup_row(one):
    row = short(b"backup") + bytes.fromhex(one["backup"])
    row += struct.pack(">qqIB", one["created"], one["expires"], one["creator"], one["state"])
    row += struct.pack(">H", len(one["epochs"])) + b"".join(struct.pack(">I", epoch) for epoch in one["epochs"])
    return row + short(one["note"].encode()) + struct.pack(">Q", one["changed"])


def reference_row(one):
    row = short(b"reference") + short(one["namespace"].encode()) + bytes.fromhex(one["image"])
    row += bytes.fromhex(one["reference"])
    row += short(bytes.fromhex(one["owner"])) + short(bytes.fromhex(one["job"]))
    row += hashlib.sha256(bytes.fromhex(one["body"])).digest() + struct.pack(">Q", one["changed"])
    return row + (struct.pack(">q", one["retention"]) if one["retention"] else b"")


def receipt_row(one):
    row = short(b"receipt") + bytes.fromhex(one["receipt"]) + bytes([one["kind"]])
    row += short(one["namespace"].encode()) + short(bytes.fromhex(one["image"]))
    row += short(bytes.fromhex(one["operation"])) + struct.pack(">q", one["created"])
    row += struct.pack(">QQQq", one["claims"], one["images"], one["bytes"], one["left"])
    return row + struct.pack(">IQQ", one["epoch"], one["event"] % 2**64, one["changed"])


def purge_row(one):
    return short(b"purge") + struct.pack(">QqQ", one["through"], one["created"], one["changed"])


def escrow_row(one):
    row = short(b"escrow") + bytes.fromhex(one["escrow"])
    row += struct.pack(">qI", one["created"], one["creator"])
    row += struct.pack(">H", len(one["epochs"])) + b"".join(struct.pack(">I", epoch) for epoch in one["epochs"])
    row += short(one["note"].encode())
    row += struct.pack(">BIq", 1 if one["attested"] else 0, one["attester"], one["attested"])
    return row + struct.pack(">Q", one["changed"])


def attestation_row(one):
    row = short(b"attestation") + short(one["item"].encode()) + bytes.fromhex(one["evidence"])
    row += struct.pack(">QIqq", one["bytes"], one["attester"], one["created"], one["expires"])
    return row + struct.pack(">Q", one["changed"])


def hold_row(one):
    row = short(b"hold") + bytes.fromhex(one["hold"]) + bytes([one["kind"]])
    row += short(one["namespace"].encode()) + short(bytes.fromhex(one["subject"]))
    row += struct.pack(">qI", one["created"], one["creator"]) + short(one["note"].encode())
    return row + struct.pack(">Q", one["changed"])


def token_row(one):
    row = short(b"token") + bytes.fromhex(one["token"]) + bytes.fromhex(one["digest"])
    row += short(bytes.fromhex(one["previous"])) + struct.pack(">q", one["until"])
    row += short(one["principal"].encode()) + hashlib.sha256(one["scopes"].encode()).digest()
    row += struct.pack(">qIq", one["created"], one["creator"], one["expires"])
    return row + short(one["note"].encode()) + struct.pack(">Q", one["changed"])


def canary_row(one):
    row = short(b"canary") + short(one["namespace"].encode()) + bytes.fromhex(one["image"])
    row += struct.pack(">qI", one["created"], one["creator"]) + short(one["note"].encode())
    return row + struct.pack(">Q", one["changed"])


def ticket_row(one):
    row = short(b"ticket") + bytes.fromhex(one["ticket"]) + bytes.fromhex(one["digest"])
    row += short(one["namespace"].encode()) + bytes.fromhex(one["image"])
    row += short(bytes.fromhex(one["owner"])) + short(bytes.fromhex(one["job"]))
    row += short(one["principal"].encode())
    return row + struct.pack(">IqQ", one["reads"], one["expires"], one["changed"])


def incident_row(one):
    row = short(b"incident") + bytes.fromhex(one["incident"]) + short(one["cause"].encode())
    row += short(one["principal"].encode()) + short(bytes.fromhex(one["actor"]))
    row += struct.pack(">qI", one["opened"], one["creator"]) + short(one["note"].encode())
    row += struct.pack(">qQQQI", one["closed"], one["from"], one["to"], one["bytes"], one["records"])
    row += bytes.fromhex(one["digest"]) + struct.pack(">BqI", one["grade"], one["ends"], one["setter"])
    return row + struct.pack(">Q", one["changed"])


def reinspection_parameters(level, quarantine, trial, below):
    return struct.pack(">BBBI", 1, level, (1 if quarantine else 0) + (2 if trial else 0), below)


def answer_aad(lookup, index, created):
    return b"ivault-answer" + lookup + struct.pack(">Qq", index, created)


def row_mac(key, row):
    return blake2b(key, b"ivault-row-v1---", row, 16)


# ---- KeyringFormat §3: slots -------------------------------------------------------------------


def key_text(secret):
    return f"imagevault-key-1:{secret.hex()}{zlib.crc32(secret):08x}\n"


def parse_key_text(text):
    line = text[:-1] if text.endswith("\n") else text
    digits = line.removeprefix("imagevault-key-1:")
    sound = len(digits) == 72 and len(line) == 89 and all(d in "0123456789abcdef" for d in digits)
    refuse_unless(sound, "key-file", "malformed-key-file")
    secret = bytes.fromhex(digits[:64])
    refuse_unless(digits[64:] == f"{zlib.crc32(secret):08x}", "key-file", "malformed-key-file")
    return secret


def seal_to(label, recipient, message, named=None):
    """An X25519 sealed box with a fixed ephemeral key; a liar names another recipient in it."""
    ephemeral = fixed(label + " ephemeral")
    public = sodium.crypto_scalarmult_base(ephemeral)
    nonce = hashlib.blake2b(public + (named or recipient), digest_size=24).digest()
    return public + sodium.crypto_box(message, nonce, recipient, ephemeral)


def slot_context(kind, vault, slot, recipient, salt):
    return bytes([kind]) + vault + slot + recipient + salt


def parse_parameters(data):
    reader = Reader(data, "slot")
    passes, kibibytes = reader.number(4), reader.number(4)
    refuse_unless(1 <= passes <= 12 and 64 <= kibibytes <= 512 << 10, "slot", "out-of-range")
    reader.finish()
    return passes, kibibytes


def stretched(passphrase, salt, parameters):
    passes, kibibytes = parse_parameters(parameters)
    argon2id = sodium.crypto_pwhash_ALG_ARGON2ID13
    return sodium.crypto_pwhash_alg(
        32, passphrase, salt[:16], passes, kibibytes << 10, argon2id
    )


# Lines that say if they were mistyped: what they are called, and the bytes that they stand for.
CHECKED = {"key": 32, "share": 59, "recovery": 32, "recipient": 32, "challenge": 152, "answer": 96}


def checked_text(name, data):
    assert len(data) == CHECKED[name]
    return f"imagevault-{name}-1:{data.hex()}{zlib.crc32(data):08x}"


def parse_checked(name, text):
    prefix = f"imagevault-{name}-1:"
    line = text[:-1] if text.endswith("\n") else text
    refuse_unless(line.startswith(prefix), "text", "malformed-text")
    digits = line[len(prefix):].replace(" ", "")
    sound = len(digits) == 2 * (CHECKED[name] + 4) and all(d in "0123456789abcdef" for d in digits)
    refuse_unless(sound, "text", "malformed-text")
    data = bytes.fromhex(digits)
    refuse_unless(zlib.crc32(data[:-4]) == int.from_bytes(data[-4:]), "text", "malformed-text")
    return data[:-4]


def check_words(public):
    digest = hashlib.sha256(b"ivault-words-v1-" + public).digest()[:8]
    words = []
    for at in range(0, 8, 2):
        value = int.from_bytes(digest[at:at + 2])
        word = "bdfghjklmnprstvz"[value >> 12] + "aiou"[value >> 10 & 3]
        word += "bdfghjklmnprstvz"[value >> 6 & 15] + "aiou"[value >> 4 & 3]
        words.append(word + "bdfghjklmnprstvz"[value & 15])
    return " ".join(words)


def field_product(one, other):
    """In GF(256) modulo x^8+x^4+x^3+x+1."""
    product = 0
    while other:
        product ^= one if other & 1 else 0
        one, other = one << 1 ^ (0x11B if one & 0x80 else 0), other >> 1
    return product


def field_quotient(one, other):
    return next(value for value in range(256) if field_product(value, other) == one)


def share_value(secret, coefficients, place):
    """The polynomials' values: `coefficients` by rising degree, the secret before them."""
    value = bytes(len(secret))
    for row in [*reversed(coefficients), secret]:
        value = bytes(field_product(v, place) ^ c for v, c in zip(value, row))
    return value


def interpolated(points, place):
    """The values at `place`, from a dictionary of places and values."""
    total = bytes(len(next(iter(points.values()))))
    for here, value in points.items():
        weight = 1
        for other in points:
            if other != here:
                weight = field_product(weight, field_quotient(place ^ other, here ^ other))
        total = bytes(t ^ field_product(weight, v) for t, v in zip(total, value))
    return total


def share_set(name, needed, count):
    return fixed(name + " set", 8) + bytes([needed, count])


def make_shares(name, vault, secret, needed, count):
    coefficients = [fixed(f"{name} coefficient {degree}") for degree in range(1, needed)]
    head = vault + share_set(name, needed, count)
    return [head + bytes([at]) + share_value(secret, coefficients, at) for at in range(1, count + 1)]


def parse_share(text):
    data = parse_checked("share", text)
    needed, count, number = data[24], data[25], data[26]
    sound = 2 <= needed <= 16 and needed <= count <= 24 and 1 <= number <= count
    refuse_unless(sound, "text", "malformed-text")
    return data[:26], number, data[27:]


def shared_secret(text, vault, parameters):
    shares = [parse_share(line) for line in text.split("\n") if line]
    of_this = all(head == vault + parameters for head, _, _ in shares)
    points = {number: value for _, number, value in shares}
    enough = of_this and len(points) == len(shares) >= parameters[8]
    refuse_unless(enough, "slot", "wrong-key")
    some = dict(list(points.items())[:parameters[8]])
    agreed = all(interpolated(some, at) == value for at, value in points.items())
    refuse_unless(agreed, "slot", "wrong-key")
    return interpolated(some, 0)


def secret_kind(text):
    kinds = {"imagevault-key-1:": 1, "imagevault-share-1:": 4}
    return next((kind for prefix, kind in kinds.items() if text.startswith(prefix)), 2)


def slot_secret(text, body, vault):
    """The 32 bytes that `text` stands for at a slot with this body."""
    if secret_kind(text) == 1:
        return parse_key_text(text)
    reader = Reader(body, "slot")
    parameters, salt = reader.short(), reader.take(32)
    if secret_kind(text) == 4:
        return shared_secret(text, vault, parameters)
    return stretched(text.encode(), salt, parameters)


def make_slot(name, vault, secret, root, **override):
    """One slot; `override` names fields that a faulty or hostile writer got wrong.

    A `secret` that is text is a passphrase, and `parameters` say how it is stretched.
    """
    private = fixed(name + " private key")
    recipient = override.get("recipient", sodium.crypto_scalarmult_base(private))
    slot = override.get("id", fixed(name + " id", 16))
    salt, parameters = fixed(name + " salt"), b""
    if isinstance(secret, str):
        parameters = struct.pack(">II", *override.get("stretching", (1, 64)))
        secret = stretched(secret.encode(), salt, parameters)
    kind = override.get("kind", 2 if parameters else 1)
    parameters = override.get("parameters", parameters)
    context = slot_context(kind, vault, slot, recipient, salt)
    key, commitment = derive(secret, b"ivault-slot-v1--", context)
    nonce = fixed(name + " nonce", 24)
    body = short(parameters) + salt + commitment + nonce + seal_xchacha(key, nonce, context, private)
    return {
        "id": slot,
        "kind": kind,
        "created": 1_700_000_000_000_000,
        "label": override.get("label", name.replace(" ", "-").encode()),
        "recipient": recipient,
        "sealed_root": seal_to(name, sodium.crypto_scalarmult_base(private), root, recipient),
        "body": override.get("body", body),
    }


def encode_slot(slot):
    return (
        slot["id"]
        + struct.pack(">Bq", slot["kind"], slot["created"])
        + short(slot["label"])
        + slot["recipient"]
        + slot["sealed_root"]
        + struct.pack(">H", len(slot["body"]))
        + slot["body"]
    )


def open_slot(slot, vault, secret):
    reader = Reader(slot["body"], "slot")
    reader.short()
    salt, commitment, nonce, sealed = (reader.take(count) for count in (32, 32, 24, 48))
    reader.finish()
    context = slot_context(slot["kind"], vault, slot["id"], slot["recipient"], salt)
    key, expected = derive(secret, b"ivault-slot-v1--", context)
    refuse_unless(hmac.compare_digest(expected, commitment), "slot", "wrong-key")
    private = open_xchacha("slot", key, nonce, context, sealed)
    recipient = slot["recipient"]
    matches = sodium.crypto_scalarmult_base(private) == recipient
    refuse_unless(matches, "slot", "refused")
    try:
        return sodium.crypto_box_seal_open(slot["sealed_root"], recipient, private)
    except SodiumError:
        raise Refused("slot", "refused") from None


# ---- KeyringFormat §3.6 and §3.7: tokens --------------------------------------------------------


def token_aad(vault, salt):
    return b"ivault-pkcs11-v1" + vault + salt


def sealed_object(salt):
    return f"/HS/SRK/imagevault-{salt[:16].hex()}"


def parse_token_parameters(data):
    reader = Reader(data, "parser")
    label, nonce, sealed = reader.short(), reader.take(12), reader.take(48)
    reader.finish()
    printable = 1 <= len(label) <= 64 and all(0x20 <= byte <= 0x7E for byte in label)
    refuse_unless(printable, "parser", "invalid-text")
    return label, nonce, sealed


def open_token(data, key, vault, salt):
    _, nonce, sealed = parse_token_parameters(data)
    try:
        return AESGCM(key).decrypt(nonce, sealed, token_aad(vault, salt))
    except InvalidTag:
        raise Refused("token", "token-key-unfit") from None


# ---- KeyringFormat §2, §4 and §5: the file -----------------------------------------------------

PURPOSES = {1: "index", 2: "row-mac", 3: "token", 4: "event-body", 5: "cases", 6: "epoch"}
PURPOSES |= {7: "naming", 8: "log-signing"}


def entry(purpose, number=0, state=0, name=b"", created=1_700_000_000_000_000):
    return {"purpose": purpose, "number": number, "state": state, "created": created, "name": name}


def encode_entry(one):
    fields = (one["purpose"], one["number"], one["state"], one["created"])
    return struct.pack(">BIBq", *fields) + short(one["name"])


def file_header(kind, vault, generation, slots, entries):
    head = b"IVKEYS\0\1" + bytes([kind]) + vault + struct.pack(">Q", generation)
    head += struct.pack(">H", len(slots)) + b"".join(map(encode_slot, slots))
    return head + struct.pack(">H", len(entries)) + b"".join(map(encode_entry, entries))


def seal_file(label, kind, vault, generation, slots, entries, root, keys):
    header = file_header(kind, vault, generation, slots, entries)
    key, commitment = derive(root, b"ivault-keys-v1--", header)
    nonce = fixed(label + " nonce", 24)
    return header + commitment + nonce + seal_xchacha(key, nonce, header, b"".join(keys))


def parse_file(data):
    reader = Reader(data, "parser")
    refuse_unless(reader.take(8) == b"IVKEYS\0\1", "parser", "wrong-magic")
    kind = reader.number(1)
    refuse_unless(kind in (1, 2), "parser", "unknown-value")
    vault, generation = reader.take(16), reader.number(8)
    slots = [parse_slot(reader) for _ in range(reader.number(2))]
    entries = [parse_entry(reader) for _ in range(reader.number(2))]
    header = data[: reader.at]
    commitment, nonce, payload = reader.take(32), reader.take(24), reader.rest()
    bounded = generation > 0 and 1 <= len(slots) <= 64 and 1 <= len(entries) <= 4096
    refuse_unless(bounded, "parser", "out-of-range")
    order = [(one["purpose"], one["number"], one["name"]) for one in entries]
    ordered = all(one < other for one, other in zip(order, order[1:]))
    distinct = len({slot["id"] for slot in slots}) == len(slots)
    refuse_unless(ordered and distinct, "parser", "not-canonical")
    refuse_unless(len(payload) == 32 * len(entries) + 16, "parser", "out-of-range")
    return kind, vault, slots, entries, header, commitment, nonce, payload


def parse_slot(reader):
    slot = {"id": reader.take(16), "kind": reader.number(1)}
    refuse_unless(1 <= slot["kind"] <= 6, "parser", "unknown-value")
    slot |= {"created": reader.signed(), "label": reader.short(), "recipient": reader.take(32)}
    slot |= {"sealed_root": reader.take(80), "body": reader.take(reader.number(2))}
    refuse_unless(is_text(slot["label"], 64, CAPITALS + b"."), "parser", "invalid-text")
    refuse_unless(len(slot["body"]) <= 4096, "parser", "out-of-range")
    return slot


def parse_entry(reader):
    purpose = reader.number(1)
    refuse_unless(purpose in PURPOSES, "parser", "unknown-value")
    one = entry(purpose, reader.number(4), reader.number(1), created=reader.signed())
    one["name"] = reader.short()
    states = (1, 2, 3, 4) if purpose == 6 else (0,)
    refuse_unless(one["state"] in states, "parser", "out-of-range")
    counted = purpose in (6, 8)
    refuse_unless((one["number"] > 0) == counted, "parser", "out-of-range")
    if purpose == 7:
        refuse_unless(is_text(one["name"], 32), "parser", "invalid-text")
    else:
        refuse_unless(not one["name"], "parser", "not-canonical")
    return one


def open_file(data, secret):
    """The keys of a key file, in the order of its entries, by any slot that takes the secret.

    The secret is 32 bytes of a key file, or text as it is typed.
    """
    slot_kind = secret_kind(secret) if isinstance(secret, str) else 1
    kind, vault, slots, entries, header, commitment, nonce, payload = parse_file(data)
    for slot in slots:
        if slot["kind"] != slot_kind:
            continue
        try:
            typed = isinstance(secret, str)
            root = open_slot(slot, vault, slot_secret(secret, slot["body"], vault) if typed else secret)
        except Refused as error:
            if error.code == "wrong-key":
                continue
            raise
        key, expected = derive(root, b"ivault-keys-v1--", header)
        refuse_unless(hmac.compare_digest(expected, commitment), "payload", "refused")
        keys = open_xchacha("payload", key, nonce, header, payload)
        return (
            kind,
            vault,
            [one | {"key": keys[32 * at : 32 * at + 32]} for at, one in enumerate(entries)],
        )
    raise Refused("slot", "wrong-key")


# ---- LogFormat ---------------------------------------------------------------------------------


def json_text(text):
    units = struct.unpack(f">{len(text.encode('utf-16-be')) // 2}H", text.encode("utf-16-be"))
    plain = {0x22: '\\"', 0x5C: "\\\\"}

    def spell(unit):
        return chr(unit) if 0x20 <= unit <= 0x7E else f"\\u{unit:04x}"

    return '"' + "".join(plain.get(unit) or spell(unit) for unit in units) + '"'


def event_body(fields):
    """`fields` in the order of §2."""
    spelled = (v if isinstance(v, str) else str(v) for v in fields.values())
    texts = (json_text(s) if isinstance(v, str) else s for s, v in zip(spelled, fields.values()))
    return ("{" + ",".join(f'"{n}":{t}' for n, t in zip(fields, texts)) + "}").encode()


def leaf_hash(content):
    return hashlib.sha256(b"\0" + content).digest()


def tree_root(leaves):
    """RFC 6962 §2.1, by its recursive definition."""
    if len(leaves) < 2:
        return leaf_hash(leaves[0]) if leaves else hashlib.sha256().digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_root(leaves[:half]) + tree_root(leaves[half:])).digest()


def event_aad(index):
    return b"ivault-event" + struct.pack(">Q", index)


def pseudonym_aad(kind, pseudonym):
    return b"ivault-pseudonym" + bytes([kind]) + pseudonym


def key_id(origin, public):
    return hashlib.sha256(origin.encode() + b"\n\x01" + public).digest()[:4]


def verifier_key(origin, public):
    spelled = base64.b64encode(b"\1" + public).decode()
    return f"{origin}+{key_id(origin, public).hex()}+{spelled}"


def make_note(vault, size, root, signing_key):
    origin = f"imagevault/{vault.hex()}"
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    return sign_note(text, origin, signing_key)


def make_succession(vault, number, old, new):
    """The note in which two keys of the log sign that one takes the place of the other."""
    origin = f"imagevault/{vault.hex()}"
    publics = [key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) for key in (old, new)]
    keys = "".join(verifier_key(origin, public) + "\n" for public in publics)
    text = f"{origin}/log-key\n{number}\n{keys}"
    note = text + "\n"
    for key, public in zip((old, new), publics):
        signature = base64.b64encode(key_id(origin, public) + key.sign(text.encode())).decode()
        note += f"\u2014 {origin} {signature}\n"
    return note


def check_note(note, verifier):
    origin, number, spelled = verifier.split("+", 2)
    public = base64.b64decode(spelled, validate=True)[1:]
    text, _, line = note.rpartition("\n\n")
    text += "\n"
    dash, name, signature = line.removesuffix("\n").split(" ")
    signature = base64.b64decode(signature, validate=True)
    assert (dash, name) == ("\u2014", origin) and text.startswith(origin + "\n")
    assert number == key_id(origin, public).hex() == signature[:4].hex()
    Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], text.encode())


def statement_text(one):
    """What a rotation states. LogFormat §7."""
    emptied = ",".join(str(epoch) for epoch in one["emptied"]) or "none"
    lines = ["imagevault-rotation/1", f"vault {one['vault']}", f"operation {one['operation']}"]
    lines += [f"work {one['work']}", f"at {one['at']}", f"generation {one['generation']}", f"epoch {one['epoch']}"]
    lines += [f"emptied {emptied}", f"keys {one['keys']}", f"opened {one['opened']}"]
    root = base64.b64encode(bytes.fromhex(one["root"])).decode()
    return "".join(line + "\n" for line in lines + [f"log {one['size']} {root}"])


def statement_number(text, bits):
    refuse_unless(text.isascii() and text.isdigit() and str(int(text)) == text, "text", "invalid-text")
    refuse_unless(int(text) < 1 << 64, "text", "invalid-text")
    refuse_unless(int(text) < 1 << bits, "text", "out-of-range")
    return int(text)


def parse_statement(text):
    lines = text.split("\n")
    refuse_unless(lines.pop(0) == "imagevault-rotation/1", "text", "wrong-magic")
    words = {}
    for name in ("vault", "operation", "work", "at", "generation", "epoch", "emptied", "keys", "opened", "log"):
        refuse_unless(lines and lines[0].startswith(name + " "), "text", "invalid-text")
        words[name] = lines.pop(0).removeprefix(name + " ")
    for name in ("vault", "operation"):
        refuse_unless(len(words[name]) == 32, "text", "wrong-length")
        refuse_unless(re.fullmatch("[0-9a-f]{32}", words[name]), "text", "invalid-text")
    refuse_unless(words["work"] in ("rotate", "reencrypt"), "text", "unknown-value")
    at = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
    refuse_unless(re.fullmatch(at, words["at"], re.ASCII), "text", "invalid-text")
    statement_number(words["generation"], 64)
    epochs = [] if words["emptied"] == "none" else words["emptied"].split(",")
    for epoch in [words["epoch"], *epochs]:
        refuse_unless(statement_number(epoch, 32) > 0, "text", "out-of-range")
    for name in ("keys", "opened"):
        statement_number(words[name], 64)
    size, _, root = words["log"].partition(" ")
    statement_number(size, 64)
    try:
        spelled = base64.b64encode(base64.b64decode(root, validate=True)).decode() == root
    except ValueError:
        spelled = False
    refuse_unless(spelled, "text", "invalid-text")
    refuse_unless(len(base64.b64decode(root)) == 32, "text", "wrong-length")
    refuse_unless(lines, "text", "truncated")
    refuse_unless(lines == [""], "text", "trailing-bytes")
    numbers = [int(epoch) for epoch in epochs]
    refuse_unless(numbers == sorted(set(numbers)), "text", "not-canonical")


def sign_note(text, origin, signing_key):
    public = signing_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = key_id(origin, public) + signing_key.sign(text.encode())
    return f"{text}\n\u2014 {origin} {base64.b64encode(signature).decode()}\n"


# ---- The fixed vault that all vectors share ----------------------------------------------------

VAULT = fixed("vault", 16)
SECRET, ROOT = fixed("slot secret"), fixed("root")
ENTRIES = [entry(purpose) for purpose in (1, 2, 3, 4, 5)]
ENTRIES += [entry(6, 1, 3), entry(6, 2, 2), entry(7, name=b"clinic"), entry(7, name=b"default")]
KEYS = [fixed(f"key {PURPOSES[e['purpose']]} {e['number']} {e['name'].decode()}") for e in ENTRIES]
KEY = {(e["purpose"], e["number"], e["name"].decode()): k for e, k in zip(ENTRIES, KEYS)}
EPOCHS = {1: KEY[6, 1, ""], 2: KEY[6, 2, ""]}
SLOT = make_slot("slot on disk", VAULT, SECRET, ROOT)
PASSPHRASE = "three grey cats \u00fc"
LOG_SECRET, LOG_ROOT, LOG_SEED = fixed("log secret"), fixed("log root"), fixed("log seed")


def keyring(label="keyring", slots=(SLOT,), entries=ENTRIES, keys=None, **override):
    return seal_file(
        label,
        override.get("kind", 1),
        override.get("vault", VAULT),
        override.get("generation", 7),
        list(slots),
        entries,
        override.get("root", ROOT),
        KEYS if keys is None else keys,
    )


def log_key():
    slot = make_slot("log slot", VAULT, LOG_SECRET, LOG_ROOT)
    return seal_file("log key", 2, VAULT, 1, [slot], [entry(8, 1)], LOG_ROOT, [LOG_SEED])


def pieces(data):
    """Bytes as hexadecimal, with long runs of zeros as their length."""
    parts, at = [], 0
    while at < len(data):
        run = len(data) - at - len(data[at:].lstrip(b"\0"))
        if run >= 1024:
            parts.append({"zeros": run})
        else:
            nearest = data.find(bytes(1024), at)
            run = (nearest if nearest >= 0 else len(data)) - at
            parts.append({"hex": data[at : at + run].hex()})
        at += run
    return parts


def flipped(data, at):
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def patched(data, at, new):
    return data[:at] + new + data[at + len(new) :]


def confirm(vector, reader):
    """Keeps a refusal only when this implementation refuses it, there and so."""
    try:
        reader()
    except Refused as error:
        assert (error.layer, error.code) == (vector["refused_by"], vector["code"]), vector["rule"]
        return vector
    raise AssertionError(f"opened: {vector['rule']}")


# ---- blobs.json --------------------------------------------------------------------------------

NAMESPACE = "default"


def blob_setting(label):
    image = image_id(KEY[7, 0, NAMESPACE], hashlib.sha256(label.encode()).digest())
    blob, data_key = fixed(label + " blob", 16), fixed(label + " data key")
    aad = wrap_aad("ivault-wrap-blob", 2, NAMESPACE, image, blob)
    return image, blob, data_key, seal_box(label + " wrap", EPOCHS[2], aad, data_key)


def blob_vector(rule, data, image, blob, wrap, **more):
    place = {"namespace": NAMESPACE, "image": image.hex(), "blob": blob.hex(), "epoch": 2}
    return {"rule": rule, **place, "wrap": wrap.hex(), "file": pieces(data), **more}


def opening_blobs():
    sizes = {"one byte": 1, "a small image": 1000, "one frame exactly": FRAME}
    for suite in SUITES:
        for name, size in (sizes | {"one frame and a byte": FRAME + 1}).items():
            label = f"suite {suite}: {name}"
            image, blob, data_key, wrap = blob_setting(label)
            header, frames, plain = seal_blob(label, suite, size, NAMESPACE, image, data_key)
            data = header + b"".join(frames)
            assert open_blob(data, data_key, NAMESPACE, image) == plain
            key, _ = frame_keys(data_key, header[:60], NAMESPACE, image)
            yield blob_vector(
                label,
                data,
                image,
                blob,
                wrap,
                data_key=data_key.hex(),
                frame_key=key.hex(),
                commitment=header[60:].hex(),
                frame_aad=hashlib.sha256(header).hexdigest(),
                plaintext_bytes=size,
                plaintext_sha256=hashlib.sha256(plain).hexdigest(),
            )


def header_faults(good):
    yield "a file shorter than a header", good[:91], "truncated"
    yield "an empty file", b"", "truncated"
    yield "another magic", patched(good, 0, b"IVBLOC"), "wrong-magic"
    yield "a later version", patched(good, 7, b"\2"), "wrong-magic"
    yield "suite 0", patched(good, 8, b"\0"), "unknown-value"
    yield "suite 3", patched(good, 8, b"\3"), "unknown-value"
    for at in (9, 10, 11, 56, 57, 58, 59):
        yield (
            f"a reserved byte that is not zero, at {at}",
            patched(good, at, b"\1"),
            "not-canonical",
        )
    for frame in (0, 65536, FRAME + 1):
        number = struct.pack(">I", frame)
        yield f"frames of {frame} bytes", patched(good, 12, number), "out-of-range"
    for size in (0, CEILING + 1, 1 << 63, (1 << 64) - 1):
        number = struct.pack(">Q", size)
        yield f"a plaintext of {size} bytes", patched(good, 16, number), "out-of-range"


def blob_faults(suite):
    """Rule, file, what it is opened as (image, namespace, key), layer and code."""
    image, blob, data_key, wrap = blob_setting(f"suite {suite} refusals")

    def seal(size, **faults):
        return seal_blob(
            f"suite {suite} refusals", suite, size, NAMESPACE, image, data_key, **faults
        )

    header, frames, _ = seal(40)
    good = header + frames[0]
    for rule, data, code in header_faults(good):
        yield rule, data, "header", code
    yield "the last byte is cut", good[:-1], "size", "wrong-length"
    yield "a byte follows", good + b"\0", "size", "wrong-length"
    yield "only the header is left", header, "size", "wrong-length"
    long = patched(good, 16, struct.pack(">Q", 41))
    yield "the length says one byte more", long, "size", "wrong-length"
    yield (
        "the length and the file agree on a byte less",
        patched(good, 16, struct.pack(">Q", 39))[:-1],
        "commitment",
        "wrong-key",
    )
    yield "a bit of the salt is flipped", flipped(good, 24), "commitment", "wrong-key"
    yield "a bit of the commitment is flipped", flipped(good, 60), "commitment", "wrong-key"
    other = bytes([3 - suite])
    yield "the other suite is named", patched(good, 8, other), "commitment", "wrong-key"
    yield "a bit of the ciphertext is flipped", flipped(good, 92), "frame", "refused"
    yield "a bit of the tag is flipped", flipped(good, -1), "frame", "refused"
    _, unflagged, _ = seal(40, last={0: 0})
    yield "the last frame is not sealed as the last", header + unflagged[0], "frame", "refused"
    _, plain_aad, _ = seal(40, aad=b"")
    yield "the frame was sealed without the header", header + plain_aad[0], "frame", "refused"
    header, (one, two, end), _ = seal(2 * FRAME + 5)
    yield "two frames are swapped", header + two + one + end, "frame", "refused"
    yield "a frame is repeated in another's place", header + one + one + end, "frame", "refused"
    yield "a frame is missing", header + one + end, "size", "wrong-length"
    yield "a frame follows the last", header + one + two + end + end, "size", "wrong-length"
    _, early, _ = seal(2 * FRAME + 5, last={1: 1})
    yield (
        "an earlier frame is sealed as the last",
        header + one + early[1] + end,
        "frame",
        "refused",
    )


def refused_blobs():
    for suite in SUITES:
        image, blob, data_key, wrap = blob_setting(f"suite {suite} refusals")
        for rule, data, layer, code in blob_faults(suite):
            more = {"refused_by": layer, "code": code}
            vector = blob_vector(f"suite {suite}: {rule}", data, image, blob, wrap, **more)
            yield confirm(vector, lambda: open_blob(data, data_key, NAMESPACE, image))
        yield from misplaced_blobs(suite)


def misplaced_blobs(suite):
    """A sound blob, opened as what it is not. Its key is wrapped for where it was moved to."""
    image, blob, data_key, _ = blob_setting(f"suite {suite} refusals")
    settings = {
        "another namespace": ("clinic", image, data_key),
        "another image": (NAMESPACE, fixed("another image"), data_key),
        "another blob's key": (NAMESPACE, image, fixed("another data key")),
    }
    label = f"suite {suite} refusals"
    header, frames, _ = seal_blob(label, suite, 40, NAMESPACE, image, data_key)
    data = header + frames[0]
    for rule, (namespace, address, key) in settings.items():
        aad = wrap_aad("ivault-wrap-blob", 2, namespace, address, blob)
        wrap = seal_box(f"{label} {rule}", EPOCHS[2], aad, key)
        more = {"refused_by": "commitment", "code": "wrong-key"}
        vector = blob_vector(f"suite {suite}: {rule}", data, address, blob, wrap, **more)
        vector["namespace"] = namespace
        yield confirm(vector, lambda: open_blob(data, key, namespace, address))


# ---- wraps.json --------------------------------------------------------------------------------


def wraps():
    opens, refusals = [], []
    image, other = fixed("wrap image"), fixed("other image")
    for domain, kind in (("ivault-wrap-blob", "blob"), ("ivault-wrap-reference", "reference")):
        subject, data_key = fixed(f"wrap {kind} id", 16), fixed(f"wrap {kind} key")
        fields = {"kind": kind, "epoch": 2, "namespace": NAMESPACE, "image": image.hex()}
        fields |= {"subject": subject.hex()}
        for epoch in (1, 2):
            aad = wrap_aad(domain, epoch, NAMESPACE, image, subject)
            wrapped = seal_box(f"wrap {kind} {epoch}", EPOCHS[epoch], aad, data_key)
            more = {"wrapped": wrapped.hex(), "aad": aad.hex(), "data_key": data_key.hex()}
            rule = f"the key of a {kind} under epoch {epoch}"
            opens.append({"rule": rule, **fields, "epoch": epoch, **more})

        def refuse(rule, code="refused", wrapped=wrapped, **changed):
            one = fields | changed
            vector = {"rule": f"{kind}: {rule}", **one, "wrapped": wrapped.hex()}
            vector |= {"refused_by": "wrap", "code": code}
            place = (one["epoch"], one["namespace"])
            ids = (bytes.fromhex(one["image"]), bytes.fromhex(one["subject"]))
            spelled = f"ivault-wrap-{one['kind']}"

            def reader():
                return unwrap(EPOCHS, wrapped, spelled, *place, *ids)

            refusals.append(confirm(vector, reader))

        refuse("another epoch's number", epoch=1)
        refuse("an epoch that is not in the keyring", "unknown-key", epoch=3)
        refuse("another namespace", namespace="clinic")
        refuse("another image", image=other.hex())
        refuse("another row", subject=fixed("another row", 16).hex())
        refuse("the other kind of row", kind="reference" if kind == "blob" else "blob")
        refuse("a bit of the nonce is flipped", wrapped=flipped(wrapped, 0))
        refuse("a bit of the key is flipped", wrapped=flipped(wrapped, 24))
        refuse("a bit of the tag is flipped", wrapped=flipped(wrapped, -1))
        refuse("the last byte is cut", wrapped=wrapped[:-1])
        refuse("a byte follows", wrapped=wrapped + b"\0")
        refuse("nothing at all", wrapped=b"")
    return opens, refusals


# ---- references.json ---------------------------------------------------------------------------


def references():
    image, reference, key = fixed("ref image"), fixed("ref id", 16), fixed("ref key")
    wrap_data = wrap_aad("ivault-wrap-reference", 2, NAMESPACE, image, reference)
    wrapped = seal_box("ref wrap", EPOCHS[2], wrap_data, key)
    aad = reference_aad(NAMESPACE, image, reference)
    place = {"namespace": NAMESPACE, "image": image.hex(), "reference": reference.hex()}
    place |= {"epoch": 2, "wrapped": wrapped.hex()}
    digests = (fixed("received digest"), fixed("stored digest"))
    opens, refusals = [], []
    cases = {
        "every field": ("photo 1.jpg", "user-8421", "job_7", 200_000, 1_700_000_000_123_456),
        "no owner and no job": ("\u00fcbung \u540d\u524d.png", "", "", 1, -1),
        "the longest fields": ("a" * 255, "O" * 64, "j" * 64, (1 << 63) - 1, (1 << 63) - 1),
    }
    for rule, (name, owner, job, received, created) in cases.items():
        words = (name.encode(), owner.encode(), job.encode())
        done = {"every field": 1, "no owner and no job": 2}.get(rule, 3)
        body = reference_body(*words, received, *digests, created, done)
        assert parse_reference(body) == (*words, received, *digests, created, done)
        sealed = seal_box("ref " + rule, key, aad, body)
        fields = {"name": name, "owner": owner, "job": job, "received_bytes": received}
        fields |= {"received_digest": digests[0].hex(), "stored_digest": digests[1].hex()}
        more = {"created_us": created, "transformations": done, "body": body.hex(), "sealed": sealed.hex()}
        opens.append({"rule": rule, **place, **fields, **more})

    def refuse_body(rule, code, data):
        vector = {"rule": rule, "body": data.hex(), "refused_by": "body", "code": code}
        refusals.append(confirm(vector, lambda: parse_reference(data)))

    def spelled(name=b"a.jpg", owner=b"", job=b"", received=1, done=0):
        return reference_body(name, owner, job, received, *digests, 0, done)

    refuse_body("a byte less", "wrong-length", spelled()[:-1])
    refuse_body("a byte more", "wrong-length", spelled() + b"\0")
    refuse_body("a later version", "unknown-version", patched(spelled(), 0, b"\2"))
    refuse_body("no name", "invalid-text", spelled(name=b""))
    refuse_body("a name with a path", "not-canonical", spelled(name=b"x/a.jpg"))
    refuse_body("a name that ends a path", "invalid-text", spelled(name=b"x/"))
    refuse_body("a name that is not UTF-8", "not-canonical", spelled(name=b"a\xff.jpg"))
    refuse_body("a name with a line break", "invalid-text", spelled(name=b"a\n.jpg"))
    refuse_body(
        "a name that turns its text around", "invalid-text", spelled("a\u202e.jpg".encode())
    )
    refuse_body("the name of a folder", "invalid-text", spelled(name=b".."))
    refuse_body("an owner with a space", "invalid-text", spelled(owner=b"a b"))
    refuse_body("a job of 65 bytes", "invalid-text", spelled(job=b"j" * 65))
    refuse_body("a name with a backslash", "invalid-text", spelled(name=b"x\\a.jpg"))
    refuse_body("a transformation that nobody knows", "out-of-range", spelled(done=4))
    refuse_body("a length of 64 bits", "out-of-range", spelled(received=1 << 63))
    refuse_body("padding that is not zero", "not-canonical", patched(spelled(), 511, b"\1"))

    def refuse_sealed(rule, data=sealed, **changed):
        one = place | changed
        vector = {"rule": rule, **place, "sealed": data.hex(), "opened_as": changed}
        vector |= {"refused_by": "box", "code": "refused"}
        ids = (bytes.fromhex(one["image"]), bytes.fromhex(one["reference"]))

        def opened():
            return open_box("box", key, reference_aad(one["namespace"], *ids), data)

        refusals.append(confirm(vector, opened))

    refuse_sealed("a bit of the nonce is flipped", flipped(sealed, 0))
    refuse_sealed("a bit of the body is flipped", flipped(sealed, 24))
    refuse_sealed("a bit of the tag is flipped", flipped(sealed, -1))
    refuse_sealed("the last byte is cut", sealed[:-1])
    refuse_sealed("only nonce and tag are left", sealed[:40])
    refuse_sealed("another namespace", namespace="clinic")
    refuse_sealed("another image", image=fixed("other image").hex())
    refuse_sealed("another reference", reference=fixed("other id", 16).hex())
    return opens, refusals


# ---- lookups.json ------------------------------------------------------------------------------


def lookups():
    images, indexes, rows = [], [], []
    for namespace in ("default", "clinic"):
        for stored in (b"", b"\xff\xd8\xff\xd9"):
            digest = hashlib.sha256(stored).digest()
            image = image_id(KEY[7, 0, namespace], digest)
            fields = {"namespace": namespace, "stored": stored.hex(), "digest": digest.hex()}
            images.append(fields | {"image": image.hex()})
        subjects = [(1, "owner", "user-8421"), (2, "job", "user-8421")]
        subjects += [(6, "request-key", "admin/1000/8e03978e"), (7, "principal", "admin/1000")]
        subjects += [(8, "user", "33")]
        for subject, kind, text in subjects:
            index = blind_index(KEY[1, 0, ""], subject, text, namespace)
            fields = {"subject": kind, "text": text, "namespace": namespace}
            indexes.append(fields | {"index": index.hex()})
    for row in (b"", b"holds\x00\x01", bytes(300)):
        rows.append({"row": row.hex(), "mac": row_mac(KEY[2, 0, ""], row).hex()})
    both = {"images": images, "blind_indexes": indexes, "row_macs": rows}
    return both | {"rows": list(laid_out_rows()), "answers": answers()}


BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def bearer(prefix, letters):
    """A bearer's text: prefix, secret, and the CRC-32 of both as six digits of base 62."""
    rest, digits = zlib.crc32((prefix + letters).encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = BASE62[digit] + digits
    return prefix + letters + digits


def bearers():
    """Texts of access tokens and tickets with their digests, and what is none."""
    opens, refusals = [], []
    for rule, kind, prefix, letters in (
        ("a token", "token", "ivt_", (BASE62 * 2)[7:50]),
        ("a ticket", "ticket", "ivf_", (BASE62 * 2)[30:73]),
        ("a checksum that begins with zeros", "token", "ivt_", "0" * 40 + "3Xd"),
    ):
        text = bearer(prefix, letters)
        digest = blake2b(KEY[3, 0, ""], b"ivault-token-v1-", text.encode(), 32)
        opens.append({"rule": rule, "kind": kind, "text": text, "digest": digest.hex()})
    good = opens[0]["text"]
    swapped = good[:9] + good[10] + good[9] + good[11:]
    for rule, text in (
        ("nothing", ""), ("a letter too few", bearer("ivt_", "a" * 42)), ("one too many", bearer("ivt_", "a" * 44)),
        ("two letters in the other order", swapped), ("another prefix", bearer("ivx_", "a" * 43)),
        ("a prefix in capitals", bearer("IVT_", "a" * 43)), ("a letter of base 64", bearer("ivt_", "a" * 42 + "-")),
        ("a newline behind", good + "\n"), ("a blank before", " " + good),
        ("another checksum", good[:-1] + ("A" if good[-1] != "A" else "B")),
    ):
        refusals.append({"rule": rule, "text": text})
    return {"opens": opens, "refusals": refusals}


def laid_out_rows():
    """Rows with their fields, as ObjectFormat §8 lays them out."""
    image = {"namespace": "default", "image": fixed("row image").hex()}
    image |= {"blob": fixed("row blob", 16).hex(), "type": 2, "width": 640, "height": 480}
    image |= {"bytes": 200000, "level": 2, "inspector": 1, "flags": 5}
    image |= {"findings": "trailer-data@199000", "created": 1_700_000_000_000_000, "changed": 41}
    operation = {"operation": fixed("row operation", 16).hex(), "kind": 1}
    operation |= {"parameters": reinspection_parameters(2, True, False, 7).hex()}
    operation |= {"creator": 1000, "created": 1_700_000_000_000_000, "state": 2, "cursor": 96}
    operation |= {"last": 1000, "total": 990, "done": 95, "found": 2, "failures": 1}
    operation |= {"failure": "", "updated": 1_700_000_000_000_009, "changed": 77}
    approval = {"approval": fixed("row approval", 16).hex(), "kind": 2, "namespace": "default"}
    approval |= {"image": fixed("row image").hex(), "requester": 1000, "state": 1, "approver": 0}
    approval |= {"created": 1_700_000_000_000_000, "expires": 1_700_086_400_000_000, "changed": 9}
    approval["digest"] = hashlib.sha256(approval_request(approval)).hexdigest()
    times = {name: approval[name] for name in ("created", "expires", "changed")}
    destruction = {"approval": fixed("row destruction", 16).hex(), "kind": 3, "epoch": 1}
    destruction |= {"strand": sorted(fixed(f"row strand {number}", 16).hex() for number in (1, 2))}
    destruction |= {"requester": 1000, "state": 1, "approver": 0} | times
    destruction["digest"] = hashlib.sha256(approval_request(destruction)).hexdigest()
    guarded = {"approval": fixed("row guarded", 16).hex(), "kind": 4, "verb": "holds.release"}
    guarded |= {"words": f"hold={fixed('row hold', 16).hex()}", "requester": 1000, "state": 3}
    guarded |= {"approver": 1001} | times
    guarded["digest"] = hashlib.sha256(approval_request(guarded)).hexdigest()
    backup = {"backup": fixed("row backup", 16).hex(), "creator": 1000, "state": 1}
    backup |= {"epochs": [1, 3], "note": "tape 7"} | times
    created = {name: approval[name] for name in ("created", "changed")}
    reference = {"namespace": "default", "image": fixed("row image").hex()} | created
    reference |= {"reference": fixed("row reference", 16).hex(), "owner": fixed("row owner", 16).hex()}
    reference |= {"job": "", "body": fixed("row body").hex(), "retention": 0}
    receipt = {"receipt": fixed("row receipt", 16).hex(), "kind": 2, "namespace": "default"} | created
    receipt |= {"image": fixed("row image").hex(), "operation": "", "claims": 1, "images": 1}
    receipt |= {"bytes": 200000, "left": 0, "epoch": 3, "event": 41}
    begun = receipt | {"kind": 4, "namespace": "", "image": "", "operation": fixed("row operation", 16).hex()}
    begun |= {"claims": 0, "images": 0, "bytes": 0, "left": -1, "epoch": 0, "event": -1}
    escrow = {"escrow": fixed("row escrow", 16).hex(), "creator": 1000, "epochs": [1, 3]} | created
    escrow |= {"note": "safe 3", "attester": 0, "attested": 0}
    hold = {"hold": fixed("row hold", 16).hex(), "kind": 1, "namespace": "default"} | created
    hold |= {"subject": fixed("row image").hex(), "creator": 1000, "note": "case 7"}
    token = {"token": fixed("row token", 16).hex(), "digest": fixed("row digest").hex(), "previous": ""} | times
    token |= {"until": 0, "principal": "thumbs", "scopes": "", "creator": 1000, "note": "host 7"}
    rotated = token | {"previous": fixed("row digest before").hex(), "until": 1_700_000_000_000_003}
    rotated |= {"scopes": "images.get images.probe"}
    ticket = {"ticket": fixed("row ticket", 16).hex(), "digest": fixed("row digest").hex(), "reads": 3} | times
    ticket |= {"namespace": "default", "image": fixed("row image").hex(), "principal": "web"}
    ticket |= {"owner": fixed("row owner", 16).hex(), "job": ""}
    attested = {"item": "firewall", "evidence": fixed("row evidence").hex(), "bytes": 4711} | created
    attested |= {"attester": 1001, "expires": 1_700_086_400_000_000}
    canary = {"canary": 1, "namespace": "default", "image": fixed("row image").hex()} | created
    canary |= {"creator": 1000, "note": "the cellar"}
    incident = {"incident": fixed("row incident", 16).hex(), "cause": "hand", "principal": "", "actor": ""} | created
    incident |= {"opened": created["created"], "creator": 1000, "note": "reads at night", "closed": 0}
    incident |= {"from": 3, "to": 42, "bytes": 7000, "records": 4, "digest": fixed("row case").hex()}
    incident |= {"grade": 0, "ends": 0, "setter": 0}
    contained = incident | {"cause": "canary-read", "principal": "web", "actor": fixed("row actor", 16).hex()}
    contained |= {"grade": 2, "ends": 1_700_003_600_000_000, "setter": 1001}
    on_backup = hold | {"kind": 4, "namespace": "", "subject": fixed("row backup", 16).hex()}
    for rule, layout, fields in (
        ("a claim that is kept for ever", reference_row, reference),
        ("a claim that ends", reference_row, reference | {"retention": 1_700_086_400_000_000}),
        ("the receipt of an image", receipt_row, receipt),
        ("the receipt of an operation that took nothing yet", receipt_row, begun),
        ("the receipt of an operation that left some", receipt_row, begun | {"left": 2}),
        ("a purge", purge_row, {"through": 42} | created),
        ("a copy of the keyring", escrow_row, escrow),
        ("a copy that is attested destroyed", escrow_row, escrow | {"attester": 1001, "attested": 1_700_000_000_000_002}),
        ("a hold on an image", hold_row, hold),
        ("a hold on a backup", hold_row, on_backup),
        ("an access token", token_row, token),
        ("an access token that was rotated", token_row, rotated),
        ("a fetch ticket", ticket_row, ticket),
        ("somebody's word on what no program can see", attestation_row, attested),
        ("a canary", canary_row, canary),
        ("an incident of the vault", incident_row, incident),
        ("an incident with a containment", incident_row, contained),
        ("a closed incident", incident_row, incident | {"closed": 1_700_000_000_000_009}),
        ("a request to destroy an epoch", approval_row, destruction),
        ("an approved request that may be sent", approval_row, guarded),
        ("a registered backup", backup_row, backup),
        ("a request that waits", approval_row, approval),
        ("an approved request", approval_row, approval | {"state": 2, "approver": 1001}),
        ("an image", image_row, image | {"quarantined": 0}),
        ("a quarantined image", image_row, image | {"quarantined": 1_700_000_000_000_001}),
        ("an operation", operation_row, operation),
        ("an operation that failed", operation_row, operation | {"failure": "catalog-damaged"}),
    ):
        row = layout(fields)
        mac = row_mac(KEY[2, 0, ""], row)
        yield {"rule": rule, "fields": fields, "row": row.hex(), "mac": mac.hex()}


def answers():
    """A kept answer, and the same in places that are not its own."""
    key = KEY[4, 0, ""]
    lookup = blind_index(KEY[1, 0, ""], 6, "admin/1000/8e03978e", "default")
    digest = hashlib.sha256(b"POST /v1/inspections\n{}").digest()
    text = digest + struct.pack(">H", 202) + b'{"state":"pending"}'
    created = 1_700_000_000_000_000
    sealed = seal_box("kept answer", key, answer_aad(lookup, 41, created), text)
    place = {"lookup": lookup.hex(), "index": 41, "created": created}
    opens = [{"rule": "a kept answer"} | place | {"text": text.hex(), "sealed": sealed.hex()}]
    refusals = []

    def refuse(rule, data=sealed, **changed):
        one = place | changed
        vector = {"rule": rule} | one | {"sealed": data.hex(), "refused_by": "box"}
        aad = answer_aad(bytes.fromhex(one["lookup"]), one["index"], one["created"])
        vector |= {"code": "refused"}
        refusals.append(confirm(vector, lambda: open_box("box", key, aad, data)))

    refuse("an answer under another key", lookup=fixed("other look-up", 16).hex())
    refuse("an answer of another event", index=42)
    refuse("an answer of another time", created=created + 1)
    refuse("a bit of the answer is flipped", flipped(sealed, 60))
    return {"opens": opens, "refusals": refusals}


# ---- keyrings.json -----------------------------------------------------------------------------


def slot_offsets(label_bytes):
    """Where two fields of the first slot start in a key file."""
    label = 8 + 1 + 16 + 8 + 2 + 16 + 1 + 8 + 1
    return {"label": label, "root": label + label_bytes + 32}


def parser_faults(good):
    yield "another magic", patched(good, 0, b"IVKEYZ"), "wrong-magic"
    yield "a later version", patched(good, 7, b"\2"), "wrong-magic"
    yield "an unknown kind of file", keyring(kind=3), "unknown-value"
    yield "generation 0", keyring(generation=0), "out-of-range"
    yield "no slot", keyring(slots=()), "out-of-range"
    many = [make_slot(f"slot {at}", VAULT, SECRET, ROOT) for at in range(65)]
    yield "65 slots", keyring(slots=many), "out-of-range"
    yield "no entry", keyring(entries=[], keys=[]), "out-of-range"
    yield "two slots of one id", keyring(slots=(SLOT, SLOT)), "not-canonical"
    for kind in (0, 7):
        slot = make_slot("slot", VAULT, SECRET, ROOT, kind=kind)
        yield f"slot kind {kind}", keyring(slots=(slot,)), "unknown-value"
    for label in (b"", b"on disk", b"a" * 65, b"caf\xc3\xa9", b"\xff"):
        slot = make_slot("slot", VAULT, SECRET, ROOT, label=label)
        yield f"the label {label!r}", keyring(slots=(slot,)), "invalid-text"
    slot = make_slot("slot", VAULT, SECRET, ROOT, body=bytes(4097))
    yield "a slot body of 4097 bytes", keyring(slots=(slot,)), "out-of-range"

    def other(*entries):
        return keyring(entries=list(entries), keys=[fixed("a key")] * len(entries))

    yield "purpose 0", other(entry(0)), "unknown-value"
    yield "purpose 9", other(entry(9)), "unknown-value"
    yield "an epoch without a state", other(entry(6, 1, 0)), "out-of-range"
    yield "an epoch in state 5", other(entry(6, 1, 5)), "out-of-range"
    yield "an index key with an epoch's state", other(entry(1, 0, 2)), "out-of-range"
    yield "an index key in state 9", other(entry(1, 0, 9)), "out-of-range"
    yield "epoch 0", other(entry(6, 0, 2)), "out-of-range"
    yield "a signing key with number 0", other(entry(8, 0)), "out-of-range"
    yield "an index key with a number", other(entry(1, 1)), "out-of-range"
    yield "an index key with a name", other(entry(1, name=b"a")), "not-canonical"
    yield "a naming key without a name", other(entry(7)), "invalid-text"
    yield "a naming key for no namespace", other(entry(7, name=b"A")), "invalid-text"
    yield "entries out of order", other(entry(2), entry(1)), "not-canonical"
    yield "epochs out of order", other(entry(6, 2, 2), entry(6, 1, 3)), "not-canonical"
    yield "an entry twice", other(entry(1), entry(1)), "not-canonical"
    yield "the last byte is cut", good[:-1], "out-of-range"
    yield "a byte follows", good + b"\0", "out-of-range"
    yield "cut inside a slot", good[:100], "truncated"
    yield "cut inside the nonce", good[: len(good) - 32 * len(ENTRIES) - 20], "truncated"
    yield "nothing at all", b"", "truncated"


def sealing_faults(good):
    at = slot_offsets(len(SLOT["label"]))
    body = at["root"] + 80 + 2
    yield "another vault's number", patched(good, 9, fixed("other vault", 16)), "slot", "wrong-key"
    other = fixed("other recipient key")
    slot = SLOT | {"recipient": sodium.crypto_scalarmult_base(other)}
    yield "another recipient", keyring(slots=(slot,)), "slot", "wrong-key"
    yield "a slot's number is changed", flipped(good, 35), "slot", "wrong-key"
    yield "a slot's salt is changed", flipped(good, body + 1), "slot", "wrong-key"
    yield "a slot's commitment is changed", flipped(good, body + 33), "slot", "wrong-key"
    yield "a slot's nonce is changed", flipped(good, body + 65), "slot", "refused"
    yield "a slot's private key is changed", flipped(good, body + 89), "slot", "refused"
    yield "a slot's private key has another tag", flipped(good, body + 136), "slot", "refused"
    yield "a slot's sealed root is changed", flipped(good, at["root"] + 40), "slot", "refused"
    yield "a slot's ephemeral key is changed", flipped(good, at["root"]), "slot", "refused"
    liar = make_slot("liar", VAULT, SECRET, ROOT, recipient=sodium.crypto_scalarmult_base(other))
    yield "a private key that is not the recipient's", keyring(slots=(liar,)), "slot", "refused"
    one, two = SLOT, make_slot("second slot", VAULT, SECRET, ROOT)
    swapped = (one | {"body": two["body"]}, two | {"body": one["body"]})
    yield "two slots with each other's bodies", keyring(slots=swapped), "slot", "wrong-key"
    slot = SLOT | {"body": SLOT["body"] + b"\0"}
    yield "a byte after a slot's body", keyring(slots=(slot,)), "slot", "trailing-bytes"
    slot = SLOT | {"body": SLOT["body"][:-1]}
    yield "a slot's body is cut", keyring(slots=(slot,)), "slot", "truncated"
    generation = patched(good, 25, struct.pack(">Q", 6))
    yield "an earlier generation's number", generation, "payload", "refused"
    yield "a slot's label is changed", patched(good, at["label"], b"S"), "payload", "refused"
    yield "a slot's time is changed", flipped(good, at["label"] - 2), "payload", "refused"
    epochs = [e | {"state": 5 - e["state"]} if e["purpose"] == 6 else e for e in ENTRIES]
    head = len(file_header(1, VAULT, 7, [SLOT], ENTRIES))
    states = file_header(1, VAULT, 7, [SLOT], epochs) + good[head:]
    yield "two epochs with each other's states", states, "payload", "refused"
    yield "the commitment is changed", flipped(good, head), "payload", "refused"
    yield "the nonce is changed", flipped(good, head + 32), "payload", "refused"
    yield "a key is changed", flipped(good, head + 56), "payload", "refused"
    yield "the tag is changed", flipped(good, -1), "payload", "refused"
    yield "another root's payload", keyring(root=fixed("other root")), "payload", "refused"


def generation_faults():
    """What the holder of a removed slot's secret, or of the root before, tries on generation 8."""
    stays = make_slot("stays", VAULT, fixed("a secret that stays"), fixed("next root"))
    after = keyring("after", slots=(stays,), generation=8, root=fixed("next root"))
    yield "the secret of a slot that was removed", after, "slot", "wrong-key"
    put_back = keyring("after", slots=(stays, SLOT), generation=8, root=fixed("next root"))
    yield "a removed slot that was put back with its old root", put_back, "payload", "refused"
    head = len(file_header(1, VAULT, 8, [stays], ENTRIES))
    older = file_header(1, VAULT, 8, [SLOT], ENTRIES) + after[head:]
    yield "the slots of the generation before over the new payload", older, "payload", "refused"


def passphrase_faults(both):
    yield "another passphrase", both, "wrong-key", PASSPHRASE[:-1]
    yield "a passphrase with a newline", both, "wrong-key", PASSPHRASE + "\n"
    yield "a passphrase where there is only a key file", keyring(), "wrong-key", PASSPHRASE
    named = keyring(slots=(make_slot("spoken", VAULT, PASSPHRASE, ROOT, kind=1),))
    yield "a passphrase slot that says it is a key file", named, "wrong-key", PASSPHRASE

    def asking(passes, kibibytes, more=b""):
        parameters = struct.pack(">II", passes, kibibytes) + more
        slot = make_slot("spoken", VAULT, PASSPHRASE, ROOT, parameters=parameters)
        return keyring(slots=(slot,))

    yield "one pass more", asking(2, 64), "wrong-key", PASSPHRASE
    yield "a KiB more", asking(1, 65), "wrong-key", PASSPHRASE
    for passes, kibibytes in ((0, 64), (13, 64), (1, 63), (1, (512 << 10) + 1), (3, 4 << 20)):
        rule = f"{passes} passes over {kibibytes} KiB"
        yield rule, asking(passes, kibibytes), "out-of-range", PASSPHRASE
    yield "a byte after the parameters", asking(1, 64, b"\0"), "trailing-bytes", PASSPHRASE
    short_of = make_slot("spoken", VAULT, PASSPHRASE, ROOT, parameters=bytes(7))
    yield "parameters of 7 bytes", keyring(slots=(short_of,)), "truncated", PASSPHRASE


def keyrings():
    good = keyring()
    sealed = open_file(good, SECRET)[2]
    assert [one["key"] for one in sealed] == KEYS

    def spell(one):
        return one | {"name": one["name"].decode(), "key": one["key"].hex()}

    opens = [{"rule": "a keyring with one slot", "kind": 1, "file": good.hex()}]
    opens[0] |= {"secret": key_text(SECRET), "root": ROOT.hex()}
    opens[0] |= {"entries": list(map(spell, sealed))}
    log = open_file(log_key(), LOG_SECRET)[2]
    opens.append({"rule": "a log key with one slot", "kind": 2, "file": log_key().hex()})
    opens[1] |= {"secret": key_text(LOG_SECRET), "root": LOG_ROOT.hex()}
    opens[1] |= {"entries": list(map(spell, log))}
    recovery = make_slot("recovery", VAULT, fixed("offline"), ROOT, kind=3)
    second = make_slot("second", VAULT, fixed("second secret"), ROOT)
    several = keyring("several", slots=(recovery, second, SLOT))
    opens.append({"rule": "the last slot of three opens", "kind": 1, "file": several.hex()})
    opens[2] |= {"secret": key_text(SECRET), "root": ROOT.hex()}
    opens[2] |= {"entries": list(map(spell, open_file(several, SECRET)[2]))}
    both = keyring("both", slots=(SLOT, make_slot("spoken", VAULT, PASSPHRASE, ROOT)))
    for rule, typed in {"key file": key_text(SECRET), "passphrase": PASSPHRASE}.items():
        opened = list(map(spell, open_file(both, typed)[2]))
        opens.append({"rule": f"of two slots the {rule} opens alone", "kind": 1, "file": both.hex()})
        opens[-1] |= {"secret": typed, "root": ROOT.hex(), "entries": opened}
    whole, third = make_board(), make_slot("third", VAULT, fixed("third secret"), ROOT)
    recipient = recovery_slot(ROOT)
    mixed = keyring("mixed", slots=(recipient, whole["slot"], third))
    for numbers in ((0, 1, 2), (4, 2, 3), (0, 1, 2, 3, 4)):
        typed = "\n".join(whole["texts"][at] for at in numbers) + "\n"
        told = " and ".join(str(at + 1) for at in numbers)
        opens.append({"rule": f"the shares {told} of three that are needed", "kind": 1})
        opens[-1] |= {"file": mixed.hex(), "secret": typed, "root": ROOT.hex()}
        opens[-1] |= {"entries": list(map(spell, open_file(mixed, typed)[2]))}
    refusals = []

    def refuse(rule, data, layer, code, secret=SECRET):
        typed = secret if isinstance(secret, str) else key_text(secret)
        vector = {"rule": rule, "file": data.hex(), "secret": typed}
        vector |= {"refused_by": layer, "code": code}
        refusals.append(confirm(vector, lambda: open_file(data, secret)))

    for rule, data, code in parser_faults(good):
        refuse(rule, data, "parser", code)
    for rule, data, layer, code in sealing_faults(good):
        refuse(rule, data, layer, code)
    refuse("another secret", good, "slot", "wrong-key", fixed("wrong secret"))
    refuse("the secret of a slot of another kind", several, "slot", "wrong-key", fixed("offline"))
    for rule, data, layer, code in generation_faults():
        refuse(rule, data, layer, code)
    for rule, data, code, typed in passphrase_faults(both):
        refuse(rule, data, "slot", code, typed)
    for rule, typed in share_faults(whole["texts"]):
        refuse(rule, mixed, "slot", "wrong-key", typed)
    return opens, refusals


def make_board(name="board", vault=None):
    """A slot that three of five shares open."""
    secret = fixed(name + " secret")
    shares = make_shares(name, vault or VAULT, secret, 3, 5)
    slot = make_slot(name, VAULT, secret, ROOT, kind=4, parameters=share_set(name, 3, 5))
    return {"slot": slot, "texts": [checked_text("share", share) for share in shares]}


def share_faults(texts):
    two = texts[:2]
    other = make_board("other board")["texts"]
    elsewhere = make_board("board", fixed("other vault", 16))["texts"]

    def wrong(text):
        return checked_text("share", flipped(parse_checked("share", text), -1))

    yield "two shares of three", "\n".join(two)
    yield "one share", texts[0]
    yield "a share twice", "\n".join([*two, texts[1]])
    yield "a share of another set", "\n".join([*two, other[2]])
    yield "shares of another set", "\n".join(other[:3])
    yield "shares for another vault", "\n".join(elsewhere[:3])
    yield "a share that is wrong, with its checksum", "\n".join([*two, wrong(texts[2])])
    yield "a share more that does not agree", "\n".join([*texts[:3], wrong(texts[4])])


# ---- slot-texts.json ---------------------------------------------------------------------------

RECOVERY = fixed("recovery key")


def recovery_slot(root, name="bank"):
    """A slot whose private half the vault never has."""
    recipient = sodium.crypto_scalarmult_base(RECOVERY)
    return {
        "id": fixed(name + " id", 16),
        "kind": 3,
        "created": 1_700_000_000_000_000,
        "label": name.encode(),
        "recipient": recipient,
        "sealed_root": seal_to(name, recipient, root),
        "body": b"",
    }


def recovery_case():
    """A challenge and its answer, both as text, and every byte that they are made of."""
    slot, session = recovery_slot(ROOT), fixed("session key")
    asking = sodium.crypto_scalarmult_base(session)
    data = VAULT + slot["id"] + struct.pack(">Q", 7) + asking + slot["sealed_root"]
    opened = sodium.crypto_box_seal_open(slot["sealed_root"], slot["recipient"], RECOVERY)
    answer = slot["id"] + seal_to("answer", asking, opened)
    assert sodium.crypto_box_seal_open(answer[16:], asking, session) == ROOT
    return {
        "recovery": checked_text("recovery", RECOVERY),
        "recipient": checked_text("recipient", slot["recipient"]),
        "words": check_words(slot["recipient"]),
        "file": keyring("recovered", slots=(slot,)).hex(),
        "slot": slot["id"].hex(),
        "challenge": checked_text("challenge", data),
        "session": session.hex(),
        "session_words": check_words(asking),
        "answer": checked_text("answer", answer),
        "root": ROOT.hex(),
    }


def slot_texts():
    opens, refusals = [], []
    for name, count in CHECKED.items():
        data = fixed("text of " + name, count)
        text = checked_text(name, data)
        opens.append({"rule": name, "name": name, "text": text, "bytes": data.hex()})
        start = len(f"imagevault-{name}-1:")
        spaced = text[:start] + " " + " ".join(text[at:at + 4] for at in range(start, len(text), 4))
        if name != "key":
            opens.append({"rule": name + " as on paper", "name": name, "text": spaced + " \n"})
            opens[-1] |= {"bytes": data.hex()}
        digit = "0" if text[start] != "0" else "1"
        faults = {
            "cut by a digit": text[:-1],
            "a digit mistyped": text[:start] + digit + text[start + 1:],
            "two digits swapped for one another": text[:start] + text[start + 2:start + 4]
            + text[start:start + 2] + text[start + 4:],
            "a digit more": text + "0",
            "capital digits": text[:start] + text[start:].upper(),
            "another version": text.replace("-1:", "-2:"),
            "a tab between": text[:start + 8] + "\t" + text[start + 8:],
            "a space before": " " + text,
        }
        for rule, fault in faults.items():
            vector = {"rule": f"{name}: {rule}", "name": name, "text": fault}
            vector |= {"refused_by": "text", "code": "malformed-text"}
            refusals.append(confirm(vector, lambda: parse_checked(name, fault)))
    words = [{"key": fixed(f"words {at}").hex()} for at in range(4)]
    for one in words:
        one["words"] = check_words(bytes.fromhex(one["key"]))
    return {
        "opens": opens,
        "refusals": refusals,
        "words": words,
        "recovery": recovery_case(),
        "sharings": [sharing(needed, count) for needed, count in ((2, 2), (3, 5), (16, 24))],
        "published": PUBLISHED,
    }


def sharing(needed, count):
    name = f"{needed} of {count}"
    secret = fixed(name + " secret")
    rows = [fixed(f"{name} coefficient {degree}").hex() for degree in range(1, needed)]
    shares = make_shares(name, VAULT, secret, needed, count)
    return {
        "rule": name,
        "secret": secret.hex(),
        "coefficients": rows,
        "shares": [checked_text("share", share) for share in shares],
    }


# Points of polynomials over this field as others published them, with the place of their secret: the sample
# of the Internet-Draft draft-mcgrew-tss-03 (2010), and two splits of Blockchain Commons' bc-shamir, which
# has its secret at 255.
PUBLISHED = [
    {
        "rule": "draft-mcgrew-tss-03, 2 of 2",
        "needed": 2,
        "at": 0,
        "secret": "7465737400",
        "points": {"1": "b9fa07e185", "2": "f5409b4511"},
    },
    {
        "rule": "bc-shamir, 3 of 5",
        "needed": 3,
        "at": 255,
        "secret": "0ff784df000c4380a5ed683f7e6e3dcf",
        "points": {
            "0": "00112233445566778899aabbccddeeff",
            "1": "d43099fe444807c46921a4f33a2a798b",
            "2": "d9ad4e3bec2e1a7485698823abf05d36",
            "3": "0d8cf5f6ec337bc764d1866b5d07ca42",
            "4": "1aa7fe3199bc5092ef3816b074cabdf2",
        },
    },
    {
        "rule": "bc-shamir, 2 of 7",
        "needed": 2,
        "at": 255,
        "secret": "204188bfa6b440a1bdfd6753ff55a8241e07af5c5be943db917e3efabc184b1a",
        "points": {
            "0": "2dcd14c2252dc8489af3985030e74d5a48e8eff1478ab86e65b43869bf39d556",
            "1": "a1dfdd798388aada635b9974472b4fc59a32ae520c42c9f6a0af70149b882487",
            "2": "2ee99daf727c0c7773b89a18de64497ff7476dacd1015a45f482a893f7402cef",
        },
    },
]
for one in PUBLISHED:
    some = dict(list(one["points"].items())[-one["needed"]:])
    found = interpolated({int(at): bytes.fromhex(value) for at, value in some.items()}, one["at"])
    assert found.hex() == one["secret"], one["rule"]


def key_texts():
    text = key_text(SECRET)
    opens = [{"rule": "the text of a key file", "text": text, "secret": SECRET.hex()}]
    opens.append({"rule": "without its newline", "text": text[:-1], "secret": SECRET.hex()})
    faults = {
        "empty": "",
        "only a newline": "\n",
        "cut by one digit": text[:-2] + "\n",
        "cut in half": text[:44],
        "one digit mistyped": text[:20] + ("0" if text[20] != "0" else "1") + text[21:],
        "the checksum mistyped": text[:-2] + ("0" if text[-2] != "0" else "1") + "\n",
        "capital digits": text[:17] + text[17:].upper(),
        "another version": text.replace("key-1", "key-2"),
        "a space before": " " + text[:-1],
        "a line after": text + "\n",
        "a carriage return": text[:-1] + "\r\n",
        "no prefix": text[17:],
    }
    refusals = []
    for rule, fault in faults.items():
        vector = {"rule": rule, "text": fault, "refused_by": "key-file"}
        vector |= {"code": "malformed-key-file"}
        refusals.append(confirm(vector, lambda: parse_key_text(fault)))
    return opens, refusals


# ---- tokens.json -------------------------------------------------------------------------------


def tokens():
    key, salt, secret = fixed("token key"), fixed("token salt"), fixed("token secret")
    nonce = fixed("token nonce", 12)
    sealed = AESGCM(key).encrypt(nonce, secret, token_aad(VAULT, salt))

    def vector(rule, parameters, **more):
        place = {"vault": VAULT.hex(), "salt": salt.hex(), "token_key": key.hex()}
        return {"rule": rule} | place | {"parameters": parameters.hex()} | more

    def about(label):
        made = {"label": label, "nonce": nonce.hex(), "sealed": sealed.hex(), "secret": secret.hex()}
        return made | {"aad": token_aad(VAULT, salt).hex(), "object": sealed_object(salt)}

    opens = []
    for rule, label in {"a key of one letter": "k", "one of 64": "Vault key #1 " + "~" * 51}.items():
        parameters = short(label.encode()) + nonce + sealed
        assert open_token(parameters, key, VAULT, salt) == secret
        opens.append(vector(rule, parameters, **about(label)))
    good = short(b"kek") + nonce + sealed
    faults = {
        "empty": (b"", "parser", "truncated"),
        "cut by one byte": (good[:-1], "parser", "truncated"),
        "one byte more": (good + b"\0", "parser", "trailing-bytes"),
        "no name": (short(b"") + nonce + sealed, "parser", "invalid-text"),
        "a name of 65": (short(b"k" * 65) + nonce + sealed, "parser", "invalid-text"),
        "a name with a zero": (short(b"k\0k") + nonce + sealed, "parser", "invalid-text"),
        "a name in UTF-8": (short("kék".encode()) + nonce + sealed, "parser", "invalid-text"),
        "a length beyond the end": (b"\xff" + good[1:], "parser", "truncated"),
        "the nonce flipped": (flipped(good, 4), "token", "token-key-unfit"),
        "the secret flipped": (flipped(good, 16), "token", "token-key-unfit"),
        "the tag flipped": (flipped(good, len(good) - 1), "token", "token-key-unfit"),
    }
    refusals = []
    for rule, (data, layer, code) in faults.items():
        one = vector(rule, data, refused_by=layer, code=code)
        refusals.append(confirm(one, lambda: open_token(data, key, VAULT, salt)))
    for rule, field in {"another vault": "vault", "another salt": "salt"}.items():
        other = fixed(rule, 16 if field == "vault" else 32)
        place = {"vault": VAULT, "salt": salt} | {field: other}
        one = vector(rule, good, refused_by="token", code="token-key-unfit") | {field: other.hex()}
        refusals.append(confirm(one, lambda: open_token(good, key, **place)))
    return opens, refusals


# ---- log.json ----------------------------------------------------------------------------------

# The leaves and roots published with the Certificate Transparency implementations.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
LEAVES += ["606162636465666768696a6b6c6d6e6f"]
ROOTS = """
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
""".split()


def events():
    """Rule, index, and the body's fields in order."""
    yield (
        "an event with the fewest fields",
        0,
        {
            "at": "1970-01-01T00:00:00.000000Z",
            "action": "vault.created",
            "outcome": "done",
        },
    )
    yield (
        "an event with every field",
        18446744073709551615,
        {
            "at": "2024-02-29T23:59:59.999999Z",
            "action": "image.put",
            "outcome": "refused",
            "code": "image-refused",
            "finding": "jpeg-truncated",
            "door": "images",
            "uid": 4294967294,
            "gid": 33,
            "pid": 4242,
            "executable": "/opt/Gr\u00fcn\u202e \"b\\\n/app (deleted)",
            "unit": "web\\x2dshop@7.service",
            "request_id": fixed("request", 8).hex(),
            "actor": fixed("actor", 16).hex(),
            "client": fixed("client", 16).hex(),
            "agent": fixed("agent", 16).hex(),
            "trace": fixed("trace", 16).hex(),
            "namespace": "default",
            "image": fixed("event image").hex(),
            "reference": fixed("event reference", 16).hex(),
            "slot": fixed("event slot", 16).hex(),
            "generation": 8,
            "key_file": "log-key",
            "note": "imagevault/log-key\n2\n\n\u2014 signed\n",
            "bytes": 200000,
            "offset": 262144,
            "duration_us": 1234,
            "verdict": "decode",
            "inspector": 4294967295,
            "flags": "gps serial-number",
            "findings": "trailer-data@199000 jpeg-truncated",
            "policy": fixed("policy", 8).hex(),
            "epoch": 2,
            "begun_at": 41,
            "operation": fixed("event operation", 16).hex(),
            "work": "reinspect",
            "items": 95,
            "found": 2,
            "failures": 1,
            "approval": fixed("event approval", 16).hex(),
            "statement": fixed("event statement").hex(),
            "backup": fixed("event backup", 16).hex(),
            "receipt": fixed("event receipt", 16).hex(),
            "level": 3,
            "escrow": fixed("event escrow", 16).hex(),
            "hold": fixed("event hold", 16).hex(),
            "until": "2027-11-26T14:00:00.000001Z",
            "from": 0,
            "to": 9223372036854775807,
            "filters": "image uid",
            "pseudonym": fixed("event pseudonym", 16).hex(),
            "reason": "case 4711",
            "principal": "web-shop",
            "limit": "secrets",
            "count": 90000,
            "endpoint": "/login?next=/",
            "decision": "block",
            "locked": "actor,source",
            "token": fixed("event token", 16).hex(),
            "ticket": fixed("event ticket", 16).hex(),
            "scopes": "images.get images.probe",
            "item": "firewall",
            "rule": "id-walk",
            "incident": fixed("event incident", 16).hex(),
            "grade": "read-only",
            "alert": "syslog",
        },
    )
    yield (
        "text outside plain ASCII is escaped by UTF-16 unit",
        7,
        {
            "at": "1969-12-31T23:59:59.000001Z",
            "action": "read.ended",
            "outcome": "failed",
            "finding": 'a"b\\c\n\u007f\u00e9\u20ac\U0001f600',
        },
    )


# The defaults, and everything otherwise.
POLICIES = ["""
level=decode trailer=refuse metadata=keep animation=accept types=jpeg,png max_bytes=10485760
max_pixels=50000000 max_scans=100 max_metadata_bytes=4194304
""", """
level=structure trailer=truncate metadata=strip animation=refuse types=png max_bytes=1 max_pixels=2
max_scans=3 max_metadata_bytes=1024
"""]


def policy(text):
    """What an event says of a policy: the start of the hash of its settings in words."""
    line = " ".join(text.split())
    return {"text": line, "digest": hashlib.sha256(line.encode()).digest()[:8].hex()}


NAMES = {3: "user:8421", 4: "2001:db8::1", 5: 'Mozilla/5.0 (X11; "test")'}
KINDS = {3: "actor", 4: "client", 5: "agent"}


def pseudonyms():
    """What pseudonyms stand for, and sealed names in places that are not theirs."""
    opens, refusals = [], []
    key = KEY[4, 0, ""]
    for kind, name in NAMES.items():
        pseudonym = fixed(KINDS[kind], 16)
        sealed = seal_box(f"pseudonym {kind}", key, pseudonym_aad(kind, pseudonym), name.encode())
        index = blind_index(KEY[1, 0, ""], kind, name, "default")
        one = {"rule": f"the name of a pseudonym: {KINDS[kind]}", "kind": kind, "name": name}
        one |= {"pseudonym": pseudonym.hex(), "index": index.hex(), "sealed": sealed.hex()}
        opens.append(one)

    def refuse(rule, kind, pseudonym, data=sealed):
        vector = {"rule": rule, "kind": kind, "pseudonym": pseudonym.hex(), "sealed": data.hex()}
        vector |= {"refused_by": "box", "code": "refused"}
        aad = pseudonym_aad(kind, pseudonym)
        refusals.append(confirm(vector, lambda: open_box("box", key, aad, data)))

    refuse("a name under another pseudonym", 5, fixed("actor", 16))
    refuse("a name of another kind", 4, pseudonym)
    refuse("a bit of the name is flipped", 5, pseudonym, flipped(sealed, 24))
    refuse("a name that was cut", 5, pseudonym, sealed[:-1])
    return {"opens": opens, "refusals": refusals}


def log():
    opens, refusals = [], []
    for rule, index, fields in events():
        body = event_body({"index": index} | fields)
        assert json.loads(body) == {"index": index} | fields
        salt = fixed(f"event salt {index}")
        content = hashlib.sha256(salt + body).digest()
        key = KEY[4, 0, ""]
        sealed = seal_box(f"event {index}", key, event_aad(index), salt + body)
        one = {"rule": rule, "index": str(index), "fields": fields, "body": body.decode()}
        one |= {"salt": salt.hex(), "content": content.hex(), "leaf": leaf_hash(content).hex()}
        opens.append(one | {"sealed": sealed.hex()})

    def refuse(rule, data=sealed, index=7):
        vector = {"rule": rule, "index": str(index), "sealed": data.hex()}
        vector |= {"refused_by": "box", "code": "refused"}
        refusals.append(confirm(vector, lambda: open_box("box", key, event_aad(index), data)))

    refuse("an event in another's place", index=8)
    refuse("a bit of the nonce is flipped", flipped(sealed, 0))
    refuse("a bit of the body is flipped", flipped(sealed, 24))
    refuse("a bit of the tag is flipped", flipped(sealed, -1))
    refuse("the last byte is cut", sealed[:-1])
    refuse("only nonce and tag are left", sealed[:40])
    refuse("nothing at all", b"")

    leaves = [bytes.fromhex(leaf) for leaf in LEAVES]
    assert [tree_root(leaves[:size]).hex() for size in range(9)] == ROOTS
    seed = Ed25519PrivateKey.from_private_bytes(LOG_SEED)
    public = seed.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    origin = f"imagevault/{VAULT.hex()}"
    notes = []
    for size in (0, 8):
        note = make_note(VAULT, size, tree_root(leaves[:size]), seed)
        check_note(note, verifier_key(origin, public))
        notes.append({"size": size, "root": ROOTS[size], "note": note})
    signer = {"origin": origin, "public_key": public.hex(), "key_id": key_id(origin, public).hex()}
    signer |= {"verifier_key": verifier_key(origin, public)}
    signer |= {"fingerprint": hashlib.sha256(public).hexdigest(), "notes": notes}
    next_seed = fixed("next log key")
    following = Ed25519PrivateKey.from_private_bytes(next_seed)
    next_public = following.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signer |= {"succession": {"number": 2, "old": verifier_key(origin, public)}}
    signer["succession"] |= {"new": verifier_key(origin, next_public)}
    signer["succession"] |= {"note": make_succession(VAULT, 2, seed, following)}
    trees = {"leaves": LEAVES, "roots": ROOTS}
    both = {"opens": opens, "refusals": refusals, "pseudonyms": pseudonyms()}
    both |= {"policies": [policy(text) for text in POLICIES]}
    both |= {"receipts": receipts(origin, seed), "anchors": anchors(origin, seed)}
    return both | {"trees": trees, "checkpoints": signer, "statements": statements(origin, seed)}


def statements(origin, seed):
    """Signed statements, and texts that are none. LogFormat §7."""
    first = {"vault": VAULT.hex(), "operation": fixed("statement operation", 16).hex()}
    first |= {"work": "rotate", "at": "2026-11-26T14:00:00.000001Z", "generation": "5", "epoch": 3}
    first |= {"emptied": [1, 2]}
    first |= {"keys": "200000", "opened": "199998", "size": "8", "root": ROOTS[8]}
    last = first | {"generation": str(2**64 - 1), "epoch": 2**32 - 1, "emptied": []}
    last |= {"work": "reencrypt", "keys": "0", "opened": "0"}
    opens, refusals = [], []
    for rule, one in (("epochs are left without a key under them", first), ("no epoch is", last)):
        text = statement_text(one)
        parse_statement(text)
        note = sign_note(text, origin, seed)
        opens.append({"rule": rule, "fields": one, "note": note})
    text = statement_text(first)

    def refuse(rule, code, old, new):
        assert text.count(old) == 1, rule
        vector = {"rule": rule, "text": text.replace(old, new), "refused_by": "text", "code": code}
        refusals.append(confirm(vector, lambda: parse_statement(vector["text"])))

    refuse("another kind of text", "wrong-magic", "rotation/1", "rotation/2")
    refuse("a checkpoint's first line", "wrong-magic", "imagevault-rotation/1", origin)
    refuse("a field is missing", "invalid-text", "keys 200000\n", "")
    refuse("two fields change places", "invalid-text", "epoch 3\nemptied 1,2\n", "emptied 1,2\nepoch 3\n")
    refuse("a line more", "trailing-bytes", "log 8", "log 8 " + text.split()[-1] + "\nlog 8")
    refuse("the last newline is cut", "truncated", text.split()[-1] + "\n", text.split()[-1])
    refuse("a statement about other work", "unknown-value", "work rotate", "work reinspect")
    refuse("epoch 0", "out-of-range", "epoch 3", "epoch 0")
    refuse("an epoch of 2^32", "out-of-range", "epoch 3", "epoch 4294967296")
    refuse("a number with a leading zero", "invalid-text", "keys 200000", "keys 0200000")
    refuse("a number with a sign", "invalid-text", "keys 200000", "keys +200000")
    refuse("a number of 2^64", "invalid-text", "keys 200000", f"keys {2**64}")
    refuse("epochs that do not rise", "not-canonical", "emptied 1,2", "emptied 2,1")
    refuse("an epoch twice", "not-canonical", "emptied 1,2", "emptied 2,2")
    refuse("a list without an epoch", "invalid-text", "emptied 1,2", "emptied ")
    refuse("a time in another zone", "invalid-text", "000001Z", "000001+00:00")
    refuse("a root of 31 bytes", "wrong-length", text.split()[-1], base64.b64encode(bytes(31)).decode())
    refuse("upper-case digits", "invalid-text", VAULT.hex(), VAULT.hex().upper())
    return {"opens": opens, "refusals": refusals}


def parse_anchor(text):
    lines = text.split("\n")
    refuse_unless(lines.pop(0) == "imagevault-anchor/1", "text", "wrong-magic")
    words = {}
    for name in ("vault", "at", "generation", "keyring", "log"):
        refuse_unless(lines and lines[0].startswith(name + " "), "text", "invalid-text")
        words[name] = lines.pop(0).removeprefix(name + " ")
    receipt_id(words["vault"])
    receipt_time(words["at"])
    statement_number(words["generation"], 64)
    receipt_id(words["keyring"], 64)
    size, _, root = words["log"].partition(" ")
    statement_number(size, 64)
    try:
        spelled = base64.b64encode(base64.b64decode(root, validate=True)).decode() == root
    except ValueError:
        spelled = False
    refuse_unless(spelled, "text", "invalid-text")
    refuse_unless(len(base64.b64decode(root)) == 32, "text", "wrong-length")
    refuse_unless(lines, "text", "truncated")
    refuse_unless(lines == [""], "text", "trailing-bytes")


def anchors(origin, seed):
    """Signed anchors, and texts that are none. LogFormat §9."""
    root = base64.b64encode(bytes.fromhex(ROOTS[8])).decode()
    text = f"imagevault-anchor/1\nvault {VAULT.hex()}\nat 2026-11-26T14:00:00.000001Z\ngeneration 5\n"
    text += f"keyring {fixed('anchor keyring').hex()}\nlog 8 {root}\n"
    last = text.replace("generation 5", f"generation {2**64 - 1}").replace("log 8", f"log {2**64 - 1}")
    opens, refusals = [], []
    for rule, one in (("of eight events", text), ("of the largest numbers", last)):
        parse_anchor(one)
        opens.append({"rule": rule, "text": one, "note": sign_note(one, origin, seed)})

    def refuse(rule, code, old, new):
        assert text.count(old) == 1, rule
        vector = {"rule": rule, "text": text.replace(old, new), "refused_by": "text", "code": code}
        refusals.append(confirm(vector, lambda: parse_anchor(vector["text"])))

    refuse("another version", "wrong-magic", "anchor/1", "anchor/2")
    refuse("a checkpoint's first line", "wrong-magic", "imagevault-anchor/1", origin)
    refuse("a field is missing", "invalid-text", "generation 5\n", "")
    refuse("a line more", "trailing-bytes", root + "\n", root + "\nlog 8 " + root + "\n")
    refuse("the last newline is cut", "truncated", root + "\n", root)
    refuse("a number with a leading zero", "invalid-text", "log 8", "log 08")
    refuse("a time in another zone", "invalid-text", "000001Z", "000001+00:00")
    refuse("a keyring's digest that is cut", "wrong-length", fixed("anchor keyring").hex(), "00" * 31)
    refuse("a root of 31 bytes", "wrong-length", root, base64.b64encode(bytes(31)).decode())
    refuse("upper-case digits", "invalid-text", VAULT.hex(), VAULT.hex().upper())
    return {"opens": opens, "refusals": refusals}


RECEIPT_FIELDS = ["vault", "receipt", "erased", "namespace", "image", "operation", "asked", "claims", "images"]
RECEIPT_FIELDS += ["bytes", "left", "event", "epoch", "at", "level"]
RECEIPT_ENDS = ["remains image-id,sizes,times,events,exports"]
RECEIPT_ENDS += ["excludes unregistered-copies,old-disk-blocks,earlier-readers"]
RECEIPT_LEVELS = {"operation": 1, "purge": 1, "epoch": 2, "backup": 2, "escrow": 3}


def receipt_text(one):
    """What is signed of an erasure. LogFormat §8."""
    lines = ["imagevault-receipt/1"] + [f"{name} {one[name]}" for name in RECEIPT_FIELDS]
    lines += [f"waits {wait}" for wait in one["waits"]] + [f"attested {copy}" for copy in one["attested"]]
    root = base64.b64encode(bytes.fromhex(one["root"])).decode()
    return "".join(line + "\n" for line in lines + RECEIPT_ENDS + [f"log {one['size']} {root}"])


def receipt_id(text, digits=32, may_miss=False):
    if may_miss and text == "-":
        return
    refuse_unless(len(text) == digits, "text", "wrong-length")
    refuse_unless(re.fullmatch("[0-9a-f]*", text), "text", "invalid-text")


def receipt_time(text):
    at = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
    refuse_unless(re.fullmatch(at, text, re.ASCII), "text", "invalid-text")


def receipt_wait(text):
    words = text.split(" ")
    counts = {"operation": 1, "purge": 1, "epoch": 2, "backup": 3, "escrow": 2}
    refuse_unless(counts.get(words[0]) == len(words), "text", "unknown-value")
    if words[0] == "epoch":
        refuse_unless(statement_number(words[1], 32) > 0, "text", "out-of-range")
    elif len(words) > 1:
        receipt_id(words[1])
        if len(words) == 3 and words[2] != "-":
            receipt_time(words[2])
    return RECEIPT_LEVELS[words[0]]


def parse_receipt(text):
    lines = text.split("\n")
    refuse_unless(lines.pop(0) == "imagevault-receipt/1", "text", "wrong-magic")
    words = {}
    for name in RECEIPT_FIELDS:
        refuse_unless(lines and lines[0].startswith(name + " "), "text", "invalid-text")
        words[name] = lines.pop(0).removeprefix(name + " ")
    for name, digits, may_miss in (("vault", 32, 0), ("receipt", 32, 0), ("image", 64, 1), ("operation", 32, 1)):
        receipt_id(words[name], digits, may_miss)
    kinds = ("claim", "image", "claims", "retention", "quarantine")
    refuse_unless(words["erased"] in kinds, "text", "unknown-value")
    receipt_time(words["asked"])
    receipt_time(words["at"])
    for name in ("claims", "images", "bytes", "level"):
        statement_number(words[name], 64)
    for name in ("left", "event"):
        if words[name] != "-":
            statement_number(words[name], 64)
    if words["epoch"] != "-":
        refuse_unless(statement_number(words["epoch"], 32) > 0, "text", "out-of-range")
    waits = []
    runs = False
    while lines and lines[0].startswith("waits "):
        runs = runs or lines[0] == "waits operation"
        waits.append(receipt_wait(lines.pop(0).removeprefix("waits ")))
    while lines and lines[0].startswith("attested "):
        copy = lines.pop(0).removeprefix("attested ").split(" ")
        refuse_unless(len(copy) == 3, "text", "invalid-text")
        receipt_id(copy[0])
        statement_number(copy[1], 32)
        receipt_time(copy[2])
    for end in RECEIPT_ENDS:
        name = end.split(" ")[0]
        refuse_unless(lines and lines[0].startswith(name + " "), "text", "invalid-text")
        refuse_unless(lines.pop(0) == end, "text", "unknown-value")
    refuse_unless(lines and lines[0].startswith("log "), "text", "invalid-text")
    lines.pop(0)
    refuse_unless(lines, "text", "truncated")
    refuse_unless(lines == [""], "text", "trailing-bytes")
    level = min(waits, default=4) - 1
    refuse_unless(int(words["level"]) == level, "text", "not-canonical")
    refuse_unless((words["left"] == "-") == runs, "text", "not-canonical")


def receipts(origin, seed):
    """Signed receipts, and texts that are none. LogFormat §8."""
    copies = [fixed(f"receipt escrow {number}", 16).hex() for number in (1, 2)]
    backup = fixed("receipt backup", 16).hex()
    asked, later = "2026-11-26T14:00:00.000001Z", "2027-01-26T14:00:00.000000Z"
    first = {"vault": VAULT.hex(), "receipt": fixed("receipt", 16).hex(), "erased": "image", "namespace": "default"}
    first |= {"image": fixed("receipt image").hex(), "operation": "-", "asked": asked, "claims": 2, "images": 1}
    first |= {"bytes": 200000, "left": 0, "event": 7, "epoch": 3, "at": later, "level": 1}
    first |= {"waits": ["epoch 2", "epoch 3", f"backup {backup} {later}", f"escrow {copies[0]}"]}
    first |= {"attested": [f"{copies[1]} 1000 {asked}"], "size": "8", "root": ROOTS[8]}
    begun = first | {"erased": "retention", "namespace": "-", "image": "-", "claims": 0, "images": 0, "bytes": 0}
    begun |= {"operation": fixed("receipt operation", 16).hex(), "event": "-", "epoch": "-", "level": 0}
    begun |= {"left": "-", "waits": ["operation"], "attested": []}
    done = first | {"erased": "claims", "level": 3, "waits": [], "bytes": 2**64 - 1, "left": 5}
    opens, refusals = [], []
    for rule, one in (("an image, purged", first), ("an operation that begins", begun), ("nothing waits", done)):
        parse_receipt(receipt_text(one))
        opens.append({"rule": rule, "text": receipt_text(one), "note": sign_note(receipt_text(one), origin, seed)})
    text = receipt_text(first)

    def refuse(rule, code, old, new, text=text):
        assert text.count(old) == 1, rule
        vector = {"rule": rule, "text": text.replace(old, new), "refused_by": "text", "code": code}
        refusals.append(confirm(vector, lambda: parse_receipt(vector["text"])))

    refuse("another kind of text", "wrong-magic", "receipt/1", "receipt/2")
    refuse("a statement's first line", "wrong-magic", "imagevault-receipt/1", "imagevault-rotation/1")
    refuse("a field is missing", "invalid-text", "claims 2\n", "")
    refuse("a level that is not what is waited for", "not-canonical", "level 1", "level 2")
    refuse("a wait is left out", "not-canonical", "waits epoch 2\nwaits epoch 3\nwaits backup " + f"{backup} {later}\n", "")
    refuse("a wait for something else", "unknown-value", "waits epoch 2", "waits comet 2")
    refuse("a wait with a word more", "unknown-value", "waits epoch 2", "waits epoch 2 3")
    refuse("a wait for epoch 0", "out-of-range", "waits epoch 2", "waits epoch 0")
    refuse("another word for what went", "unknown-value", "erased image", "erased images")
    refuse("an attestation without a time", "invalid-text", f"1000 {asked}", "1000")
    refuse("what stays is said in other words", "unknown-value", "sizes,times", "times,sizes")
    refuse("what is not spoken of is left out", "invalid-text", RECEIPT_ENDS[1] + "\n", "")
    refuse("a line more", "trailing-bytes", "log 8", "log 8 " + text.split()[-1] + "\nlog 8")
    refuse("the last newline is cut", "truncated", text.split()[-1] + "\n", text.split()[-1])
    refuse("a number with a leading zero", "invalid-text", "claims 2", "claims 02")
    refuse("an image of 31 bytes", "wrong-length", first["image"], first["image"][2:])
    refuse("what is left is not said", "invalid-text", "left 0\n", "")
    refuse("less than nothing is left", "invalid-text", "left 0", "left -1")
    refuse("what is left is open though nothing runs", "not-canonical", "left 0", "left -")
    refuse("what is left is told while it runs", "not-canonical", "left -", "left 0", receipt_text(begun))
    return {"opens": opens, "refusals": refusals}


# ---- The program -------------------------------------------------------------------------------


def files():
    # Here, because it imports this file.
    import vectors_backups
    import vectors_bundles
    import vectors_cases

    def pair(both):
        return {"opens": list(both[0]), "refusals": list(both[1])}

    yield "blobs", "ObjectFormat §2 to §4", pair((opening_blobs(), refused_blobs()))
    yield "wraps", "ObjectFormat §5", pair(wraps())
    yield "references", "ObjectFormat §6", pair(references())
    yield "lookups", "ObjectFormat §7 to §9", lookups()
    yield "keyrings", "KeyringFormat §2 to §5", pair(keyrings())
    yield "key-texts", "KeyringFormat §3.2", pair(key_texts())
    yield "slot-texts", "KeyringFormat §3.2 to §3.5", slot_texts()
    yield "tokens", "KeyringFormat §3.6 and §3.7", pair(tokens())
    yield "log", "LogFormat", log()
    yield "bearers", "Bearers", bearers()
    yield "bundles", "BundleFormat", vectors_bundles.bundles()
    yield "cases", "CaseFormat", vectors_cases.cases()
    yield "backups", "BackupFormat", vectors_backups.backups()


def check_sample(sample):
    """Opens one key file, wrap, blob, reference, event and checkpoint that the vault sealed."""
    data = {name: bytes.fromhex(value) for name, value in sample["hex"].items()}
    kind, vault, entries = open_file(data["key_file"], parse_key_text(sample["secret"]))
    keys = {(one["purpose"], one["number"], one["name"].decode()): one["key"] for one in entries}
    epochs = {number: key for (purpose, number, _), key in keys.items() if purpose == 6}
    namespace, image, epoch = sample["namespace"], data["image"], sample["epoch"]
    assert kind == 1 and image == image_id(keys[7, 0, namespace], data["stored_digest"])
    place = (epoch, namespace, image)
    for blob in sample["blobs"]:
        wrapped, name = bytes.fromhex(blob["wrap"]), bytes.fromhex(blob["blob"])
        key = unwrap(epochs, wrapped, "ivault-wrap-blob", *place, name)
        plain = open_blob(bytes.fromhex(blob["file"]), key, namespace, image)
        assert hashlib.sha256(plain).hexdigest() == blob["plaintext_sha256"], "blob"
    reference = data["reference"]
    key = unwrap(epochs, data["reference_wrap"], "ivault-wrap-reference", *place, reference)
    aad = reference_aad(namespace, image, reference)
    name = parse_reference(open_box("box", key, aad, data["reference_sealed"]))[0]
    assert name.decode() == sample["name"], "reference"
    event = open_box("box", keys[4, 0, ""], event_aad(sample["event_index"]), data["event_sealed"])
    assert event == data["event"], "event"
    check_note(sample["note"], sample["verifier_key"])


def known_keys(data, typed):
    """Every secret on the way from what is typed to the keys, and the keys."""
    _, vault, slots, _, header, _, nonce, payload = parse_file(data)
    for slot in slots:
        secret = slot_secret(typed, slot["body"], vault)
        reader = Reader(slot["body"], "slot")
        reader.short()
        salt, _, slot_nonce, sealed = (reader.take(count) for count in (32, 32, 24, 48))
        context = slot_context(slot["kind"], vault, slot["id"], slot["recipient"], salt)
        slot_key, _ = derive(secret, b"ivault-slot-v1--", context)
        private = open_xchacha("slot", slot_key, slot_nonce, context, sealed)
        root = open_slot(slot, vault, secret)
        payload_key, _ = derive(root, b"ivault-keys-v1--", header)
        keys = open_xchacha("payload", payload_key, nonce, header, payload)
        yield from (secret, slot_key, private, root, payload_key)
        yield from (keys[at : at + 32] for at in range(0, len(keys), 32))


def main(arguments):
    match arguments:
        case []:
            FOLDER.mkdir(parents=True, exist_ok=True)
        case ["--compare"]:
            pass
        case ["--check", file]:
            check_sample(json.loads(pathlib.Path(file).read_text()))
            print("opened")
            return 0
        case ["--keys", file, key]:
            typed = pathlib.Path(key).read_text()
            keys = known_keys(pathlib.Path(file).read_bytes(), typed)
            print("\n".join(one.hex() for one in keys))
            return 0
        case _:
            print(__doc__)
            return 2
    differ = []
    for name, source, content in files():
        about = {"about": f"Made by vectors.py from {source}. Every key here is public."}
        text = json.dumps(about | content, indent=1, ensure_ascii=True) + "\n"
        path = FOLDER / f"{name}.json"
        if arguments and (not path.exists() or path.read_text() != text):
            differ.append(path.name)
        elif not arguments:
            path.write_text(text)
    print("differ: " + ", ".join(differ) if differ else "done")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
