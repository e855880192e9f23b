# SPDX-License-Identifier: MPL-2.0
"""EMS as others get it: installed somewhere, libems found by pkg-config, programs built against it."""
import os
import re
import shutil
import subprocess
from pathlib import Path

from system import BIN

BUILD = BIN.parent
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
PATIENCE_S = 120


def cached(name):
    """A setting of the build."""
    found = re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M)
    return found[1] if found else ""


def sanitizers():
    """What a program needs that loads a library which was built so."""
    names = cached("EMS_SANITIZE")
    return [f"-fsanitize={names}"] if names else []


def do(*arguments, **environment):
    """Run a command, which must go well; what it prints."""
    done = subprocess.run(list(map(str, arguments)), env=os.environ | environment, text=True, timeout=PATIENCE_S,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


class Installed:
    """`cmake --install` below a folder, as a packager does it (DESTDIR)."""

    def __init__(self, folder):
        self.folder = Path(folder)
        do("cmake", "--install", BUILD, DESTDIR=str(self.folder))
        self.use(self.folder / cached("CMAKE_INSTALL_PREFIX").lstrip("/"))

    def use(self, prefix):
        """The library, its header and its pkg-config file below this prefix."""
        self.prefix = prefix
        [self.pc] = prefix.rglob("libems.pc")
        self.lib = self.pc.parent.parent

    def move(self, prefix):
        shutil.move(self.prefix, prefix)
        self.use(prefix)

    def pkg_config(self, *options):
        return do("pkg-config", *options, "libems", PKG_CONFIG_PATH=str(self.pc.parent)).split()

    def environment(self):
        """With which programs find the library where it is."""
        return {"LD_LIBRARY_PATH": str(self.lib)}

    def compile(self, source, *options, compiler=None):
        """A program, from one file and what pkg-config says; the program's path."""
        program = self.folder / Path(source).stem
        do(compiler or cached("CMAKE_C_COMPILER"), *options, *WARNINGS, *sanitizers(), source, "-o", program,
           *self.pkg_config("--cflags", "--libs"))
        return program

    def symbols(self):
        """What libems.so shows to the linker: names without their version."""
        table = do("nm", "--dynamic", "--defined-only", self.lib / "libems.so")
        names = (line.split()[-1] for line in table.splitlines() if line.split()[-2] != "A")
        return {name.partition("@")[0] for name in names}
