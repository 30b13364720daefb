#!/usr/bin/env python3
"""Writes the binary part of the corpora: archives, packages and layers, as no sane tool makes them.

Findings of the fuzzers lie beside what this writes and are kept by it. Run it when a case is added;
the files are committed, so that tests need no Python.
"""
import bz2
import gzip
import io
import lzma
import pathlib
import struct
import tarfile
import zipfile

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
TIME = 315532800


def put(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def header(name, kind="0", content=b"", link="", mode=0o644, size=None, prefix="", uid="0000000"):
    """A ustar header by hand, with its content padded."""
    block = bytearray(512)

    def field(offset, text):
        raw = text if isinstance(text, bytes) else text.encode("latin-1")
        block[offset:offset + len(raw)] = raw

    field(0, name[:100])
    field(100, "%07o" % mode)
    field(108, uid)
    field(116, "0000000")
    field(124, size if size is not None else "%011o" % len(content))
    field(136, "%011o" % TIME)
    field(148, " " * 8)
    field(156, kind)
    field(157, link[:100])
    field(257, b"ustar\x0000")
    field(345, prefix)
    field(148, "%06o\0" % sum(block))
    return bytes(block) + content + bytes(-len(content) % 512)


END = bytes(1024)


def tar(*entries):
    return b"".join(entries) + END


def pax(**records):
    text = b""
    for key, value in records.items():
        rest = b" %s=%s\n" % (key.replace("_", ".").encode(), value)
        length = len(rest)
        while length != len(rest) + len(str(length)):
            length = len(rest) + len(str(length))
        text += str(length).encode() + rest
    return header("pax", "x", text)


def directory(name):
    return header(name, "5", mode=0o755)


PLAIN = tar(directory("d/"), header("d/f", content=b"one\n"), header("d/h", "1", link="d/f"),
            header("l", "2", link="d/f"), header("x", content=b"#!/bin/sh\n", mode=0o755))

TARS = {
    "plain": PLAIN,
    "dotdot": tar(header("../out", content=b"x")),
    "dotdot-inside": tar(header("a/../../out", content=b"x")),
    "absolute": tar(header("/out", content=b"x")),
    "symlink-then-below": tar(header("s", "2", link="/tmp"), header("s/out", content=b"x")),
    "symlink-replaced-by-file": tar(header("s", "2", link="t"), header("s", content=b"x")),
    "hardlink-out": tar(header("h", "1", link="../../etc/passwd")),
    "hardlink-to-symlink": tar(header("s", "2", link="t"), header("h", "1", link="s")),
    "hardlink-to-itself": tar(header("h", content=b"x"), header("h", "1", link="h")),
    "hardlink-through-symlink": tar(header("s", "2", link=".."), header("h", "1", link="s/x")),
    "file-below-file": tar(header("f", content=b"x"), header("f/g", content=b"y")),
    "file-twice": tar(header("f", content=b"1"), header("h", "1", link="f"), header("f", content=b"2")),
    "directory-over-file": tar(header("f", content=b"1"), directory("f")),
    "device": tar(header("n", "3")),
    "fifo": tar(header("n", "6")),
    "setuid": tar(header("s", content=b"x", mode=0o4755)),
    "root-entry": tar(directory("./"), header("./f", content=b"x")),
    "no-name": tar(header("", content=b"x")),
    "no-end-mark": header("f", content=b"x"),
    "cut-in-header": PLAIN[:700],
    "cut-in-body": header("f", content=b"x" * 600)[:900],
    "huge-size": tar(header("f", size="77777777777")),
    "huge-size-base256": tar(header("f", size=b"\x80" + b"\xff" * 11)),
    "negative-size": tar(header("f", size=b"\xff" * 12)),
    "huge-owner": tar(header("f", uid=b"\x80\xff\xff\xff\xff\xff\xff\xff")),
    "sparse-gnu": tar(header("f", "S", content=b"x" * 512)),
    "pax-long-path": tar(pax(path=b"a/" * 120 + b"f"), header("short", content=b"x")),
    "pax-path-too-long": tar(pax(path=b"a" * 400), header("short", content=b"x")),
    "pax-nul-in-path": tar(pax(path=b"a\0b"), header("short", content=b"x")),
    "pax-dotdot": tar(pax(path=b"../out"), header("short", content=b"x")),
    "pax-huge-size": tar(pax(size=b"99999999999999999999"), header("f", content=b"x")),
    "pax-xattr": tar(pax(SCHILY_xattr_user_x=b"\0\1"), header("f", content=b"x")),
    "pax-bad-length": tar(header("pax", "x", b"99 path=a\n"), header("f")),
    "pax-global": tar(header("g", "g", b"13 path=glob\n"), header("f", content=b"x")),
    "pax-not-utf8": tar(pax(path=b"\xff\xfe"), header("f", content=b"x")),
    "gnu-long-name": tar(header("././@LongLink", "L", b"n" * 200 + b"\0"), header("n", content=b"x")),
    "gnu-long-link": tar(header("././@LongLink", "K", b"t" * 200 + b"\0"), header("n", "2", link="t")),
    "prefix": tar(header("f", content=b"x", prefix="a/b")),
    "prefix-dotdot": tar(header("f", content=b"x", prefix="a/..")),
    "many-directories": tar(directory("a/" * 40)),
    "unknown-type": tar(header("f", "Q")),
    "control-characters": tar(header("a\n\x1b[31m", content=b"x")),
}


def zip_of(*members, comment=b""):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data, mode, method in members:
            info = zipfile.ZipInfo(name, (2020, 2, 3, 4, 5, 6))
            info.external_attr = mode << 16
            info.compress_type = method
            archive.writestr(info, data)
        archive.comment = comment
    return out.getvalue()


STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
ZIP = zip_of(("d/f", b"one\n" * 50, 0o100644, DEFLATED), ("l", b"d/f", 0o120777, STORED))
ZIPS = {
    "plain": ZIP,
    "dotdot": zip_of(("../out", b"x", 0o100644, STORED)),
    "comment": zip_of(("f", b"x", 0o100644, STORED), comment=b"PK\5\6" * 8),
    "empty": zip_of(),
    "cut": ZIP[:-30],
    "directory-out-of-range": ZIP[:-6] + struct.pack("<I", 0xfffffff0) + ZIP[-2:],
    "huge-count": ZIP[:-14] + b"\xff\xff\xff\xff" + ZIP[-10:],
    "wrong-checksum": ZIP.replace(b"l\x00", b"l\x01", 1),
    "size-lies": ZIP.replace(struct.pack("<I", 200), struct.pack("<I", 2**31)),
}


def ar(*members, time="0"):
    out = b"!<arch>\n"
    for name, data in members:
        out += (name.ljust(16) + time.ljust(12) + "0".ljust(6) * 2 + "100644".ljust(8)
                + str(len(data)).ljust(10)).encode() + b"`\n" + data + b"\n" * (len(data) % 2)
    return out


CONTROL = b"Package: demo\nVersion: 1.0\nArchitecture: amd64\nDescription: d\n more\n"


def control(text=CONTROL):
    return tar(directory("./"), header("./control", content=text),
               header("./md5sums", content=b"0  f\n"))


def deb(data, control_tar=None, version=b"2.0\n", suffix=""):
    return ar(("debian-binary", version), ("control.tar", control_tar or control()),
              ("data.tar" + suffix, data))


def main():
    for name, data in TARS.items():
        put("archive", "tar-" + name, data)
    for name, data in ZIPS.items():
        put("archive", "zip-" + name, data)
        put("zip_time", name, data)
    put("archive", "gzip", gzip.compress(PLAIN, mtime=0))
    put("archive", "xz", lzma.compress(PLAIN))
    put("archive", "bzip2", bz2.compress(PLAIN))
    put("archive", "ar", ar(("a", b"x"), ("b/", b"yy")))
    put("archive", "ar-bsd-long-name", ar(("#1/20", b"n" * 20 + b"x")))
    put("archive", "ar-gnu-names", ar(("//", b"a-rather-long-name/\n"), ("/0", b"x")))
    put("archive", "ar-gnu-name-out-of-range", ar(("//", b"name/\n"), ("/999", b"x")))
    put("archive", "empty", b"")
    put("archive", "zeros", END)

    text = b"text " * 40
    packed = gzip.compress(text, mtime=0)
    put("compression", "gzip", packed)
    put("compression", "gzip-two-members", packed + packed)
    put("compression", "gzip-padded", packed + bytes(64))
    put("compression", "gzip-cut", packed[:-3])
    put("compression", "gzip-wrong-checksum", packed[:-8] + b"\0\0\0\0" + packed[-4:])
    put("compression", "gzip-all-flags", b"\x1f\x8b\x08\x1e" + bytes(6) + b"\2\0ab" + b"n\0c\0" + b"\0\0")
    put("compression", "gzip-bomb", gzip.compress(bytes(4 << 20), 9, mtime=0))
    put("compression", "xz", lzma.compress(text))
    put("compression", "xz-cut", lzma.compress(text)[:-7])
    put("compression", "xz-bomb", lzma.compress(bytes(4 << 20)))
    put("compression", "bzip2", bz2.compress(text))
    put("compression", "bzip2-empty", bz2.compress(b""))
    put("compression", "bzip2-bomb", bz2.compress(bytes(4 << 20)))
    put("compression", "plain", text)
    put("compression", "zstd-raw-block", bytes.fromhex("28b52ffd 20 04 210000 74657374"))
    put("compression", "zstd-rle-bomb", bytes.fromhex("28b52ffd 00 58") + bytes.fromhex("02008000") * 16)
    put("compression", "zstd-skippable", bytes.fromhex("502a4d18 04000000 61626364 28b52ffd 20 00 010000"))
    put("compression", "zstd-huge-window", bytes.fromhex("28b52ffd 00 ff 010000"))
    put("compression", "zstd-huge-content-size", bytes.fromhex("28b52ffd e0 ffffffffffffffff 010000"))
    put("compression", "zstd-dictionary", bytes.fromhex("28b52ffd 21 07 04 210000 74657374"))

    data = tar(directory("./"), directory("./usr/"), header("./usr/f", content=b"x"),
               header("./bin/tool", content=b"x", mode=0o4755), header("./lib/l", "2", link="../etc/x"),
               header("./usr/h", "1", link="./bin/tool"))
    put("deb", "plain", deb(data))
    put("deb", "data-gz", deb(gzip.compress(data, mtime=0), suffix=".gz"))
    put("deb", "data-xz", deb(lzma.compress(data), suffix=".xz"))
    put("deb", "control-bz2", ar(("debian-binary", b"2.0\n"), ("control.tar.bz2", bz2.compress(control())),
                                 ("data.tar", data)))
    put("deb", "dotdot", deb(TARS["dotdot"]))
    put("deb", "symlink-then-below", deb(TARS["symlink-then-below"]))
    put("deb", "merged-link-itself", deb(tar(header("bin", "2", link="usr/bin"), header("bin/x", content=b"x"))))
    put("deb", "merged-to-file", deb(tar(header("lib", content=b"x"), header("usr/lib/x", content=b"x"))))
    put("deb", "hardlink-out", deb(TARS["hardlink-out"]))
    put("deb", "device", deb(TARS["device"]))
    put("deb", "other-package", deb(data, control(CONTROL.replace(b"demo", b"other"))))
    put("deb", "two-paragraphs", deb(data, control(CONTROL + b"\n" + CONTROL)))
    put("deb", "control-twice", ar(("debian-binary", b"2.0\n"), ("control.tar", control()),
                                   ("control.tar", control()), ("data.tar", data)))
    put("deb", "data-first", ar(("debian-binary", b"2.0\n"), ("data.tar", data), ("control.tar", control())))
    put("deb", "no-data", ar(("debian-binary", b"2.0\n"), ("control.tar", control())))
    put("deb", "no-control-file", deb(data, tar(directory("./"))))
    put("deb", "format-3", deb(data, version=b"3.0\n"))
    put("deb", "extra-member", deb(data) + ar(("_gpgorigin", b"sig"))[8:])
    put("deb", "cut", deb(data)[:-600])
    put("deb", "member-size-lies", deb(data).replace(b"2.0\n", b"2.0\n", 1).replace(b"4         `", b"999999999 `"))

    layers = {name: TARS[name] for name in (
        "plain", "dotdot", "hardlink-to-itself", "hardlink-to-symlink", "file-below-file", "file-twice",
        "device", "pax-xattr", "no-end-mark", "pax-long-path", "root-entry")}
    layers.update({
        "empty": END,
        "whiteout": tar(header("d/.wh.f")),
        "whiteout-directory": tar(header(".wh.d")),
        "whiteout-opaque": tar(directory("d"), header("d/.wh..wh..opq"), header("d/new", content=b"x")),
        "whiteout-opaque-root": tar(header(".wh..wh..opq")),
        "whiteout-nothing": tar(header(".wh.")),
        "whiteout-dot": tar(header(".wh.."), header(".wh...")),
        "whiteout-then-again": tar(header("d/.wh.f"), header("d/f", content=b"x")),
        "file-over-directory": tar(header("d", content=b"x")),
        "directory-over-link": tar(directory("l"), header("l/f", content=b"x")),
        "hardlink-to-lower": tar(header("h", "1", link="d/f")),
        "hardlink-chain": tar(header("a", content=b"x"), header("b", "1", link="a"), header("c", "1", link="b")),
        "link-loop": tar(header("a", "2", link="b"), header("b", "2", link="a")),
        "link-dotdot": tar(header("a", "2", link="../../../d/f"), header("b", "2", link="/d/../d/f")),
        "gzip": gzip.compress(PLAIN, mtime=0),
    })
    for name, data in layers.items():
        put("layer", name, data)


    elf_corpus()
    inside_corpus()


def elf(sections, wide=True, order="<"):
    """An ELF file of these (type, link, content) sections, after the null one."""
    head, each = (64, 64) if wide else (52, 40)
    word = "Q" if wide else "I"
    at, bodies, table = head, b"", bytes(each)
    for kind, link, content in sections:
        table += struct.pack(order + "II" + word * 4 + "II" + word * 2, 0, kind, 0, 0, at, len(content), link, 0, 0, 0)
        bodies += content
        at += len(content)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    return ident + struct.pack(order + "HHI" + word * 3 + "IHHHHHH", 3, 62, 1, 0, 0, at, 0, head, 0, 0, each,
                               len(sections) + 1, 0) + bodies + table


def elf_corpus():
    names = b"\0libx.so.1\0libc.so.6\0offered\0"
    for wide, order, name in ((True, "<", "wide-little"), (True, ">", "wide-big"), (False, "<", "narrow-little"),
                              (False, ">", "narrow-big")):
        word = "Q" if wide else "I"
        tags = struct.pack(order + word * 6, 14, 1, 1, 11, 0, 0)
        symbol = (struct.pack(order + "IBBHQQ", 21, 0x12, 0, 1, 0, 0) if wide
                  else struct.pack(order + "IIIBBH", 21, 0, 0, 0x12, 0, 1))
        put("elf", name, elf([(3, 0, names), (6, 1, tags), (11, 1, bytes(len(symbol)) + symbol)], wide, order))
    tags = struct.pack("<QQ", 14, 1)
    put("elf", "name-outside-its-table", elf([(3, 0, names), (6, 1, struct.pack("<QQ", 14, 99999))]))
    put("elf", "name-without-end", elf([(3, 0, b"\0endless"), (6, 1, struct.pack("<QQ", 1, 1))]))
    put("elf", "names-missing", elf([(6, 9, tags)]))
    put("elf", "two-dynamic-sections", elf([(3, 0, names), (6, 1, tags), (6, 1, tags)]))
    put("elf", "cut", elf([(3, 0, names), (6, 1, tags)])[:-40])
    put("elf", "table-overflows", elf([]).replace(struct.pack("<Q", 64), b"\xff" * 8, 1))
    put("elf", "not-dynamic", elf([(1, 0, b"code")]))
    put("elf", "magic-alone", b"\x7fELF")


def inside_corpus():
    """Pairs of files that differ: what tests/fuzz/inside.cpp takes."""
    def pair(name, first, second):
        put("inside", name, first + b"\n%%%%\n" + second)

    def zipped(content):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(zipfile.ZipInfo("f", (1980, 1, 1, 0, 0, 0)), content)
        return out.getvalue()
    names = b"\0libx.so.1\0offered\0"
    pair("equal", b"x\n", b"x\n")
    pair("lines-dated", b"built 2026-11-20\n", b"built 2026-11-21\n")
    pair("lines-ordered", b"b\na\n", b"a\nb\n")
    pair("lines-control", b"\x1b[31mred\xff\n", b"\x1b[32mgreen\xfe\n")
    pair("json", b'{"a": [1, {"jobs": 2}]}', b'{"a": [1, {"jobs": 8}], "b": null}')
    pair("json-deep", b"[" * 80 + b"]" * 80, b"[" * 80 + b"1" + b"]" * 80)
    pair("bytes", bytes(64), bytes(63) + b"\1")
    pair("gzip-time", gzip.compress(b"x", mtime=1), gzip.compress(b"x", mtime=2))
    pair("gzip-in-gzip", gzip.compress(gzip.compress(b"1\n", mtime=0), mtime=0),
         gzip.compress(gzip.compress(b"2\n", mtime=0), mtime=0))
    pair("gzip-cut", gzip.compress(b"x" * 99, mtime=0), gzip.compress(b"x" * 99, mtime=0)[:-4])
    pair("gzip-bomb", gzip.compress(bytes(3 << 20), mtime=0), gzip.compress(bytes(3 << 20) + b"1", mtime=0))
    pair("ar-time", ar(("a.o/", b"x"), time="1"), ar(("a.o/", b"x"), time="2"))
    pair("ar-order", ar(("a/", b"x"), ("b/", b"y")), ar(("b/", b"y"), ("a/", b"x")))
    pair("ar-long-names", ar(("//", b"long/\n"), ("/0", b"x")), ar(("//", b"l"), ("/99", b"x")))
    pair("ar-bsd-name", ar(("#1/4", b"a\0\0\0x")), ar(("#1/99", b"x")))
    pair("ar-size-beyond", ar(("a/", b"x")).replace(b"1         `", b"999999999 `"), ar(("a/", b"x")))
    pair("tar", tar(header("f", content=b"1")), tar(header("f", content=b"2"), header("g")))
    pair("tar-dotdot", tar(header("../f", content=b"1")), tar(header("f", content=b"2")))
    pair("zip", zipped("1"), zipped("2"))
    pair("elf", elf([(3, 0, names), (1, 0, b"code")]), elf([(3, 0, names + b"more\0"), (1, 0, b"cord")]))
    pair("elf-overlapping", elf([(1, 0, b"x")] * 3).replace(struct.pack("<Q", 1), struct.pack("<Q", 200)),
         elf([(1, 0, b"y")] * 3))
    pair("elf-alone", b"\x7fELF" + bytes(12), b"\x7fELF" + bytes(11) + b"\1")
    pair("pyc", b"a\r\r\n\0\0\0\0" + b"1234" + bytes(9), b"a\r\r\n\0\0\0\0" + b"1235" + bytes(9))


if __name__ == "__main__":
    main()
