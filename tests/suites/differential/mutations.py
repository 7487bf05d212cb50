"""The table of mutations: a name, when it applies, what it does to a draft, and how often it is taken."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from . import values
from .cases import HASHES, hmac_signer
from .draft import CLAIMS, HEADER, SIGNATURE, Draft, Stage, as_token, encode, quote, remove_member, set_member

Apply = Callable[[Random, Draft], None]
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MAX_TOKEN_LENGTH = 16_384
RARELY = 0.1
"""The weight of what costs a millisecond."""


@dataclass(frozen=True)
class Mutation:
    """`apply` changes the draft in place at its stage."""

    name: str
    stage: Stage
    apply: Apply
    weight: float = 1.0


def either(rng: Random) -> int:
    """Header or claims, the claims more often."""
    return CLAIMS if rng.random() < 0.6 else HEADER


# Members


def set_header(name: str, rng: Random, draft: Draft) -> None:
    set_member(draft.objects[HEADER], quote(name), rng.choice(values.HEADER[name]))


def set_claim(name: str, rng: Random, draft: Draft) -> None:
    set_member(draft.objects[CLAIMS], quote(name), rng.choice(values.CLAIMS[name]))


def set_time(name: str, rng: Random, draft: Draft) -> None:
    """Times around now and around the leeway, in forms right and wrong."""
    leeway = draft.case.policy.leeway
    limit = rng.choice((-leeway, 0, leeway, leeway + 60))
    seconds = int(draft.case.policy.now) + limit + rng.choice(values.TIME_OFFSETS)
    form = rng.choice(values.TIME_FORMS) if rng.random() < 0.7 else "{}"
    set_member(draft.objects[CLAIMS], quote(name), form.format(seconds))


def set_odd_time(name: str, rng: Random, draft: Draft) -> None:
    set_member(draft.objects[CLAIMS], quote(name), rng.choice(values.TIMES))


def name_ed25519(_rng: Random, draft: Draft) -> None:
    """RFC 9864's name of what EdDSA is here."""
    set_member(draft.objects[HEADER], '"alg"', '"Ed25519"')


def extend_header(rng: Random, draft: Draft) -> None:
    for name, value in rng.choice(values.EXTENDED):
        set_member(draft.objects[HEADER], quote(name), value)


def add_member(which: tuple[str, ...], rng: Random, draft: Draft) -> None:
    draft.objects[either(rng)].insert(0, ('"x"', rng.choice(which)))


def add_odd_name(rng: Random, draft: Draft) -> None:
    name = rng.choice((*values.STRINGS, *values.SURROGATES[:3], *values.BAD_STRINGS, "1", "null", "", "a", "__proto__"))
    draft.objects[either(rng)].append((name, "1"))


def escape_name(rng: Random, draft: Draft) -> None:
    """Another spelling of the same name: `\\u0065xp`."""
    members = draft.objects[either(rng)]
    if members:
        position = rng.randrange(len(members))
        name, value = members[position]
        members[position] = escaped(name), value


def escaped(name: str) -> str:
    return f'"\\u{ord(name[1]):04x}{name[2:]}' if len(name) > 2 and name[1] != "\\" else name


def duplicate(rng: Random, draft: Draft) -> None:
    """One name twice: the same value or another, the same spelling or another, before or after."""
    members = draft.objects[either(rng)]
    if not members:
        return
    name, value = rng.choice(members)
    if rng.random() < 0.3:
        name = escaped(name)
    if rng.random() < 0.5:
        value = rng.choice(values.PLAIN)
    members.insert(rng.choice((0, len(members))), (name, value))


def add_many(rng: Random, draft: Draft) -> None:
    """More names than a reader compares one by one, the last of them perhaps twice."""
    names = [f'"n{number}"' for number in range(rng.choice((15, 16, 17, 40)))]
    if rng.random() < 0.5:
        names.append(rng.choice(names))
    draft.objects[either(rng)] += [(name, "1") for name in names]


def remove(rng: Random, draft: Draft) -> None:
    members = draft.objects[either(rng)]
    if members:
        remove_member(members, rng.choice(members)[0])


def shuffle(rng: Random, draft: Draft) -> None:
    rng.shuffle(draft.objects[either(rng)])


