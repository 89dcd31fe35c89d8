"""The handshake's Noise, NK and NKpsk2: docs/protocol.md, section 5.

`Handshake` plays both ends with known secrets, so that every byte of a captured handshake can be
made again and not only be read.
"""

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .wire import Refused

NAMES = {"NK": b"Noise_NK_25519_ChaChaPoly_SHA256", "NKpsk2": b"Noise_NKpsk2_25519_ChaChaPoly_SHA256"}


def sha256(data):
    """FIPS 180-4."""
    return hashlib.sha256(data).digest()


def hmac_sha256(key, data):
    """RFC 2104."""
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(chaining_key, material, count):
    """Section 4.3 of the framework."""
    key = hmac_sha256(chaining_key, material)
    outputs, previous = [], b""
    for number in range(1, count + 1):
        previous = hmac_sha256(key, previous + bytes([number]))
        outputs.append(previous)
    return outputs


def public_key(secret):
    """X25519 public key of a secret."""
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def x25519(secret, public):
    """Shared secret; a result of zeros is refused (the library raises for it)."""
    try:
        return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise Refused("lowOrder") from None


def seal(key, nonce, plaintext, associated):
    """ChaCha20-Poly1305, the tag behind."""
    return ChaCha20Poly1305(key).encrypt(nonce, plaintext, associated)


def open_sealed(key, nonce, sealed, associated):
    """Undoes `seal`, or refuses."""
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, sealed, associated)
    except InvalidTag:
        raise Refused("forged") from None


class Handshake:
    """The symmetric state, in the words of section 5. `trace` keeps `h` and `ck` after each step."""

    def __init__(self, pattern, prologue, static_public):
        self.is_psk = pattern == "NKpsk2"
        name = NAMES[pattern]
        self.h = name if len(name) == 32 else sha256(name)
        self.ck, self.k, self.n, self.trace = self.h, None, 0, {}
        self.note("protocol name")
        self.mix_hash(prologue)
        self.note("prologue: HELLO bytes 0 to 14")
        self.mix_hash(static_public)
        self.note("server's static key")

    def note(self, step):
        self.trace[step] = (self.h, self.ck)

    def mix_hash(self, data):
        self.h = sha256(self.h + data)

    def mix_key(self, material):
        self.ck, self.k = hkdf(self.ck, material, 2)
        self.n = 0

    def mix_key_and_hash(self, psk):
        self.ck, mixed, self.k = hkdf(self.ck, psk, 3)
        self.n = 0
        self.mix_hash(mixed)

    def mix_ephemeral(self, public, step):
        self.mix_hash(public)
        if self.is_psk:
            self.mix_key(public)
        self.note(step)

    def nonce(self):
        """Four zero bytes, then the count of payloads under this key."""
        self.n += 1
        return bytes(4) + (self.n - 1).to_bytes(8, "little")

    def encrypt_and_hash(self, plaintext):
        ciphertext = seal(self.k, self.nonce(), plaintext, self.h)
        self.mix_hash(ciphertext)
        return ciphertext

    def decrypt_and_hash(self, ciphertext):
        plaintext = open_sealed(self.k, self.nonce(), ciphertext, self.h)
        self.mix_hash(ciphertext)
        return plaintext

    def read_message1(self, message, static_secret):
        """The server's side of message 1: the HELLO payload."""
        client_public = message[:32]
        self.mix_ephemeral(client_public, "e of the client")
        self.mix_key(x25519(static_secret, client_public))
        self.note("es")
        payload = self.decrypt_and_hash(message[32:])
        self.note("payload of HELLO")
        return payload

    def write_message1(self, payload, client_secret, static_public):
        """The client's side of message 1."""
        client_public = public_key(client_secret)
        self.mix_ephemeral(client_public, "e of the client")
        self.mix_key(x25519(client_secret, static_public))
        self.note("es")
        message = client_public + self.encrypt_and_hash(payload)
        self.note("payload of HELLO")
        return message

    def read_message2(self, clear_fields, message, client_secret, psk):
        """The client's side of message 2: the ACCEPT payload. `clear_fields` are ACCEPT[0..6)."""
        self.before_payload2(clear_fields, message[:32], x25519(client_secret, message[:32]), psk)
        payload = self.decrypt_and_hash(message[32:])
        self.note("payload of ACCEPT")
        return payload

    def write_message2(self, clear_fields, payload, server_secret, client_public, psk):
        """The server's side of message 2."""
        server_public = public_key(server_secret)
        self.before_payload2(clear_fields, server_public, x25519(server_secret, client_public), psk)
        message = server_public + self.encrypt_and_hash(payload)
        self.note("payload of ACCEPT")
        return message

    def before_payload2(self, clear_fields, server_public, shared, psk):
        self.mix_hash(clear_fields)
        self.note("ACCEPT bytes 0 to 5")
        self.mix_ephemeral(server_public, "e of the server")
        self.mix_key(shared)
        self.note("ee")
        if self.is_psk:
            self.mix_key_and_hash(psk)
            self.note("psk")

    def split(self):
        """The traffic secrets: client to server, server to client."""
        return hkdf(self.ck, b"", 2)
