"""Fetch the front-end libraries at their pinned versions, keep the files we serve, and note licence and hash.

Run it only to change a version (`python static/vendor/refresh.py`); it needs node and npm. What it
writes is committed, so that running Posthouse needs neither. Fonts keep the scripts that our
interface speaks; other scripts fall back to the reader's system fonts.
"""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).parent

# package -> (version, licence, files: path in the package -> path here)
PINS: dict[str, tuple[str, str, dict[str, str]]] = {
    "@tabler/core": (
        "1.6.1",
        "MIT",
        {"dist/css/tabler.min.css": "tabler/tabler.min.css", "dist/js/tabler.min.js": "tabler/tabler.min.js"},
    ),
    "htmx.org": ("2.0.11", "0BSD", {"dist/htmx.min.js": "htmx/htmx.min.js", "LICENSE": "htmx/LICENSE"}),
    "chart.js": (
        "4.6.1",
        "MIT",
        {"dist/chart.umd.min.js": "chart/chart.umd.min.js", "LICENSE.md": "chart/LICENSE.md"},
    ),
    "@fontsource-variable/source-sans-3": (
        "5.3.0",
        "OFL-1.1",
        {
            "LICENSE": "fonts/LICENSE-source-sans-3",
            **{
                f"files/source-sans-3-{script}-wght-normal.woff2": f"fonts/source-sans-3-{script}.woff2"
                for script in ("latin", "latin-ext", "cyrillic", "greek", "vietnamese")
            },
            "files/source-sans-3-latin-wght-italic.woff2": "fonts/source-sans-3-latin-italic.woff2",
        },
    ),
    "@fontsource-variable/source-serif-4": (
        "5.3.1",
        "OFL-1.1",
        {
            "LICENSE": "fonts/LICENSE-source-serif-4",
            **{
                f"files/source-serif-4-{script}-wght-normal.woff2": f"fonts/source-serif-4-{script}.woff2"
                for script in ("latin", "latin-ext", "cyrillic", "greek")
            },
        },
    ),
    "@fontsource-variable/source-code-pro": (
        "5.3.0",
        "OFL-1.1",
        {
            "LICENSE": "fonts/LICENSE-source-code-pro",
            **{
                f"files/source-code-pro-{script}-wght-normal.woff2": f"fonts/source-code-pro-{script}.woff2"
                for script in ("latin", "latin-ext")
            },
        },
    ),
    "grapesjs": (
        "0.23.6",
        "BSD-3-Clause",
        {
            "dist/grapes.min.js": "grapesjs/grapes.min.js",
            "dist/css/grapes.min.css": "grapesjs/grapes.min.css",
            "LICENSE": "grapesjs/LICENSE",
        },
    ),
    "grapesjs-mjml": (  # with mjml-browser 4.18 (MIT) inside
        "1.0.8",
        "BSD-3-Clause",
        {"dist/index.js": "grapesjs/grapesjs-mjml.min.js", "LICENSE": "grapesjs/LICENSE-mjml"},
    ),
    "@tabler/icons": ("3.51.0", "MIT", {"LICENSE": "tabler/LICENSE-icons"}),  # drawn into static/icons/sprite.svg
}


def pack(package: str, version: str, into: Path) -> Path:
    """Unpack one package of the registry under `into` and return its folder."""
    done = subprocess.run(
        ["npm", "pack", "--silent", f"{package}@{version}"], cwd=into, check=True, capture_output=True, text=True
    )
    folder = into / package.replace("/", "-")
    with tarfile.open(into / done.stdout.split()[-1]) as tar:
        tar.extractall(folder, filter="data")
    return next(folder.iterdir())


def bundle_codemirror(into: Path) -> None:
    """One file from codemirror/entry.js, by esbuild."""
    for name in ("package.json", "entry.js"):
        shutil.copy(HERE / "codemirror" / name, into / name)
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=into, check=True)
    subprocess.run(
        ["node_modules/.bin/esbuild", "entry.js", "--bundle", "--minify", "--format=iife", "--target=es2020",
         "--global-name=CodeMirror", "--legal-comments=eof",
         f"--outfile={HERE / 'codemirror' / 'codemirror.min.js'}"],
        cwd=into, check=True,
    )  # fmt: skip
    shutil.copy(into / "node_modules/codemirror/LICENSE", HERE / "codemirror" / "LICENSE")


def main() -> None:
    """Everything, then the list."""
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for package, (version, licence, files) in PINS.items():
            folder = pack(package, version, Path(scratch))
            for source, target in files.items():
                (HERE / target).parent.mkdir(parents=True, exist_ok=True)
                body = (folder / source).read_bytes()
                if target.endswith(".js"):  # the map is not served; a dangling pointer is a 404 in every console
                    body = b"\n".join(line for line in body.split(b"\n") if not line.startswith(b"//# sourceMapping"))
                elif target.endswith(".css"):
                    body = body.split(b"/*# sourceMappingURL")[0]
                (HERE / target).write_bytes(body)
                rows.append((target, package, version, licence))
        (Path(scratch) / "cm").mkdir()
        bundle_codemirror(Path(scratch) / "cm")
    rows.append(("codemirror/codemirror.min.js", "codemirror (bundle of codemirror/package.json)", "6.0.2", "MIT"))
    lines = [
        "# What is vendored here",
        "",
        "Made by `refresh.py`; do not edit the files. Served from here: no CDN, no build step.",
        "",
        "| file | package | version | licence | sha256 |",
        "|---|---|---|---|---|",
    ]
    for target, package, version, licence in rows:
        digest = hashlib.sha256((HERE / target).read_bytes()).hexdigest()
        lines.append(f"| {target} | {package} | {version} | {licence} | `{digest}` |")
    (HERE / "VENDORED.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
