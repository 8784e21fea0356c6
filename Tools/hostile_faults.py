"""What is done to sound requests: each fault is one thing that is wrong, or only nearly right."""

from __future__ import annotations

import base64
from collections.abc import Callable

import hostile_bodies as bodies
from hostile_grammar import CONTEXT, Draw, Request, chunked

Fault = Callable[[Draw, Request], None]
#: Every fault, by its name.
FAULTS: dict[str, Fault] = {}


def fault(made: Fault) -> Fault:
    FAULTS[made.__name__] = made
    return made


def put(draw: Draw, request: Request, line: bytes, replaces: bool = True) -> None:
    """Adds a field, at any place, in place of those of its name or beside them."""
    name = line.split(b":")[0].lower()
    if replaces:
        request.fields = [one for one in request.fields if one.split(b":")[0].lower() != name]
    request.fields.insert(draw.chance.randrange(len(request.fields) + 1), line)


@fault
def odd_method(draw: Draw, request: Request) -> None:
    request.method = draw.fill(draw.one(
        b"get", b"TRACE", b"CONNECT", b"OPTIONS", b"PATCH", b"PROPFIND", b"HEAD", b"PUT", b"POST", b"G\tET", b"",
        b"{T}", b"GET" * 900, b"\x16\x03\x01\x02\x00", b"PRI", b"G\xc3\x89T", b"M-SEARCH", b"DELETE", b"GET\x00",
    ))


@fault
def odd_version(draw: Draw, request: Request) -> None:
    request.version = draw.fill(draw.one(
        b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/1.10", b"HTTP/11", b"http/1.1", b"HTTP/", b"",
        b"HTTP/1.1 {T}", b"HTTP/-1.1", b"HTTP/1.1\x00", b"HTTP/99999999999999999999.1", b"SIP/2.0", b"HTTP/1,1",
    ))


