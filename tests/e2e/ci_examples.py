#!/usr/bin/env python3
"""Prints the command that each example of scripts/upstream-ci.md runs upstream-ci by, one a line, after the name of
the example. Fails for an example that doesn't parse, or runs something else."""

import re
import sys

import yaml


def scripts(value):
    """Yields the texts under `run` and `script`, wherever they are."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("run", "script"):
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from scripts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scripts(inner)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        name = section.split("\n")[0]
        example = re.search(r"^```(yaml|crontab)\n(.*?)^```", section, re.M | re.S)
        if example is None:
            continue
        kind, block = example.groups()
        if kind == "yaml":
            commands = list(scripts(yaml.safe_load(block)))
        else:
            commands = [re.sub(r"^(\S+ ){5}", "", block.strip())]
        commands = [command for command in commands if "upstream-ci" in command]
        if len(commands) != 1:
            sys.exit(f"{name}: wanted one command that runs upstream-ci, found {commands}")
        print(f"{name}\t{commands[0]}")


if __name__ == "__main__":
    main()
