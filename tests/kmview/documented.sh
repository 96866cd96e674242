#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The threat model in docs/kmview.md: each sentence of a list and each row of a table names a test, and that test is there.
#
# What stands there in backticks and has a blank in it is the name of a test: the whole of a string in a source of
# tests/kmview, or what a script there gives to ok, is or like.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh

read_model() {
	python3 - "$@" <<-'END'
		import glob, re, sys

		text = open("docs/kmview.md").read()
		start = text.index("\n## What it protects from")
		model = text[start + 1:text.index("\n## ", start + 1)]
		there = set()
		for path in glob.glob("tests/kmview/*.c"):
		    source = open(path).read()
		    for strings in re.findall(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+', source):
		        there.add("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', strings)))
		for path in glob.glob("tests/kmview/*.sh"):
		    there.update(re.findall(r'^\s*(?:ok|is|like) "([^"]*)"', open(path).read(), re.M))

		def names(part):
		    return [n for n in re.findall(r"`([^`]*)`", re.sub(r"\s+", " ", part)) if " " in n]

		# Items: a bullet with its further lines, or a row of a table without its head.
		items, lines = [], model.split("\n")
		for i, line in enumerate(lines):
		    if line.startswith("- "):
		        items.append(line)
		    elif line.startswith("  ") and items:
		        items[-1] += " " + line
		    elif line.startswith("| ") and not lines[i + 1].startswith("|---"):
		        items.append(line)
		if sys.argv[1] == "without":
		    found = [item for item in items if not names(item) and "No test: " not in item]
		else:
		    found = [name for name in names(model) if name not in there]
		print(len(items), "items,", len(names(model)), "names")
		for line in found:
		    print(sys.argv[1] + ":", line)
		sys.exit(bool(found) or len(items) < 60 or len(names(model)) < 80)
	END
}

ok "each sentence of the threat model names a test" read_model without
ok "each test that it names is there" read_model missing
done_testing
