#!/usr/bin/env python3
"""lock_proofs.py REPORT.json ROOT.pem: checks every device's lock in a report as lamp-report(5) says it, with nothing but
Python and OpenSSL. Prints how many locks hold; ends with 1 when one does not."""
import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

STATES = {"blank": 0, "keyed": 1, "provisioned": 2, "locked": 3}


def openssl(*words, given=b""):
    return subprocess.run(["openssl", *words], input=given, capture_output=True, check=False)


def pem(der):
    return openssl("x509", "-inform", "DER", given=base64.b64decode(der)).stdout


def der_integer(raw):
    raw = raw.lstrip(b"\0")
    if not raw or raw[0] & 0x80:
        raw = b"\0" + raw
    return b"\x02" + bytes([len(raw)]) + raw


def der_signature(raw):
    both = der_integer(raw[:32]) + der_integer(raw[32:])
    return b"\x30" + bytes([len(both)]) + both


def holds(unit, issuers, root, folder):
    certificate, issuing = folder / "unit.pem", folder / "issuers.pem"
    certificate.write_bytes(pem(unit["certificate"]))
    issuing.write_bytes(b"".join(pem(one) for one in issuers))
    if openssl("verify", "-x509_strict", "-CAfile", root, "-untrusted", issuing, certificate).returncode != 0:
        return False
    subject = openssl("x509", "-in", certificate, "-noout", "-subject", "-nameopt", "multiline").stdout.decode()
    if [line.split("=")[1].strip() for line in subject.splitlines() if "serialNumber" in line] != [unit["serial"]]:
        return False
    proof = unit["lock_proof"]
    message = b"lamp-proof-v1" + bytes.fromhex(proof["nonce"]) + unit["serial"].encode()
    message += bytes([STATES[proof["state"]], 1 if proof["debug_port"] == "locked" else 0])
    (folder / "key.pem").write_bytes(openssl("x509", "-in", certificate, "-noout", "-pubkey").stdout)
    (folder / "signature").write_bytes(der_signature(bytes.fromhex(proof["signature"])))
    checked = openssl("dgst", "-sha256", "-verify", folder / "key.pem", "-signature", folder / "signature", given=message)
    return checked.returncode == 0 and proof["state"] == "locked" and proof["debug_port"] == "locked"


def main():
    report = json.loads(Path(sys.argv[1]).read_text())["report"]
    with tempfile.TemporaryDirectory() as folder:
        signed = [unit for unit in report["units"] if unit["lock_proof"]]
        good = sum(holds(unit, report["issuers"], sys.argv[2], Path(folder)) for unit in signed)
    print(f"{good} of {len(signed)} locks hold")
    return 0 if signed and good == len(signed) else 1


sys.exit(main())
