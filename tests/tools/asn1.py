"""DER by hand, for the tests' CA."""
import base64
import re


def der(tag, *parts):
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def seq(*parts):
    return der(0x30, *parts)


def set_of(tag, *parts):
    return der(tag, *sorted(parts))


def octets(data):
    return der(0x04, data)


def bits(data):
    return der(0x03, b"\0", data)


def integer(number):
    return der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def oid(text):
    arcs = [int(arc) for arc in text.split(".")]
    body = b""
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        piece = [arc & 0x7F]
        while arc := arc >> 7:
            piece.insert(0, 0x80 | arc & 0x7F)
        body += bytes(piece)
    return der(0x06, body)


def utc(time):
    return der(0x17, time.strftime("%y%m%d%H%M%SZ").encode())


def generalized(time):
    return der(0x18, time.strftime("%Y%m%d%H%M%SZ").encode())


def read(data):
    """(tag, contents, whole value, rest)"""
    tag, size, start = data[0], data[1], 2
    if size >= 0x80:
        start = 2 + (size & 0x7F)
        size = int.from_bytes(data[2:start], "big")
    assert start + size <= len(data), "cut off"
    return tag, data[start : start + size], data[: start + size], data[start + size :]


def items(contents):
    """[(tag, contents, whole value)] of all that stands in a value"""
    found = []
    while contents:
        tag, inside, whole, contents = read(contents)
        found.append((tag, inside, whole))
    return found


def dotted(contents):
    arcs, arc = [], 0
    for byte in contents:
        arc = arc << 7 | byte & 0x7F
        if byte < 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first] + arcs[1:]))


def from_file(path):
    data = open(path, "rb").read()
    found = re.match(rb"\s*-----BEGIN [^-]+-----(.*?)-----END", data, re.S)
    return base64.b64decode(found[1]) if found else data
