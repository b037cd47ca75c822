#!/usr/bin/env python3
"""label_codes.py LABEL...: what other programs read from labels of ours: writes LABEL.code, the text of the QR code in an
SVG (rsvg-convert), a PDF (pdftoppm) or ZPL, by zbarimg. Ends with 1 when a label has no code that can be read."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

QUIET = 64


def zpl_bitmap(zpl):
    """What a printer makes of ^GFA, as a portable bitmap with its quiet zone."""
    size, _, row_bytes, data = re.search(rb"\^GFA,(\d+),(\d+),(\d+),([0-9A-Fa-f]+)", zpl).groups()
    size, row_bytes = int(size), int(row_bytes)
    bits = "".join(f"{byte:08b}" for byte in bytes.fromhex(data.decode())[:size])
    width = row_bytes * 8
    rows = [bits[at:at + width] for at in range(0, len(bits), width)]
    side = "0" * QUIET
    empty = ["0" * (width + 2 * QUIET)] * QUIET
    image = empty + [side + row + side for row in rows] + empty
    return f"P1\n{width + 2 * QUIET} {len(image)}\n" + "\n".join(" ".join(row) for row in image) + "\n"


def image_of(label, folder):
    png = folder / "label.png"
    if label.suffix == ".svg":
        subprocess.run(["rsvg-convert", "-d", "300", "-p", "300", "-o", png, label], check=True)
    elif label.suffix == ".pdf":
        subprocess.run(["pdftoppm", "-r", "300", "-png", "-singlefile", label, folder / "label"], check=True)
    else:
        png = folder / "label.pbm"
        png.write_text(zpl_bitmap(label.read_bytes()))
    return png


def main():
    for name in sys.argv[1:]:
        label = Path(name)
        with tempfile.TemporaryDirectory() as folder:
            read = subprocess.run(["zbarimg", "--nodbus", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable",
                                   image_of(label, Path(folder))], capture_output=True, check=False)
        if read.returncode != 0 or not read.stdout:
            print(f"{name} has no code that can be read")
            return 1
        Path(name + ".code").write_bytes(read.stdout)
    return 0


sys.exit(main())
