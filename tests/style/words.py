#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Count functions that headers declare without a word on what they do.

usage: words.py [DIRECTORY...]

A function has its word when a comment ends on the line before its declaration, or stands behind it. One comment over
several functions is the first one's. In kmod/ it has to be kernel-doc, with the function's name and each of its
parameters; and a static function there has a name of two words or more, since a backtrace, ftrace and a debugger show
nothing else. The numbers in `words` may only fall: more is an error, and so is less that is not written down there.
With directories: what is wrong in these, one a line.
"""
import re
import subprocess
import sys

HERE = sys.path[0]
COMMENT = re.compile(r"/\*.*?\*/", re.S)
HEAD = re.compile(r"^(?!typedef\b|return\b|else\b|#)[A-Za-z_][\w\s*]*?[\s*](\w+)\(", re.S)


def blank(text):
    """The text with comments and strings blanked out, lines kept."""
    keep = lambda match: re.sub(r"[^\n]", " ", match.group())
    return re.sub(r'"(?:[^"\\\n]|\\.)*"', keep, COMMENT.sub(keep, text))


def declarations(code):
    """Name, parameters and first line of each function that a header declares or defines."""
    depth, start = 0, 0
    for end, char in enumerate(code):
        if char == "{":
            if depth == 0:
                yield from one(code, start, end)
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                start = end + 1
        elif char == ";" and depth == 0:
            yield from one(code, start, end)
            start = end + 1


def one(code, start, end):
    piece = re.sub(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", lambda m: re.sub(r"[^\n]", " ", m.group()), code[start:end], flags=re.M)
    piece = re.sub(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)", lambda m: re.sub(r"[^\n]", " ", m.group()), piece)
    piece = re.sub(r'extern\s+"C"|extern\s+ +', lambda m: " " * len(m.group()), piece)
    at = len(piece) - len(piece.lstrip())
    match = HEAD.match(piece[at:])
    if match and "=" not in match.group():
        yield match.group(1), piece[at + match.end():].rstrip(), code.count("\n", 0, start + at)


def parameters(text):
    """Names of the parameters, from behind the opening bracket."""
    depth, part, parts = 1, "", []
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth == 0:
            break
        if char == "," and depth == 1:
            parts.append(part)
            part = ""
        else:
            part += char
    for part in parts + [part]:
        match = re.search(r"\(\*(\w+)\)", part) or re.search(r"(\w+)\s*(?:\[[^]]*\])?\s*$", part)
        if match and part.strip() not in ("void", "..."):
            yield match.group(1)


def comment_before(lines, number):
    """The comment that ends on the line before, or None."""
    end = number - 1
    if end < 0 or not lines[end].rstrip().endswith("*/") or not re.match(r"\s*/?\*", lines[end]):
        return None
    start = end
    while start > 0 and not lines[start].lstrip().startswith("/*"):
        start -= 1
    return "\n".join(lines[start:end + 1])


def header_faults(path):
    text = open(path).read()
    lines = text.split("\n")
    for name, rest, number in declarations(blank(text)):
        word = comment_before(lines, number)
        if path.startswith("kmod/"):
            wanted = [f" * {name}() - "] + [f" * @{parameter}: " for parameter in parameters(rest)]
            missing = [line.strip(" *") for line in wanted if not word or line not in word]
            if missing:
                yield f"{path}:{number + 1}: {name}: no {', '.join(missing)}"
        elif not word and not re.search(r"/\*.*\*/\s*$", lines[number + rest.count("\n")]):
            yield f"{path}:{number + 1}: {name}"


def name_faults(path):
    for match in re.finditer(r"^static [^\n;={}]*?\b(\w+)\([^;{}]*\)\n\{", blank(open(path).read()), re.M):
        if "_" not in match.group(1):
            yield f"{path}: {match.group(1)}(): one word says too little in a backtrace"


def faults(directory):
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-s", directory], capture_output=True, text=True, check=True)
    for line in files.stdout.splitlines():
        path = line.split("\t")[-1]
        if "120000" in line:
            continue
        if path.endswith(".h"):
            yield from header_faults(path)
        elif path.startswith("kmod/") and path.endswith(".c") and not path.endswith("_test.c"):
            yield from name_faults(path)


def main():
    if sys.argv[1:]:
        for directory in sys.argv[1:]:
            for fault in faults(directory):
                print(fault)
        return 0
    wrong = 0
    for line in open(HERE + "/words"):
        if line.startswith("#"):
            continue
        directory, number = line.split()
        found = list(faults(directory))
        if len(found) == int(number):
            continue
        wrong = 1
        print(f"{directory}: {len(found)}, not {number}", *(found[:20] if len(found) > int(number) else
              ["write that number into tests/style/words"]), sep="\n  ")
    return wrong


sys.exit(main())