def nest(depths: tuple[int, ...], rng: Random, draft: Draft) -> None:
    """A text of so many levels, the outermost object counted."""
    levels = rng.choice(depths) - 1
    before, after = rng.choice((("[", "]"), ('{"a":', "}"), ('[{"":', "}]")))
    times = levels // before.count("[") if before == "[" else levels
    times = levels // 2 if before.startswith("[{") else times
    draft.objects[either(rng)].append(('"nested"', before * times + "1" + after * times))


def swap_times(_rng: Random, draft: Draft) -> None:
    """Each time under another's name."""
    names = {'"exp"': '"iat"', '"iat"': '"nbf"', '"nbf"': '"exp"'}
    draft.objects[CLAIMS][:] = [(names.get(name, name), value) for name, value in draft.objects[CLAIMS]]


def fill(rng: Random, draft: Draft) -> None:
    """A token of 16 KiB, a few bytes more or less."""
    header, payload = (sum(len(name) + len(value) + 2 for name, value in members) + 1 for members in draft.objects)
    signature = len(encode(draft.sign(b"")))
    length = (MAX_TOKEN_LENGTH - signature - 2 - (header * 4 + 2) // 3) * 3 // 4 - payload
    draft.objects[CLAIMS].append(('"filler"', quote("f" * (length - 12 + rng.randint(-4, 4)))))


# Texts


def change_text(change: Callable[[Random, bytes], bytes], rng: Random, draft: Draft) -> None:
    position = either(rng)
    draft.texts[position] = change(rng, draft.texts[position])


def recode(rng: Random, text: bytes) -> bytes:
    return text.decode(errors="replace").encode(rng.choice(values.ENCODINGS), "replace")


def insert(which: tuple[bytes, ...], rng: Random, text: bytes) -> bytes:
    position = rng.randint(0, len(text))
    return text[:position] + rng.choice(which) + text[position:]


def insert_into_string(which: tuple[bytes, ...], rng: Random, text: bytes) -> bytes:
    position = text.rfind(b'"')
    return text[:position] + rng.choice(which) + text[position:]


def flip(rng: Random, text: bytes) -> bytes:
    """Another byte at one to three places."""
    changed = bytearray(text)
    for _ in range(rng.randint(1, 3) if text else 0):
        changed[rng.randrange(len(changed))] = rng.choice((rng.randrange(128), rng.randrange(256)))
    return bytes(changed)


def truncate(rng: Random, text: bytes) -> bytes:
    return text[: rng.randint(0, len(text))]


def delete(rng: Random, text: bytes) -> bytes:
    position = rng.randint(0, len(text))
    return text[:position] + text[position + rng.randint(1, 4) :]


def replace_separator(rng: Random, text: bytes) -> bytes:
    old, new = rng.choice(values.SEPARATORS)
    return text.replace(old, new, rng.choice((1, -1)))


TEXTS: dict[str, Callable[[Random, bytes], bytes]] = {
    "other encoding": recode,
    "BOM": lambda rng, text: b"\xef\xbb\xbf" + text,
    "no object": lambda rng, text: rng.choice(values.NOT_OBJECTS),
    "invalid UTF-8": partial(insert_into_string, values.NOT_UTF8),
    "surrogates in UTF-8": partial(insert_into_string, values.RAW_SURROGATES),
    "blanks": partial(insert, values.BLANKS),
    "blanks before": lambda rng, text: rng.choice(values.BLANKS) + text,
    "blanks after": lambda rng, text: text + rng.choice(values.BLANKS),
    "trailing data": lambda rng, text: text + rng.choice(values.TRAILING),
    "separators": replace_separator,
    "text bytes flipped": flip,
    "text cut": truncate,
    "text bytes deleted": delete,
}


# Segments


def change_segment(change: Callable[[Random, bytes], bytes], rng: Random, draft: Draft) -> None:
    position = either(rng)
    draft.segments[position] = change(rng, draft.segments[position])


def change_signature_segment(change: Callable[[Random, bytes], bytes], rng: Random, draft: Draft) -> None:
    draft.segments[SIGNATURE] = change(rng, draft.segments[SIGNATURE])


def pad(_rng: Random, segment: bytes) -> bytes:
    return segment + b"=" * (-len(segment) % 4)


def other_alphabet(rng: Random, segment: bytes) -> bytes:
    """The standard alphabet, where the two differ; else a character of neither."""
    changed = segment.replace(b"-", b"+").replace(b"_", b"/")
    return changed if changed != segment else insert((b"+", b"/"), rng, segment)


ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def set_stray_bits(_rng: Random, segment: bytes) -> bytes:
    """The lowest bit of the last character set: part of no byte, where the length is no multiple of four."""
    last = ALPHABET.find(segment[-1:] or b"=")
    return segment if last < 0 else segment[:-1] + ALPHABET[last | 1 :][:1]


def blank(_rng: Random, _segment: bytes) -> bytes:
    return b""


SEGMENTS: dict[str, Callable[[Random, bytes], bytes]] = {
    "padding": pad,
    "other alphabet": other_alphabet,
    "stray bits": set_stray_bits,
    "stray characters inside": partial(insert, values.STRAY),
    "stray characters after": lambda rng, segment: segment + rng.choice(values.STRAY),
    "empty part": blank,
}


# Signatures


def change_signature(change: Callable[[Random, bytes], bytes], rng: Random, draft: Draft) -> None:
    draft.signature = change(rng, draft.signature)


def swap_halves(_rng: Random, signature: bytes) -> bytes:
    half = len(signature) // 2
    return signature[half:] + signature[:half]


def halves(signature: bytes) -> tuple[int, int]:
    half = len(signature) // 2
    return int.from_bytes(signature[:half]), int.from_bytes(signature[half:])


def as_der(_rng: Random, signature: bytes) -> bytes:
    """What OpenSSL makes of ECDSA, and JWS does not take (RFC 7518 section 3.4)."""
    return encode_dss_signature(*halves(signature))


def negate_s(_rng: Random, signature: bytes) -> bytes:
    """The other valid signature of the same message, where it is ECDSA's on P-256."""
    r, s = halves(signature)
    return r.to_bytes(32) + (P256_ORDER - s).to_bytes(32) if len(signature) == 64 and s < P256_ORDER else signature


def add_order(_rng: Random, signature: bytes) -> bytes:
    """An s that is out of range by the order of P-256, in halves of a byte more."""
    r, s = halves(signature)
    return r.to_bytes(33) + (s + P256_ORDER).to_bytes(33) if len(signature) == 64 else signature


SIGNATURES: dict[str, Callable[[Random, bytes], bytes]] = {
    "signature cut": lambda rng, signature: signature[: -rng.randint(1, 64)],
    "signature extended": lambda rng, signature: signature + rng.randbytes(rng.choice((1, 2, 32))),
    "signature after zeros": lambda rng, signature: b"\0" + signature,
    "signature of zeros": lambda rng, signature: bytes(len(signature)),
    "signature empty": lambda rng, signature: b"",
    "signature halves swapped": swap_halves,
    "signature in DER": as_der,
    "signature with -s": negate_s,
    "signature with s + n": add_order,
    "signature bytes flipped": flip,
}


def use_other_key(_rng: Random, draft: Draft) -> None:
    draft.sign = draft.case.sign_with_other_key


def confuse_algorithms(rng: Random, draft: Draft) -> None:
    """HMAC with what is public of the key, and a header that says so."""
    algorithm = rng.choice(tuple(HASHES))
    set_member(draft.objects[HEADER], '"alg"', quote(algorithm))
    draft.sign = hmac_signer(draft.case.public_bytes, algorithm)


def leave_unsigned(_rng: Random, draft: Draft) -> None:
    set_member(draft.objects[HEADER], '"alg"', '"none"')
    draft.sign = lambda _: b""


# Whole tokens


def change_token(change: Callable[[Random, bytes], bytes], rng: Random, draft: Draft) -> None:
    raw = draft.token.encode("utf-8", "surrogatepass") if isinstance(draft.token, str) else draft.token
    draft.token = as_token(change(rng, raw))


def change_parts(change: Callable[[Random, list[bytes]], list[bytes]], rng: Random, token: bytes) -> bytes:
    return b".".join(change(rng, token.split(b".")))


def swapped(rng: Random, parts: list[bytes]) -> list[bytes]:
    return rng.sample(parts, len(parts))


def missing(rng: Random, parts: list[bytes]) -> list[bytes]:
    position = rng.randrange(len(parts))
    return parts[:position] + parts[position + 1 :]


def extra(rng: Random, parts: list[bytes]) -> list[bytes]:
    added = [rng.choice((b"", *parts)) for _ in range(rng.choice((1, 2)))]
    position = rng.randint(0, len(parts))
    return parts[:position] + added + parts[position:]


def wrap(rng: Random, token: bytes) -> bytes:
    before, after = rng.choice(
        ((b" ", b""), (b"", b" "), (b"", b"\n"), (b"Bearer ", b""), (b'"', b'"'), (b"", b"\0"), (b"\xef\xbb\xbf", b""))
    )
    return before + token + after


def add_surrogate(_rng: Random, draft: Draft) -> None:
    if isinstance(draft.token, str):
        draft.token += "\ud800"


def make_bytes(_rng: Random, draft: Draft) -> None:
    if isinstance(draft.token, str):
        draft.token = draft.token.encode("utf-8", "surrogatepass")


TOKENS: dict[str, Callable[[Random, bytes], bytes]] = {
    "part missing": partial(change_parts, missing),
    "part extra": partial(change_parts, extra),
    "parts swapped": partial(change_parts, swapped),
    "wrapped": wrap,
    "token bytes flipped": flip,
    "token cut": truncate,
    "token bytes deleted": delete,
    "token bytes inserted": partial(insert, values.STRAY),
}

TIME_CLAIMS = ("exp", "nbf", "iat")

MUTATIONS: tuple[Mutation, ...] = (
    *(Mutation(f"header {name}", Stage.MEMBERS, partial(set_header, name)) for name in values.HEADER),
    *(Mutation(f"claim {name}", Stage.MEMBERS, partial(set_claim, name)) for name in values.CLAIMS),
    *(Mutation(f"claim {name} around now", Stage.MEMBERS, partial(set_time, name), 3) for name in TIME_CLAIMS),
    *(Mutation(f"claim {name} of any kind", Stage.MEMBERS, partial(set_odd_time, name)) for name in TIME_CLAIMS),
    Mutation("header alg Ed25519", Stage.MEMBERS, name_ed25519),
    Mutation("header extended", Stage.MEMBERS, extend_header),
    Mutation("member plain", Stage.MEMBERS, partial(add_member, values.PLAIN)),
    Mutation("member not finite", Stage.MEMBERS, partial(add_member, values.NOT_FINITE)),
    Mutation("member not JSON", Stage.MEMBERS, partial(add_member, (*values.NOT_JSON, *values.BAD_STRINGS))),
    Mutation("member with lone surrogate", Stage.MEMBERS, partial(add_member, values.SURROGATES)),
    Mutation("member with duplicates", Stage.MEMBERS, partial(add_member, values.DUPLICATED)),
    Mutation("member of many digits", Stage.MEMBERS, partial(add_member, values.LONG_NUMBERS), RARELY),
    Mutation("member with odd name", Stage.MEMBERS, add_odd_name),
    Mutation("member with escaped name", Stage.MEMBERS, escape_name),
    Mutation("member twice", Stage.MEMBERS, duplicate),
    Mutation("many members", Stage.MEMBERS, add_many),
    Mutation("member removed", Stage.MEMBERS, remove),
    Mutation("members shuffled", Stage.MEMBERS, shuffle),
    Mutation("times swapped", Stage.MEMBERS, swap_times),
    Mutation("nested", Stage.MEMBERS, partial(nest, values.DEPTHS)),
    Mutation("nested 10,000 deep", Stage.MEMBERS, partial(nest, (10_000,)), RARELY),
    Mutation("16 KiB", Stage.MEMBERS, fill, RARELY),
    Mutation("algorithm confusion", Stage.MEMBERS, confuse_algorithms),
    Mutation("unsigned", Stage.MEMBERS, leave_unsigned),
    Mutation("another key", Stage.MEMBERS, use_other_key),
    *(Mutation(name, Stage.TEXT, partial(change_text, change)) for name, change in TEXTS.items()),
    *(Mutation(name, Stage.SEGMENT, partial(change_segment, change)) for name, change in SEGMENTS.items()),
    *(Mutation(name, Stage.SIGNATURE, partial(change_signature, change), 0.5) for name, change in SIGNATURES.items()),
    *(
        Mutation(f"signature: {name}", Stage.SIGNED, partial(change_signature_segment, change), 0.5)
        for name, change in SEGMENTS.items()
    ),
    *(Mutation(name, Stage.TOKEN, partial(change_token, change), 0.5) for name, change in TOKENS.items()),
    Mutation("lone surrogate in the token", Stage.TOKEN, add_surrogate, 0.5),
    Mutation("bytes", Stage.TOKEN, make_bytes),
)