@fault
def odd_space(draw: Draw, request: Request) -> None:
    if draw.odds(0.5):
        request.between = draw.one(b"  ", b"\t", b"\x0b", b" \t ", b"\r", b"\x00", b"\xc2\xa0", b"")
    else:
        request.end = draw.one(b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n ", b"\x00\r\n")


@fault
def traversal(draw: Draw, request: Request) -> None:
    path, _, query = request.target.partition(b"?")
    steps = draw.one(b"/..", b"/%2e%2e", b"/.%2E", b"/..%2f", b"/..;/", b"/%252e%252e", b"\\..\\", b"/./", b"//",
                     b"/..%c0%af", b"/.../", b"/%2f", b"/..\x00/")
    at = draw.chance.randrange(len(path) + 1)
    request.target = path[:at] + steps * draw.chance.choice((1, 2, 40)) + path[at:] + (b"?" + query if query else b"")


@fault
def odd_form(draw: Draw, request: Request) -> None:
    target = request.target
    request.target = draw.fill(draw.one(
        b"*", b"", b"vault:80", b"http://vault" + target, b"https://{T}@vault:99999" + target, b"//{T}" + target,
        b"HTTP://vault" + target, target + b"#{T}", target.lstrip(b"/"), b"?" + target, b"http://[::1" + target,
        b"file:///etc/passwd", target + b"/", target.upper(), target + b" ", b"/{T}", b"/v1", b"/v1/",
        b"/v2" + target[3:],
        b"/v1/log/tile/0/x000/000", b"/v1/log/tile/0/999999999", b"/v1/log/tile/-1/000.p/1", b"/v1/log/names/{T}",
    ))


@fault
def odd_target_bytes(draw: Draw, request: Request) -> None:
    at = draw.chance.randrange(1, len(request.target) + 1) if request.target else 0
    request.target = request.target[:at] + draw.nasty(draw.odds(0.6)) + request.target[at:]


@fault
def odd_percent(draw: Draw, request: Request) -> None:
    path, _, query = request.target.partition(b"?")
    encoded = b"".join(b"%%%02x" % byte if draw.odds(0.3) else bytes([byte]) for byte in path)
    broken = draw.one(b"", b"%", b"%2", b"%zz", b"%u202e", b"%%", b"%00", b"%ff%fe", b"%ed%a0%80")
    request.target = encoded + broken + (b"?" + query if query else b"")


@fault
def over_long_target(draw: Draw, request: Request) -> None:
    part = draw.one(b"a", b"/a", b"%41", b"?a=1&", b"/..", "\u202e".encode())
    request.target += (draw.token + part) * draw.chance.choice((40, 400, 2000, 9000))


@fault
def odd_query(draw: Draw, request: Request) -> None:
    path, _, query = request.target.partition(b"?")
    added = draw.fill(draw.one(
        b"limit=0", b"limit=-1", b"limit=99999999999999999999", b"limit=1e3", b"limit=01", b"limit=1&limit=2", b"{T}=1",
        b"after={N}", b"after=" + b"A" * 129, b"job={N}", b"owner=%00", b"owner={T}&owner={T}", b"&", b"=", b"a",
        b"&&&&",
        b"limit=%31", b"%6cimit=1", b"wait=99999", b"newest=1&after=2", b"from=9&to=1", b"from=18446744073709551615",
        b"known=" + b",".join([b"1"] * 300), b"known=01", b"action=image.put,image.put", b"action={T}", b"outcome=4",
        b"since=2026-01-01", b"until=9999-99-99T99:99:99.999999Z", b"since={N}", b"image={I}", b"image={T}", b"uid=-1",
        b"client=::1%25{T}", b"client=999.1.1.1", b"actor={N}", b"pseudonym={H}", b"ticket=ivt_{T}", b"ticket={N}",
        b";".join([b"a=1"] * 500), b"+", b"limit=1#{T}", b"[]=1", b"limit[]=1", b"\xff=\xff", b"?limit=1",
    ))
    request.target = path + b"?" + (query + b"&" + added if query and draw.odds(0.5) else added)


#: Values that fields of the vault, and of HTTP, do not take, or only just.
CORNERS: dict[bytes, tuple[bytes, ...]] = {
    b"Host": (b"", b"{T}", b"a, b", b"vault:99999999", b"[::1", b"{N}", b"a b", b"vault\tx", b"@", b"127.0.0.1.{T}"),
    b"Content-Length": (b"-1", b"+5", b"0x10", b"5, 5", b"5,6", b"", b" ", b"1e2", b"99999999999999999999", b"10485761",
                        b"9223372036854775807", b"18446744073709551616", b"00005", b"5 5", b"5;a", b"{T}", b"0"),
    b"Transfer-Encoding": (b"gzip", b"chunked, chunked", b"chunked, identity", b"identity", b"xchunked", b"Chunked",
                           b"chunked;q=1", b"\"chunked\"", b"", b"chunked, gzip", b"{T}", b"\x0bchunked", b",chunked"),
    b"Content-Type": (b"image/png", b"image/jpeg; a={T}", b"text/html", b"{N}", b"multipart/form-data; boundary={T}",
                      b"",
                      b"application/json; charset=utf-16", b"image/svg+xml", b"a" * 3000, b"*/*", b"image/*"),
    b"Content-Encoding": (b"gzip", b"br, gzip", b"{T}", b"identity", b"aes128gcm"),
    b"Content-Disposition": (
        b"attachment", b"inline; filename=a.png", b"attachment; filename=", b"attachment; filename=\"",
        b"filename=a.png",
        b'attachment; filename="{N}"', b'attachment; filename="../../{T}"', b'attachment; filename="a\\"b{T}.png"',
        b'attachment; filename="a"; filename="b"', b"attachment; filename*=UTF-8''%e2%80%ae{T}",
        b"attachment;;filename=a",
        b"attachment; filename*=UTF-8''%ff{T}", b"attachment; filename*=iso-8859-1''a",
        b"attachment; filename*=UTF-8'a",
        b"attachment; filename*=UTF-8''%", b"attachment; filename*=utf-8'en'%00", b'attachment; filename="\xff{T}"',
        b"attachment; filename*0=a; filename*1=b", b'attachment; filename="a.png"; size=3',
        b"ATTACHMENT; FILENAME=a.png",
        b'attachment; filename="' + b"a" * 256 + b'"', b'attachment; filename="' + "\u00e9".encode() * 128 + b'"',
        b'attachment; filename="."', b'attachment; filename=".."', b'attachment; filename="CON"', b"form-data; name=a",
        b'attachment; filename=" "', b'attachment; filename="a/b{T}"', b"attachment; filename=a b", b'attachment; "x"',
        b'attachment ; filename = "a{T}.png"', b'attachment; filename="a%00b"', b"attachment; =a",
        b'attachment; filename="a',
        b'attachment; filename="\xef\xbf\xbd{T}"', b'attachment; filename="a"x; b', b"attachment;" * 400,
    ),
    b"Content-Digest": (b"sha-256=:AAAA:", b"sha-256=::", b"sha-256", b"md5=:AAAA:", b"sha-256=:{T}:", b"{N}", b"",
                        b"sha-256=:" + base64.b64encode(bytes(32)) + b":", b"sha-256=:" + b"A" * 5000 + b":",
                        b"sha-512=:AA:, sha-256=:AA:", b"SHA-256=:AA:", b"sha-256=:=====:"),
    b"Vault-Actor": (b"", b"a b", b"{N}", b"a" * 128, b"a" * 129, "\u00e9".encode(), b"\"{T}\"", b"a,b", b"\x80"),
    b"Vault-Client": (b"", b"ip=", b"ip={T}", b"ip=1.2.3.4; ip=1.2.3.4", b'ua="{N}"', b'ua="', b'ua="\\x"',
                      b'ip=::1;ua="{T}";',
                      b"ip=fe80::1%eth0", b'ua="' + b"a" * 2040 + b'"', b"ip=1.2.3.4; {T}", b"ip=::ffff:1.2.3.4",
                      b'ua=""',
                      b";;;;", b"ip=00001.2.3.4", b'ip=1.2.3.4;ua="' + "\u202e".encode() + b'{T}"'),
    b"traceparent": (b"", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01", b"ff-a-b-c", b"{N}", b"00-{T}-1-1",
                     b"-" * 55),
    b"Vault-Job": (b"", b"a b", b"{N}", b"a" * 64, b"a" * 65, b"..", b"a/b", b"%41", "\u0430".encode(), b"{T}"),
    b"Vault-Owner": (b"", b"{N}", b"a" * 65, b"*", b"a,b", b"-", b"{T}", b"'", b"\"a\""),
    b"Vault-Timeout-Ms": (b"0", b"1", b"2", b"-1", b"3600001", b"1.5", b"1e3", b"", b"0x1", b"{N}",
                          b"99999999999999999999",
                          b"\xd9\xa1", b"+1", b"00001", b"50", b"3600000"),
    b"Idempotency-Key": (b"", b"\"\"", b"\"", b"{N}", b"a" * 300, b"\"a\\\"b\"", b"a b", b"\"{T}\"",
                         "\u00e9".encode(), b"k"),
    b"Origin": (b"null", b"http://{T}", b"", b"{N}", b"https://a, https://b"),
    b"Sec-Fetch-Site": (b"cross-site", b"same-site", b"same-origin", b"none", b"", b"{T}", b"NONE"),
    b"Sec-Fetch-Mode": (b"no-cors", b"navigate", b"{T}"),
    b"Sec-Fetch-Dest": (b"image", b"document", b"{N}"),
    b"Range": (b"bytes=0-0", b"bytes=-1", b"bytes=9-1", b"bytes=0-0,2-3", b"bytes=99999999999999999999-", b"bytes=-0",
               b"bytes=",
               b"BYTES=0-1", b"items=0-1", b"bytes=0-" + b"9" * 60, b"bytes=a-b", b"{T}", b"bytes=0x0-1",
               b"bytes=1-" * 300),
    b"If-Range": (b"\"{T}\"", b"W/\"a\"", b"", b"{N}", b"Wed, 21 Oct 2015 07:28:00 GMT"),
    b"If-None-Match": (b"*", b"\"{I}\"", b"\"a\", \"b\"", b"\"", b"{N}", b"W/\"{T}\"", b"\"a\"," * 900, b""),
    b"If-Match": (b"*", b"\"{T}\""),
    b"If-Modified-Since": (b"{T}", b"Wed, 99 Oct 2015 99:99:99 GMT"),
    b"Expect": (b"100-continue", b"200-ok", b"100-continue, 100-continue", b"{N}", b"", b"100-Continue"),
    b"Connection": (b"close", b"keep-alive, close", b"upgrade", b"{T}", b"Content-Length", b"", b"Vault-Owner, Host"),
    b"Upgrade": (b"websocket", b"h2c", b"HTTP/2.0, {T}"),
    b"TE": (b"trailers", b"{T}"),
    b"Trailer": (b"Content-Length", b"{T}"),
    b"X-Forwarded-For": (b"{N}", b"127.0.0.1, {T}", b"1.2.3.4," * 600),
    b"X-Forwarded-Host": (b"{T}",), b"Forwarded": (b"for={T};by={N}",), b"X-HTTP-Method-Override": (b"DELETE",),
    b"X-Original-URL": (b"/v1/seal",), b"Authorization": (b"Bearer ivt_{T}", b"Basic {T}", b"{N}",
                                                          b"Bearer " + b"a" * 9000),
    b"Vault-Ticket": (b"ivf_{T}", b"{N}", b"ivf_" + b"a" * 49, b""), b"Proxy-Authorization": (b"{T}",),
    b"Cookie": (b"{N}", b"a=b;" * 2000), b"User-Agent": (b"{N}", b"() { :;}; {T}"),
    b"Referer": (b"http://{T}/{N}",), b"Accept": (b"{N}",), b"Vault-Namespace": (b"{T}",), b"X-Request-Id": (b"{N}",),
}


@fault
def odd_value(draw: Draw, request: Request) -> None:
    name = draw.one(*CORNERS)
    put(draw, request, name + b": " + draw.fill(draw.one(*CORNERS[name])), replaces=draw.odds(0.8))


@fault
def odd_disposition(draw: Draw, request: Request) -> None:
    put(draw, request, b"Content-Disposition: " + draw.fill(draw.one(*CORNERS[b"Content-Disposition"])))


@fault
def marked_everywhere(draw: Draw, request: Request) -> None:
    """The token, and what a terminal obeys, in every value there is."""
    legal = draw.odds(0.8)
    names = draw.chance.sample(sorted(CORNERS), 12)
    request.fields = [b"Host: vault"] + [name + b": " + draw.nasty(legal) for name in names
                                         if name not in (b"Host", b"Content-Length", b"Transfer-Encoding")]
    request.fields.append(b"X-" + draw.token + b": " + draw.nasty(legal))


@fault
def repeated_field(draw: Draw, request: Request) -> None:
    line = draw.one(*request.fields, *(draw.fill(one) for one in CONTEXT))
    for _ in range(draw.chance.choice((1, 2, 70))):
        put(draw, request, line if draw.odds(0.5) else line.swapcase(), replaces=False)


@fault
def odd_field(draw: Draw, request: Request) -> None:
    put(draw, request, draw.fill(draw.one(
        b"{T}", b": {T}", b"X {T}: a", b"X-{T} : a", b"X\x00{T}: a", b"X-{N}: a", b" folded {T}", b"\tfolded", b"X:",
        b":",
        b"X-{T}: " + b"a" * 17_000, b"X" * 17_000 + b": {T}", b"X-\xe2\x80\xae{T}: a", b"X-{T}: a\x00b", b"X: a\rb",
        b"X: a\nY: b",
        b"Content-Length : 3", b"Transfer-Encoding : chunked", b"X-{T}: a\r\n b", b"X-{T}: a\r\n\tb\r\n c",
        b"(X): {T}", b"\"X\": 1",
        b"X-{T}: " + b"\xff" * 100, b"Content_Length: 7", b"X-{T}: \x1b[2J", b"\xff\xfe: {T}",
        b"X-A: b\r\n\r\nGET /{T} HTTP/1.1",
    ), legal=False), replaces=False)


@fault
def many_fields(draw: Draw, request: Request) -> None:
    count = draw.chance.choice((60, 65, 100, 1000, 4000))
    request.fields += [b"X-%d: %s" % (number, draw.token) for number in range(count)]


@fault
def two_framings(draw: Draw, request: Request) -> None:
    length = b"Content-Length: " + draw.one(b"0", b"3", b"100", b"%d" % len(request.body), b"-1")
    other = draw.one(b"Transfer-Encoding: chunked", b"Content-Length: 4", b"Transfer-Encoding:\tchunked",
                     b"content-length: 0",
                     b"Transfer-Encoding: identity", b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked")
    request.framing = "own"
    request.fields += [length, other] if draw.odds(0.5) else [other, length]
    request.body = draw.one(request.body, b"0\r\n\r\n", chunked(request.body),
                            b"3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n")


@fault
def odd_length(draw: Draw, request: Request) -> None:
    request.framing = "own"
    put(draw, request, b"Content-Length: " + draw.fill(draw.one(*CORNERS[b"Content-Length"])))


@fault
def odd_chunks(draw: Draw, request: Request) -> None:
    request.framing = "chunked"
    request.body = request.body or b"{}"
    sound = chunked(request.body)
    size = b"%x" % len(request.body)
    request.chunks = draw.fill(draw.one(
        b"zz\r\n", b"-1\r\n", b"\r\n", b"0x5\r\nabcde\r\n0\r\n\r\n", b"ffffffffffffffff\r\na",
        b"10000000000000000\r\na",
        size + b";{T}=\"{N}\"\r\n" + request.body + b"\r\n0\r\n\r\n", size + b" \r\n" + request.body + b"\r\n0\r\n\r\n",
        sound[:-2] + b"X-{T}: {N}\r\n\r\n", sound[:-2] + b"Content-Length: 3\r\n\r\n",
        sound[:-2] + b"a" * 20_000 + b"\r\n\r\n",
        size + b"\n" + request.body + b"\n0\n\n", size + b"\r\n" + request.body + b"0\r\n\r\n", sound[:-5],
        b"0\r\n\r\n" + sound,
        size + b";" + b"a" * 20_000 + b"\r\n" + request.body + b"\r\n0\r\n\r\n", b"1\r\na\r\n" * 3000,
        b"0" * 5000 + sound,
        size.upper() + b"\r\n" + request.body + b"\r\n00000\r\n\r\n",
        sound[:-2] + b"Vault-Owner: {T}\r\n" * 100 + b"\r\n",
    ), legal=False)


@fault
def cut_body(draw: Draw, request: Request) -> None:
    body = request.body or b"abc"
    request.framing = "own"
    put(draw, request, b"Content-Length: %d" % len(body))
    request.body = body[: draw.chance.randrange(len(body))]


@fault
def unwanted_body(draw: Draw, request: Request) -> None:
    request.body, request.framing = draw.fill(b"{T}{N}"), draw.chance.choice(("length", "chunked"))


@fault
def odd_json(draw: Draw, request: Request) -> None:
    request.body = draw.fill(bodies.odd_json(draw.chance, request.body), legal=False)
    request.framing = "length"


@fault
def odd_image(draw: Draw, request: Request) -> None:
    request.body = draw.token.join(bodies.odd_picture(draw.chance).split(b"{T}"))
    request.framing = "chunked" if draw.odds(0.3) else "length"


@fault
def soup(draw: Draw, request: Request) -> None:
    """What never was HTTP."""
    request.method, request.target, request.version, request.fields = b"", b"", b"", []
    request.framing, request.between = "own", b""
    request.end = b""
    request.body = draw.one(
        draw.chance.randbytes(draw.chance.choice((1, 40, 5000))),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), b"SSH-2.0-" + draw.token + b"\r\n", b"\r\n" * 3000,
        b"\n" * 40_000,
        b"GET", draw.nasty() * 300, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"\x00" * 70_000,
        b"GET / HTTP/1.1\r\n" * 20,
        b"*1\r\n$4\r\nPING\r\n", b"EHLO " + draw.token + b"\r\n", b"a" * 100_000,
    )


@fault
def flipped_bytes(draw: Draw, request: Request) -> None:
    """Any byte of the head is another."""
    line = bytearray(draw.one(*request.fields)) if request.fields else bytearray(b"X: y")
    line[draw.chance.randrange(len(line))] = draw.chance.randrange(256)
    put(draw, request, bytes(line), replaces=False)
