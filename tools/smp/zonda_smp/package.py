# SPDX-License-Identifier: Apache-2.0
"""What a client needs of a package: the name in its manifest."""

SECTION = b"zonda.app"


def name_of(package: bytes) -> str:
    """The name of the application in a package.

    The manifest (docs/apps.md) begins with its format and the name: a map, 0: 1, 1: the name.
    """
    at = package.find(SECTION)
    if at < 0:
        raise ValueError("the file has no manifest (custom section \"zonda.app\"): see `zonda pack`")
    manifest = package[at + len(SECTION) :]
    if manifest[1:4] != b"\x00\x01\x01":
        raise ValueError("the manifest does not begin with its format and the name")
    head, rest = manifest[4], manifest[5:]
    if head >> 5 != 3:
        raise ValueError("the manifest's name is no text")
    length = head & 31
    if length == 24:
        length, rest = rest[0], rest[1:]
    elif length > 24:
        raise ValueError("the manifest's name is too long")
    return rest[:length].decode()
