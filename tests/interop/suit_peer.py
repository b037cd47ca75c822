#!/usr/bin/python3
"""Judges a SUIT envelope without any code of this project: python3-cbor2 decodes, openssl verifies.

suit_peer.py ENVELOPE [KEY.pem:ALGORITHM ...]

The structure is checked by hand below (by the draft's own grammar, where that is at hand: cddl.py), with the one
extension point that draft-ietf-suit-firmware-encryption fills. Then the digest is computed anew, and the n-th signature
must be by the n-th key: the Sig_structure is rebuilt here and handed to openssl.
Says "good" and exits 0, or says what is wrong and exits 1.
"""
import hashlib
import io
import re
import subprocess
import sys
import tempfile

import cbor2


class Bad(Exception):
    pass


def need(holds, what):
    if not holds:
        raise Bad(what)


def decode(data, what):
    """bstr .cbor: exactly one item, and nothing behind it."""
    need(isinstance(data, bytes), f"{what}: not a byte string")
    stream = io.BytesIO(data)
    # Tags are judged here, not turned into Python's own types.
    try:
        item = cbor2.CBORDecoder(stream, tag_hook=lambda _, tag: tag).decode()
    except Exception as error:
        raise Bad(f"{what}: not CBOR: {error}") from error
    need(stream.tell() == len(data), f"{what}: data behind the item")
    return item


def is_int(x):
    return isinstance(x, int) and not isinstance(x, bool)


def is_uint(x):
    return is_int(x) and x >= 0


def is_bstr(x):
    return isinstance(x, bytes)


def is_tstr(x):
    return isinstance(x, str)


def is_uuid(x):
    return is_bstr(x) and len(x) == 16


def is_rep_policy(x):
    return is_uint(x) and x < 16


def digest(item, what):
    need(isinstance(item, list) and len(item) == 2, f"{what}: not a SUIT_Digest")
    need(item[0] in (-16, -18, -43, -44, -45) and is_bstr(item[1]), f"{what}: not a SUIT_Digest")


def custom(x):
    return is_int(x) or isinstance(x, (bool, str, bytes))


PARAMETERS = {
    1: lambda x: is_uuid(x) or (isinstance(x, cbor2.CBORTag) and x.tag == 112 and is_bstr(x.value)),
    2: is_uuid, 5: is_uint, 12: lambda x: isinstance(x, bool), 13: lambda x: isinstance(x, bool), 14: is_uint,
    18: is_bstr, 21: is_tstr, 22: is_uint, 23: is_bstr, 24: is_uuid, 25: is_bstr}
CONDITIONS = (1, 2, 3, 5, 6, 14, 24)
REPORTING_DIRECTIVES = (18, 21, 22, 23, 31)


def encryption_info(item, what):
    """SUIT_Encryption_Info: COSE_Encrypt_Tagged with a detached ciphertext."""
    need(isinstance(item, cbor2.CBORTag) and item.tag == 96, f"{what}: not a COSE_Encrypt")
    need(isinstance(item.value, list) and len(item.value) == 4, f"{what}: not a COSE_Encrypt")
    protected, unprotected, ciphertext, recipients = item.value
    headers = dict(unprotected)
    need(is_bstr(protected) and isinstance(unprotected, dict), f"{what}: headers")
    if protected:
        headers.update(decode(protected, what))
    need(headers.get(1) in (1, 3, -65534, -65532) and is_bstr(headers.get(5)), f"{what}: algorithm or IV")
    need((headers[1] > 0) == bool(protected), f"{what}: an AEAD has protected headers, and CTR none")
    need(ciphertext is None and isinstance(recipients, list) and recipients, f"{what}: recipients")
    for recipient in recipients:
        need(isinstance(recipient, list) and len(recipient) == 3 and recipient[0] == b"", f"{what}: recipient")
        need(recipient[1].get(1) in (-3, -5) and is_bstr(recipient[2]), f"{what}: recipient")


def parameters(item, what):
    need(isinstance(item, dict) and item, f"{what}: no parameters")
    for key, value in item.items():
        need(is_int(key), f"{what}: a parameter's key")
        if key < 0:
            need(custom(value), f"{what}: custom parameter {key}")
        elif key == 3:
            digest(decode(value, what), what)
        elif key == 19:
            encryption_info(decode(value, what), what)
        else:
            need(key in PARAMETERS and PARAMETERS[key](value), f"{what}: parameter {key}")


def sequence(data, what, shared=False):
    items = decode(data, what)
    need(isinstance(items, list) and items and len(items) % 2 == 0, f"{what}: not a command sequence")
    for command, argument in zip(items[::2], items[1::2]):
        here = f"{what}, command {command}"
        need(is_int(command), here)
        if command in CONDITIONS:
            need(is_rep_policy(argument), here)
        elif command == 12:
            need(is_uint(argument) or argument is True or
                 (isinstance(argument, list) and argument and all(map(is_uint, argument))), here)
        elif command == 15:
            need(isinstance(argument, list), here)
            choices = argument[:-1] if argument and argument[-1] is None else argument
            need(len(choices) >= 2, here)
            for choice in choices:
                sequence(choice, here, shared)
        elif command == 20:
            parameters(argument, here)
        elif command == 32:
            sequence(argument, here, shared)
        elif shared:
            raise Bad(f"{here}: not in a shared sequence")
        elif command in REPORTING_DIRECTIVES:
            need(is_rep_policy(argument), here)
        else:
            need(command < 0 and (argument is None or is_int(argument) or isinstance(argument, (bytes, str))), here)


