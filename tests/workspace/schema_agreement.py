#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the JSON Schemas to the parser's verdicts: corpus/KIND/accept-* and reject-*.

corpus_test.cpp holds the parser to the same names. What no schema can say is listed, by document,
in corpus/schema-blind.txt; a document that is listed there without need is an error too.
Usage: schema_agreement.py SCHEMAS CORPUS
"""
import json
import pathlib
import re
import sys

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read it: 0755 is a number, 2026-11-20 and `yes` text."""


CoreLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("null", r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", list("-+0123456789.")),
]:
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)
CoreLoader.add_constructor(
    "tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node), 10))


def load(path):
    """The document, or the reason why a YAML reader refuses it."""
    try:
        documents = list(yaml.load_all(path.read_bytes(), Loader=CoreLoader))
        return (documents[0], None) if documents else (None, "no document")
    except (yaml.YAMLError, ValueError, TypeError) as error:
        return None, str(error).splitlines()[0]


def main(schemas, corpus):
    blind = {}
    for line in (corpus / "schema-blind.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, rule = line.split(": ", 1)
            blind[name] = rule
    wrong = []
    count = 0
    for kind in ("cullet", "fork", "policy", "recipe"):
        schema = json.loads((schemas / f"{kind}.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        for path in sorted((corpus / kind).glob("*.yaml")):
            count += 1
            name = f"{kind}/{path.stem}"
            document, reason = load(path)
            if reason is None:
                reason = next((e.message for e in validator.iter_errors(document)), None)
            want = path.stem.startswith("accept-") or name in blind
            if want and reason is not None:
                wrong.append(f"{name}: refused: {reason[:160]}"
                             + (" (take it out of schema-blind.txt)" if name in blind else ""))
            if not want and reason is None:
                wrong.append(f"{name}: accepted")
            blind.pop(name, None)
    wrong += [f"schema-blind.txt: there is no {name}" for name in blind]
    print("\n".join(wrong) or f"{count} documents: the schemas and the parser agree")
    return 1 if wrong or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
