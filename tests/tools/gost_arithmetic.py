"""GOST R 34.10 for the tests alone, as RFC 7091 has it: slow, leaking time; hashes by libgcrypt."""
import ctypes
import secrets

GCRYPT = ctypes.CDLL("libgcrypt.so.20")
GCRYPT.gcry_check_version(None)


def gcrypt_hash(algorithm, size, data):
    out = ctypes.create_string_buffer(size)
    GCRYPT.gcry_md_hash_buffer(algorithm, out, data, ctypes.c_size_t(len(data)))
    return out.raw


class Curve:
    """y^2 = x^3 + a x + b over GF(p), and what the CA's documents call it."""

    def __init__(self, p, a, b, q, x, y, size, **names):
        self.p, self.a, self.b, self.q, self.size = p, a, b, q, size
        self.base = (x, y)
        self.__dict__.update(names)

    def add(self, one, other):
        if one is None or other is None:
            return one or other
        if one[0] == other[0]:
            if (one[1] + other[1]) % self.p == 0:
                return None
            slope = (3 * one[0] * one[0] + self.a) * pow(2 * one[1], -1, self.p)
        else:
            slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, self.p)
        x = (slope * slope - one[0] - other[0]) % self.p
        return x, (slope * (one[0] - x) - one[1]) % self.p

    def multiply(self, times, point):
        total = None
        while times:
            if times & 1:
                total = self.add(total, point)
            point = self.add(point, point)
            times >>= 1
        return total

    def number(self, data):
        return int.from_bytes(data, "little")

    def octets(self, number):
        return number.to_bytes(self.size, "little")

    def sign(self, d, data):
        e = self.number(self.hash(data)) % self.q or 1
        while True:
            k = secrets.randbelow(self.q - 1) + 1
            r = self.multiply(k, self.base)[0] % self.q
            s = (r * d + k * e) % self.q
            if r and s:
                return self.octets(r) + self.octets(s)

    def verify(self, point, data, signature):
        if len(signature) != 2 * self.size:
            return False
        x, y = point
        if (y * y - x * x * x - self.a * x - self.b) % self.p:
            return False
        r, s = self.number(signature[: self.size]), self.number(signature[self.size :])
        if not (0 < r < self.q and 0 < s < self.q):
            return False
        v = pow(self.number(self.hash(data)) % self.q or 1, -1, self.q)
        total = self.add(
            self.multiply(s * v % self.q, self.base),
            self.multiply(-r * v % self.q, point),
        )
        return total is not None and total[0] % self.q == r


PKI = "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
CURVES = {
    # id-tc26-gost-3410-12-512-paramSetA (RFC 7836, A.1)
    "512": Curve(
        2**512 - 569,
        2**512 - 572,
        int(
            "E8C2505DEDFC86DDC1BD0B2B6667F1DA34B82574761CB0E879BD081CFD0B6265"
            "EE3CB090F30D27614CB4574010DA90DD862EF9D4EBEE4761503190785A71C760",
            16,
        ),
        int(
            "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
            "27E69532F48D89116FF22B8D4E0560609B4B38ABFAD2B85DCACDB1411F10B275",
            16,
        ),
        3,
        int(
            "7503CFE87A836AE3A61B8816E25450E6CE5E1C93ACF1ABC1778064FDCBEFA921"
            "DF1626BE4FD036E93D75E6A50E3A41E98028FE5FC235F5B889A589CB5215F2A4",
            16,
        ),
        64,
        key_oid="1.2.398.3.10.1.1.2.2",
        curve_oid="1.2.398.3.10.1.1.2.2.1",
        hash_oid="1.2.398.3.10.1.3.3",
        parameters_hash_oid="1.2.398.3.10.1.3.3",
        signature_oid="1.2.398.3.10.1.1.2.3.2",
        signature_uri=PKI + "gostr34102015-gostr34112015-512",
        digest_uri=PKI + "gostr34112015-512",
        hash=lambda data: gcrypt_hash(310, 64, data),
    ),
    # id-GostR3410-2001-CryptoPro-A (RFC 4357, 11.4); the hash's S-boxes are those of the test set
    "2004": Curve(
        2**256 - 617,
        2**256 - 620,
        0xA6,
        int("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893", 16),
        1,
        int("8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14", 16),
        32,
        key_oid="1.2.398.3.10.1.1.1.1",
        curve_oid="1.2.398.3.10.1.1.1.1.1",
        hash_oid="1.2.398.3.10.1.3.1",
        parameters_hash_oid="1.2.398.3.10.1.3.1.1.0",
        signature_oid="1.2.398.3.10.1.1.1.2",
        signature_uri=MORE + "gost34310-gost34311",
        digest_uri=MORE + "gost34311",
        hash=lambda data: gcrypt_hash(308, 32, data),
    ),
}
