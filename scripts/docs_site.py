"""Build the documentation site: stage the Markdown of the repository, then run Sphinx strictly.

The pages stay as a code host shows them. A copy of them gets what only the site needs: the pages
from outside docs/ below names of their own, links that lead to those names, and the navigation,
which is read from the tables of docs/README.md.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
DOCS = TOP / "docs"
OTHER_PAGES = {
    "README.md": "overview.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security-policy.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Pages outside docs/, by their names on the site."""
FILES = "files"
"""The site's folder for files of the checkout that pages link to."""
FENCE = re.compile(r"^( *)(```+|~~~+).*?^\1\2[ \t]*$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!\\)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)")


def site_pages() -> dict[Path, str]:
    """Every Markdown file of the site → its name there, relative to the site's top."""
    pages = {
        page: page.relative_to(DOCS).as_posix()
        for page in sorted(DOCS.rglob("*.md"))
        if page.name != "README.md" or page.parent != DOCS
    }
    pages[DOCS / "README.md"] = "index.md"
    return pages | {TOP / source: name for source, name in OTHER_PAGES.items()}


def outside_code(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a page, and whether each is prose; fenced blocks are not."""
    end = 0
    for block in FENCE.finditer(text):
        yield True, text[end : block.start()]
        yield False, block[0]
        end = block.end()
    yield True, text[end:]


def with_site_links(page: Path, text: str, pages: dict[Path, str], files: set[Path]) -> str:
    """``text`` of ``page``, its relative links leading to names of the site.

    Files that are no pages are added to ``files``, and links to folders become their text.
    """
    here = Path(pages[page]).parent

    def moved(link: re.Match[str]) -> str:
        target, hash_, fragment = link["target"].partition("#")
        if not target or "://" in target or target.startswith("mailto:"):
            return link[0]
        found = (page.parent / target).resolve()
        if found.is_dir():
            if found / "README.md" not in pages:
                return link["text"]
            found /= "README.md"
        if found in pages:
            name = pages[found]
        else:
            files.add(found)
            name = site_file(found)
        address = os.path.relpath(name, here) + hash_ + fragment
        return f"[{link['text']}]({address})"

    parts = outside_code(text)
    return "".join(LINK.sub(moved, part) if prose else part for prose, part in parts)


def site_file(file: Path) -> str:
    """The name on the site of a file that is no page: pictures of docs/ keep their place."""
    if file.is_relative_to(DOCS):
        return file.relative_to(DOCS).as_posix()
    return f"{FILES}/{file.relative_to(TOP).as_posix()}"


def navigation(index: str, pages: dict[Path, str]) -> list[tuple[str, list[str]]]:
    """(caption, pages) of each section of the index, by the order of its links; a page once."""
    sections: list[tuple[str, list[str]]] = []
    seen: set[str] = set()
    for heading, section in re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", index, re.MULTILINE):
        sections.append((heading, []))
        for link in LINK.finditer(section):
            name = pages.get((DOCS / link["target"].partition("#")[0]).resolve(), "")
            if name and name not in seen and name != "index.md":
                seen.add(name)
                sections[-1][1].append(name.removesuffix(".md"))
    return [(caption, names) for caption, names in sections if names]


def navigation_trees(index: str, pages: dict[Path, str]) -> str:
    """Tables of contents for the end of the index, which make the site's navigation."""
    trees = [
        f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(names) + "\n```\n"
        for caption, names in navigation(index, pages)
    ]
    return "\n".join(["", *trees])


def stage(folder: Path) -> None:
    """Write the pages of the site, and the files that they link to, into a new folder."""
    pages, files = site_pages(), set()
    for page, name in pages.items():
        written = page.read_text(encoding="utf-8")
        text = with_site_links(page, written, pages, files)
        if name == "index.md":
            text += navigation_trees(written, pages)
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    for file in sorted(files):
        target = folder / site_file(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def build(output: Path, *, staging: Path) -> int:
    """Build the site into ``output``; the exit code of Sphinx: 1 with a single warning."""
    for folder in (staging, output):
        shutil.rmtree(folder, ignore_errors=True)
    stage(staging)
    command = [
        *(sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "--quiet"),
        *("-c", str(DOCS), "-d", str(staging.with_name(staging.name + "-doctrees"))),
        *(str(staging), str(output)),
    ]
    return subprocess.run(command, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=TOP / ".docs" / "site")
    output = parser.parse_args().output.resolve()
    started = time.monotonic()
    code = build(output, staging=output.with_name(output.name + "-source"))
    if code == 0:
        sizes = [file.stat().st_size for file in output.rglob("*") if file.is_file()]
        seconds = time.monotonic() - started
        print(f"{output}/index.html: {sum(sizes) / 1e6:.1f} MB in {seconds:.1f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
