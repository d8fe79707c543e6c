"""Tests tables in an object store: every command, concurrent writers, and a build, on S3.

`.venv/bin/python benchmarks/object_store.py MOTO_SERVER [BASE]` starts the given `moto_server`
(`pip install "moto[server]"` in a separate environment) on 127.0.0.1 and prints the results; with
BASE, the name that `package base` printed, it also builds a package from `s3://…`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

TABLE = "s3://bucket/visits"
TOP = Path(__file__).parent.parent
WRITERS = 4
TIMES = 5


@contextmanager
def server(program: str, folder: Path) -> Iterator[str]:
    """Start an S3 server on a free port; yield its address."""
    log = folder / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", "0"], stdout=out, stderr=out)
    try:
        for _ in range(300):
            found = re.search(r"Running on (http://\S+)", log.read_text())
            if found:
                break
            time.sleep(0.1)
        else:
            raise SystemExit(f"the server did not start: {log.read_text()}")
        request = urllib.request.Request(f"{found[1]}/bucket", method="PUT")
        urllib.request.urlopen(request).close()
        yield found[1]
    finally:
        process.terminate()
        process.wait()


def package(*words: str, cwd: Path) -> str:
    """Run `package`; return its standard output. Exits if it fails."""
    done = subprocess.run(start(*words), cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(
            f"package {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def start(*words: str) -> list[str]:
    return [sys.executable, "-c", "from packager.cli import main; main()", *words]


def verbs(folder: Path) -> None:
    """Run all commands on one table."""
    frame = pd.DataFrame({"x": range(1000), "c": ["a", "b"] * 500})
    frame.to_csv(folder / "one.csv", index=False)
    frame.assign(x=frame["x"] + 5).to_csv(folder / "two.csv", index=False)
    (folder / "steps.py").write_text("def half(rows):\n    return rows[rows.c == 'a']\n")
    derive = ("derive", "s3://bucket/half", "--parent", TABLE, "--step", "steps:half", "-m", "half")
    print(package("data", "add", "one.csv", "--table", TABLE, "-m", "first", cwd=folder), end="")
    print(package("data", "add", "two.csv", "--table", TABLE, "-m", "second", cwd=folder), end="")
    print(package("data", *derive, cwd=folder), end="")
    print(package("data", "revert", TABLE, "1", cwd=folder), end="")
    print(package("data", "lineage", TABLE, cwd=folder), end="")
    print(package("data", *derive, cwd=folder), end="")
    package("data", "checkout", f"{TABLE}@2", "--output", "out.parquet", cwd=folder)
    same = package("data", "diff", "out.parquet", "two.csv", "--exit-code", cwd=folder)
    print("checkout: " + same, end="")
    print(package("data", "check", f"{TABLE}@2", cwd=folder), end="")
    shown = json.loads(package("data", "issues", f"{TABLE}@1", "--json", cwd=folder))
    print(f"issues: {len(shown['issues'])}")
    print(package("data", "verdicts", "apply", TABLE, cwd=folder), end="")
    labels(folder)
    print(package("data", "gc", TABLE, "--delete", cwd=folder), end="")
    print(package("data", "log", TABLE, cwd=folder), end="")


def labels(folder: Path) -> None:
    """Label rows, and map the labels to another scheme."""
    who = pd.DataFrame({"x": range(100), "c": ["a", "b"] * 50, "label": ["good", "bad"] * 50})
    who.to_csv(folder / "labels.csv", index=False)
    pd.DataFrame({"from": ["good", "bad"], "to": ["yes", "no"]}).to_csv(folder / "map.csv")
    classes = ("--class", "good", "--class", "bad", "--key-columns", "x")
    added = ("labels.csv", "--annotator", "ann")
    mapped = ("--from", "mood", "--to", "answer", "--mapping", "map.csv")
    print(package("data", "labels", "declare", TABLE, "mood", *classes, cwd=folder), end="")
    print(package("data", "labels", "add", TABLE, *added, cwd=folder), end="")
    print(package("data", "labels", "map", TABLE, *mapped, cwd=folder), end="")
    print(package("data", "labels", "schemes", TABLE, cwd=folder), end="")
    print(package("data", "labels", "schemes", f"{TABLE}.answer", cwd=folder), end="")


def writers(folder: Path) -> None:
    """Append from several processes at once; every append must be in the table exactly once."""
    table = "s3://bucket/many"
    pd.DataFrame({"x": [-1.0]}).to_csv(folder / "start.csv", index=False)
    package("data", "add", "start.csv", "--table", table, "-m", "start", cwd=folder)
    told = 0
    for turn in range(TIMES):
        running = []
        for writer in range(WRITERS):
            name = f"w{writer}.csv"
            pd.DataFrame({"x": [turn * 100.0 + writer]}).to_csv(folder / name, index=False)
            words = ("data", "add", name, "--table", table, "--append", "-m", name)
            ways = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
            running.append(subprocess.Popen(start(*words), cwd=folder, **ways))
        for process in running:
            _, error = process.communicate()
            if process.returncode:
                told += 1
                print(error.decode().strip())
    package("data", "checkout", table, "--output", "many.parquet", cwd=folder)
    found = pd.read_parquet(folder / "many.parquet")["x"]
    wanted = 1 + WRITERS * TIMES - told
    print(f"{WRITERS} writers at once, {TIMES} times: {len(found)} rows, {wanted} wanted, ", end="")
    print(f"{found.nunique()} different, {told} writers gave up and said so")
    if not len(found) == found.nunique() == wanted:
        raise SystemExit("rows were lost or doubled")


def build(folder: Path, base: str) -> None:
    """Build a package whose data is in the store."""
    package("init", "shop", cwd=folder)
    shop = folder / "shop"
    data = "s3://bucket/shop"
    package("data", "add", "shop/data/visits.csv", "--table", data, "-m", "first", cwd=folder)
    text = (shop / "package.toml").read_text()
    (shop / "package.toml").write_text(text.replace("data/visits.csv", f"{data}@1"))
    package("build", "shop", "--base", base, "--output", "oci:image", cwd=folder)
    told = package("inspect", "image", cwd=folder).splitlines()
    print("\n".join(line for line in told if data in line))
    print(package("data", "gc", data, cwd=folder), end="")


def main(program: str, base: str | None) -> None:
    with tempfile.TemporaryDirectory() as name, server(program, Path(name)) as url:
        os.environ |= {
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": "us-east-1",
            "PYTHONPATH": str(TOP),
        }
        verbs(Path(name))
        writers(Path(name))
        if base is not None:
            build(Path(name), base)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
