"""Hold the locked packages against the advisories of the Python world, by pip-audit.

Asks the first of its services that can be reached, and that knows an advisory which everybody knows: a service that is
cut off, or a mirror that answers nothing, would pass for a clean bill otherwise. Findings that are accepted stand with
their reasons in .ci/accepted_findings.toml.

Exit codes: 0 audited, nothing but what is accepted; 1 a finding, or an acceptance past its day or without its finding;
3 not audited, or not all of it. `--osv-url URL` asks a mirror of OSV instead, for networks without a way out.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("pypi", "osv", "esms")
KNOWN_TO_ALL = "jinja2==2.10"  # CVE-2019-10906; asked about only, never installed
NOT_AUDITED = 3


def main(arguments):
    options = _options(arguments)
    accepted = tomllib.loads(options.accepted.read_text("utf-8"))["accepted"]
    overdue = past_their_day(accepted, datetime.now(UTC).date())
    for line in overdue:
        print(line)
    commands = (
        [["--vulnerability-service", "osv", "--osv-url", options.osv_url]]
        if options.osv_url
        else [["--vulnerability-service", service] for service in SERVICES]
    )
    service = next((command for command in commands if _knows_advisories(command)), None)
    if service is None:
        print("漏洞通报不可达，依赖未经审计。Advisories not reachable: dependencies NOT audited.")
        return 1 if overdue else NOT_AUDITED
    report = _audit(service, options.lock)
    if report is None:
        return NOT_AUDITED
    findings, passed_over = judge(report, accepted)
    for line in (*findings, *passed_over):
        print(line)
    print(f"{len(report)} packages, {len(findings)} findings not accepted, {len(passed_over)} packages not audited")
    if findings or overdue:
        return 1
    return NOT_AUDITED if passed_over else 0


def past_their_day(accepted, today):
    return [
        f"{each['package']} {each['ids'][0]}: accepted until {each['until']}; look again, or upgrade"
        for each in accepted
        if each["until"] < today
    ]


def judge(report, accepted):
    """What is found and not accepted, or accepted and not found; and the packages that nobody could speak for."""
    findings, used = [], set()
    for package in report:
        for finding in package.get("vulns", ()):
            names = {finding["id"], *finding.get("aliases", ())}
            reasons = [
                number
                for number, each in enumerate(accepted)
                if each["package"] == package["name"] and names & set(each["ids"])
            ]
            used.update(reasons)
            if not reasons:
                fixed = ", ".join(finding.get("fix_versions", ())) or "none yet"
                findings.append(f"{package['name']} {package['version']}: {finding['id']}, fixed in: {fixed}")
    findings += [
        f"{each['package']} {each['ids'][0]}: accepted, but found no more; take it out of the accepted findings"
        for number, each in enumerate(accepted)
        if number not in used
    ]
    passed_over = [f"{each['name']}: not audited: {each['skip_reason']}" for each in report if "skip_reason" in each]
    return findings, passed_over


def _knows_advisories(service):
    with tempfile.TemporaryDirectory() as place:
        asked = Path(place) / "asked.txt"
        asked.write_text(KNOWN_TO_ALL + "\n", encoding="ascii")
        report = _audit(service, asked, complain=False)
    return bool(report) and bool(report[0].get("vulns"))


def _audit(service, lock, *, complain=True):
    """Each package with its findings or the reason why it was passed over, or None where the service fails."""
    command = [sys.executable, "-m", "pip_audit", *service, "--requirement", str(lock)]
    command += ["--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    # It exits 1 for findings and for failures alike; only the first come with a report.
    try:
        return json.loads(result.stdout)["dependencies"]
    except (ValueError, KeyError):
        if complain:
            print(result.stderr, file=sys.stderr)
            print("pip-audit failed: dependencies NOT audited.")
        return None


def _options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--osv-url", help="address of the query call of a mirror of OSV")
    parser.add_argument("--lock", type=Path, default=ROOT / "requirements-dev.lock", help="the file to audit")
    parser.add_argument("--accepted", type=Path, default=ROOT / ".ci" / "accepted_findings.toml")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
