"""Look for secrets in what git holds or is about to: private keys, tokens, passwords, strings that look random.

Findings that are known to be no secrets (test vectors, alphabets) stand in .secrets.baseline, by file, kind and digest.
Exits 1 for any other, and for an entry there that is found no more. `--update` writes the file anew, for a person to
read before it is committed. Nothing is asked of any service: detect-secrets' tries of what it finds are left out.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

BASELINE = ".secrets.baseline"
# Digests of packages, one a line, which look like secrets and change with every upgrade.
PASSED_OVER = {BASELINE, "requirements.lock", "requirements-dev.lock"}
KEY_FILES = {".jks", ".key", ".keystore", ".p12", ".pfx"}
# Clouds that nothing here talks to, whose patterns take longer than all others, and addresses, which OIDs look like.
LEFT_OUT = {"ArtifactoryDetector", "CloudantDetector", "IbmCloudIamDetector", "IbmCosHmacDetector", "SoftlayerDetector"}
LEFT_OUT |= {"IPPublicDetector"}
# Tests are full of vectors and of passwords for nothing, so these look elsewhere.
OUTSIDE_TESTS = {"BasicAuthDetector", "Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector"}
FILTERS = [
    {"path": "detect_secrets.filters.common.is_invalid_file"},
    {"path": "detect_secrets.filters.heuristic.is_sequential_string"},
    {"path": "detect_secrets.filters.heuristic.is_templated_secret"},
    {"path": "detect_secrets.filters.heuristic.is_indirect_reference"},
]


def main(arguments):
    found = _scan()
    if arguments == ["--update"]:
        lines = ",\n".join("  " + json.dumps(entry) for entry, _ in found)
        Path(BASELINE).write_text(f"[\n{lines}\n]\n", encoding="utf-8")
        return 0
    # Counted, because a private key's digest is that of its first line, the same for all.
    known = Counter(tuple(entry) for entry in json.loads(Path(BASELINE).read_text("utf-8")))
    unknown = False
    for entry, line in found:
        if known[entry] > 0:
            known[entry] -= 1
        else:
            unknown = True
            print(f"{entry[0]}:{line}: {entry[1]}")
    for name, kind, _ in known.elements():
        print(f"{BASELINE}: {kind} in {name} is found no more")
    if unknown:
        print(
            "If one is a secret: revoke it, it is known from now on, and take it out. "
            f"If none is: .venv/bin/python .ci/secrets_scan.py --update, and read the change of {BASELINE}."
        )
    return 1 if unknown or known.total() else 0


def _scan():
    """What looks like a secret: ((file, kind, digest), line), in order."""
    kinds = get_mapping_from_secret_type_to_class().values()
    detectors = {kind.__name__: kind() for kind in kinds if kind.__name__ not in LEFT_OUT}
    found = []
    for name in _files():
        path = Path(name)
        if path.suffix in KEY_FILES:
            found.append(((name, "File of keys", ""), 1))
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        # The scanner goes line by line, a hundred times slower than one look at the whole: few files need it.
        wanted = [
            kind
            for kind, detector in detectors.items()
            if _is_for(kind, path) and detector.analyze_line(filename=name, line=text, line_number=1, context=None)
        ]
        if wanted:
            settings = {"plugins_used": [{"name": kind} for kind in wanted], "filters_used": FILTERS}
            with transient_settings(settings):
                found += [((name, each.type, each.secret_hash), each.line_number) for each in scan_file(name)]
    return sorted(found)


def _is_for(kind, path):
    if kind in OUTSIDE_TESTS and path.parts[0] == "tests":
        return False
    # In Python, ruff finds passwords by the names they are given to.
    return kind != "KeywordDetector" or path.suffix != ".py"


def _files():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607  the git of whoever runs this
        capture_output=True,
        text=True,
        check=True,
    )
    names = set(listed.stdout.split("\0")) - PASSED_OVER
    return sorted(name for name in names if name and Path(name).is_file() and not Path(name).is_symlink())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
