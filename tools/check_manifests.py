#!/usr/bin/env python3
"""Compares Kubernetes manifests with their schemas: `check_manifests.py --kubernetes VERSION FILE...`; exit code 1 if one does
not fit, or has a kind whose schema is not known.

Kubernetes' own kinds by kubernetes-validate, custom ones by the definitions that tools/setup.sh keeps beside it. Fields that a
schema does not have are refused: the API server would drop them without a word.
"""

import argparse
import copy
import sys
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml

DEFINITIONS = Path(sys.prefix) / "definitions"


def strict(schema):
    """The same, with unknown fields refused wherever fields are listed."""
    schema = copy.deepcopy(schema)

    def walk(node):
        if isinstance(node, list):
            for item in node:
                walk(item)
        elif isinstance(node, dict):
            if isinstance(node.get("properties"), dict) and not node.get("x-kubernetes-preserve-unknown-fields"):
                node.setdefault("additionalProperties", False)
            for item in node.values():
                walk(item)

    walk(schema)
    schema["properties"]["metadata"] = {"type": "object"}
    return schema


def custom_schemas() -> dict:
    """{(apiVersion, kind): schema}"""
    found = {}
    for path in DEFINITIONS.glob("*.yaml"):
        spec = yaml.load(path.read_text(), yaml.CSafeLoader)["spec"]
        for version in spec["versions"]:
            key = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
            found[key] = strict(version["schema"]["openAPIV3Schema"])
    return found


def fault(document, schemas, kubernetes):
    """What is wrong with a manifest, or None."""
    schema = schemas.get((document["apiVersion"], document["kind"]))
    if schema:
        errors = list(jsonschema.Draft4Validator(schema).iter_errors(document))
        return "; ".join(f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in errors) or None
    try:
        kubernetes_validate.validate(document, kubernetes, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{'.'.join(map(str, error.path))}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError:
        return "no schema is known"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubernetes", required=True, help="version, such as 1.35")
    parser.add_argument("files", nargs="+", type=Path)
    arguments = parser.parse_args()
    schemas, wrong, count = custom_schemas(), 0, 0
    for path in arguments.files:
        for document in filter(None, yaml.safe_load_all(path.read_text())):
            count += 1
            found = fault(document, schemas, arguments.kubernetes)
            if found:
                wrong += 1
                print(f"{path}: {document['kind']} {document['metadata']['name']}: {found}")
    print(f"manifests: {count} documents, {wrong} wrong")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
