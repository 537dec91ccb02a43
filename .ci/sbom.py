"""Write what the service is made of (软件物料清单): var/sbom.json of what runs, var/sbom-dev.json of everything.

CycloneDX 1.6 in JSON, as cyclonedx-py finds it installed in .venv, with the licences that packages declare by their
SPDX names, and held to the schema. What runs is what pyproject.toml asks for and what that needs in turn, on this
platform. Links to the pages of packages are left out: they say nothing that name and version do not.
"""

import argparse
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "yinzheng"
# Packages that run and declare no SPDX name: by the licence in their files.
READ = {
    "aiosignal": "Apache-2.0",
    "jinja2": "BSD-3-Clause",
    "protobuf": "BSD-3-Clause",
    "pylopdf-fonts-zh-cn": "OFL-1.1",
    "pypdfium2": "Apache-2.0 AND BSD-3-Clause",
    "python-stdnum": "LGPL-2.1-or-later",
    "qrcode": "BSD-3-Clause",
}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=ROOT / "var", help="the directory to write to")
    parser.add_argument("--unchecked", action="store_true", help="do not hold it to the schema, which takes a while")
    options = parser.parse_args(arguments)
    everything = _installed()
    everything["components"] += _browser_judges()
    runs = _of(everything, what_runs())
    options.to.mkdir(parents=True, exist_ok=True)
    for name, bom in (("sbom.json", runs), ("sbom-dev.json", everything)):
        text = json.dumps(bom, indent=2, ensure_ascii=False) + "\n"
        if not options.unchecked:
            _check(text, bom["specVersion"])
        (options.to / name).write_text(text, encoding="utf-8")
        print(f"{options.to / name}: {len(bom['components'])} components")


def what_runs():
    """The names of the packages that the installed project needs on this platform, itself left out."""
    found, to_see = set(), [(PROJECT, frozenset())]
    seen = set()
    while to_see:
        name, extras = to_see.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found.add(name)
        for text in metadata.requires(name) or ():
            wanted = Requirement(text)
            if wanted.marker is None or any(wanted.marker.evaluate({"extra": each}) for each in (extras or {""})):
                to_see.append((canonicalize_name(wanted.name), frozenset(wanted.extras)))
    return found - {PROJECT}


def _installed():
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--no-validate", "--output-reproducible"]
    command += ["--pyproject", "pyproject.toml", "--mc-type", "application", sys.executable]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    bom = json.loads(result.stdout)
    bom["components"] = [each for each in bom["components"] if canonicalize_name(each["name"]) != PROJECT]
    for each in bom["components"]:
        each.pop("externalReferences", None)
        each["licenses"] = _licences(each)
    return bom


def _licences(component):
    declared = component.get("licenses", [])
    named = [each for each in declared if "expression" in each or "id" in each["license"]]
    read = READ.get(canonicalize_name(component["name"]))
    if read and not named:
        return [{"expression": read, "acknowledgement": "concluded"}]
    return named or declared


def _browser_judges():
    lock = json.loads((ROOT / "tests" / "browser" / "package-lock.json").read_text("utf-8"))
    for place, package in lock["packages"].items():
        if place:
            name = place.removeprefix("node_modules/")
            purl = f"pkg:npm/{name}@{package['version']}"
            licence = [{"license": {"id": package["license"]}}]
            yield {
                "bom-ref": purl,
                "type": "library",
                "name": name,
                "version": package["version"],
                "licenses": licence,
                "purl": purl,
            }


def _of(bom, names):
    components = [each for each in bom["components"] if canonicalize_name(each["name"]) in names]
    there = {each["bom-ref"] for each in components} | {bom["metadata"]["component"]["bom-ref"]}
    needs = [
        {**each, "dependsOn": [ref for ref in each.get("dependsOn", ()) if ref in there]}
        for each in bom["dependencies"]
        if each["ref"] in there
    ]
    return {**bom, "components": components, "dependencies": needs}


def _check(text, version):
    # takes its time to load, which --unchecked saves
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    problem = JsonStrictValidator(SchemaVersion.from_version(version)).validate_str(text)
    if problem is not None:
        sys.exit(f"not CycloneDX {version}: {problem}")


if __name__ == "__main__":
    main(sys.argv[1:])