def component(item):
    return isinstance(item, (list, tuple)) and all(map(is_bstr, item))


def text(data, what):
    languages = decode(data, what)
    need(isinstance(languages, dict) and languages, what)
    for language, entries in languages.items():
        need(is_tstr(language) and re.fullmatch("[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*", language), f"{what}: language")
        need(isinstance(entries, dict), what)
        for key, value in entries.items():
            if is_int(key):
                need(1 <= key <= 4 and is_tstr(value), f"{what}: {key}")
            else:
                need(component(key) and isinstance(value, dict), f"{what}: a component's texts")
                need(all(is_int(k) and 1 <= k <= 6 and is_tstr(v) for k, v in value.items()), f"{what}: component")


def severable(value, check, what):
    if is_bstr(value):
        check(value, what)
    else:
        digest(value, what)


def common(data):
    members = decode(data, "common")
    need(isinstance(members, dict) and set(members) <= {2, 4}, "common: members")
    if 2 in members:
        need(isinstance(members[2], list) and members[2] and all(map(component, members[2])), "components")
    if 4 in members:
        sequence(members[4], "shared sequence", shared=True)


def manifest(data):
    members = decode(data, "manifest")
    need(isinstance(members, dict) and {1, 2, 3} <= set(members), "manifest: members missing")
    need(set(members) <= {1, 2, 3, 4, 7, 8, 9, 16, 20, 23}, "manifest: unknown members")
    need(members[1] == 1 and is_uint(members[2]), "manifest: version or sequence number")
    common(members[3])
    need(4 not in members or is_tstr(members[4]), "reference URI")
    for key in (7, 8, 9):
        if key in members:
            sequence(members[key], f"member {key}")
    for key in (16, 20):
        if key in members:
            severable(members[key], sequence, f"member {key}")
    if 23 in members:
        severable(members[23], text, "text")


def authentication(data):
    """The encoded digest, and the blocks as (protected header, signature)."""
    items = decode(data, "authentication wrapper")
    need(isinstance(items, list) and items, "authentication wrapper: no digest")
    digest(decode(items[0], "digest"), "digest")
    blocks = []
    for item in items[1:]:
        block = decode(item, "authentication block")
        need(isinstance(block, cbor2.CBORTag) and block.tag == 18, "authentication block: not a COSE_Sign1")
        need(isinstance(block.value, list) and len(block.value) == 4, "authentication block: not four items")
        protected, unprotected, payload, signature = block.value
        need(is_bstr(protected) and isinstance(unprotected, dict) and is_bstr(signature), "authentication block")
        need(payload is None, "authentication block: the payload is not detached")
        blocks.append((protected, signature))
    return items[0], blocks


def openssl_takes(key, algorithm, signed, signature):
    options = ["-sha512" if algorithm == "PS512" else "-sha256"]
    if algorithm in ("PS256", "PS512"):
        options += ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
    else:  # COSE has r and s side by side, openssl as DER
        half = len(signature) // 2
        numbers = [int.from_bytes(part, "big") for part in (signature[:half], signature[half:])]
        encoded = [n.to_bytes(n.bit_length() // 8 + 1, "big") for n in numbers]
        body = b"".join(b"\x02" + bytes([len(n)]) + n for n in encoded)
        signature = b"\x30" + bytes([len(body)]) + body
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/signed", "wb") as file:
            file.write(signed)
        with open(folder + "/signature", "wb") as file:
            file.write(signature)
        done = subprocess.run(["openssl", "dgst", *options, "-verify", key, "-signature", folder + "/signature",
                               folder + "/signed"], capture_output=True, check=False)
    return done.returncode == 0


ALGORITHMS = {"PS256": -37, "PS512": -39, "ES256": -7, "ESP256": -9}


def judge(envelope, keys):
    top = decode(envelope, "envelope")
    need(isinstance(top, cbor2.CBORTag) and top.tag == 107 and isinstance(top.value, dict), "not a SUIT_Envelope")
    members = top.value
    need(list(members)[:2] == [2, 3], "wrapper and manifest are not first")
    for key, value in members.items():
        if key in (16, 20):
            sequence(value, f"severed member {key}")
        elif key == 23:
            text(value, "severed text")
        else:
            need(key in (2, 3) or is_tstr(key), f"envelope: member {key}")
            need(is_bstr(value), f"envelope: member {key} is no byte string")
    encoded_digest, blocks = authentication(members[2])
    manifest(members[3])
    wrapped = cbor2.dumps(members[3])
    need(decode(encoded_digest, "digest") == [-16, hashlib.sha256(wrapped).digest()], "the digest is not the manifest's")
    need(not keys or len(keys) == len(blocks), f"{len(blocks)} signatures, {len(keys)} keys")
    for (protected, signature), name in zip(blocks, keys):
        key, algorithm = name.rsplit(":", 1)
        need(decode(protected, "protected header").get(1) == ALGORITHMS[algorithm], f"not signed by {algorithm}")
        signed = cbor2.dumps(["Signature1", protected, b"", encoded_digest])
        need(openssl_takes(key, algorithm, signed, signature), f"openssl refuses the signature by {algorithm}")


def main():
    with open(sys.argv[1], "rb") as file:
        envelope = file.read()
    try:
        judge(envelope, sys.argv[2:])
    except Bad as error:
        print(f"refused: {error}")
        return 1
    print("good")
    return 0


sys.exit(main())
