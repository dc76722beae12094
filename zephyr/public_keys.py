#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes public keys, from PEM files, as the C array that CONFIG_ZONDA_SIGNED_FILES checks signatures with."""

import argparse
import base64
import binascii
import sys

# Beginning of a SubjectPublicKeyInfo (RFC 5280), the algorithm's name in zonda_platform.h, and bytes of the key behind it.
KINDS = [
    (bytes.fromhex("302a300506032b6570032100"), "ZONDA_ED25519", 32),
    (bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200"), "ZONDA_ECDSA_P256", 65),
]


def read(path):
    """The algorithm and the bytes of the key in a PEM file."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            lines = file.read().strip().splitlines()
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}")
    if not lines or lines[0].strip() != "-----BEGIN PUBLIC KEY-----":
        found = lines[0] if lines else "an empty file"
        sys.exit(f"{path}: expected a public key in PEM (-----BEGIN PUBLIC KEY-----), found {found}; "
                 "`openssl pkey -in key.pem -pubout` prints that of a private key")
    try:
        der = base64.b64decode("".join(lines[1:-1]), validate=True)
    except binascii.Error as error:
        sys.exit(f"{path}: {error}")
    for start, name, length in KINDS:
        if der.startswith(start) and len(der) == len(start) + length:
            return name, der[len(start):]
    sys.exit(f"{path}: expected an Ed25519 key or an uncompressed P-256 key, found another kind")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True, help="C file to write")
    parser.add_argument("keys", nargs="+", help="PEM files")
    args = parser.parse_args()
    keys = [read(path) for path in args.keys]
    with open(args.output, "w", encoding="ascii") as file:
        file.write("/* Made from CONFIG_ZONDA_SIGNED_FILES_KEYS. */\n#include \"zonda_platform.h\"\n\n")
        for index, (_, key) in enumerate(keys):
            text = ", ".join(f"0x{byte:02x}" for byte in key)
            file.write(f"static const uint8_t key_{index}[] = {{ {text} }};\n")
        file.write("\nconst zonda_public_key_t zonda_public_keys[] = {\n")
        for index, (name, key) in enumerate(keys):
            file.write(f"\t{{ {name}, {len(key)}, key_{index} }},\n")
        file.write("};\n\n")
        file.write(f"const uint32_t zonda_public_key_count = {len(keys)};\n")


if __name__ == "__main__":
    main()
