#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Guard the shape of the tree (design, section 2).

usage: architecture.py SOURCE_DIR BUILD_DIR

Checks who includes whom, what the core archives call, and what the programs link.
"""
import re
import subprocess
import sys
from pathlib import Path

SOURCE, BUILD = Path(sys.argv[1]), Path(sys.argv[2])

# Which folders a folder's sources may include from (itself always).
MAY_INCLUDE = {
    "proto/core": [],
    "proto/sys": ["proto/core"],
    "proto/net": ["proto/core", "proto/sys"],
    "broker/core": ["proto/core"],
    "broker/io": ["broker/core", "proto/core", "proto/sys", "proto/net"],
    "broker": ["broker/io", "broker/core", "proto/core", "proto/sys", "proto/net"],
    "worker/core": ["worker/notify/core", "proto/core"],  # the targets of its configuration
    "worker/shim": ["proto/core", "proto/sys"],
    "worker/notify/core": ["proto/core"],
    "worker/notify/io": ["worker/notify/core", "proto/core", "proto/sys"],
    "worker/notify": ["worker/notify/io", "worker/notify/core", "proto/core", "proto/sys"],
    "worker/io": ["worker/core", "worker/notify/core", "worker/shim", "proto/core", "proto/sys",
                  "proto/net"],
    "worker": ["worker/io", "worker/core", "proto/core", "proto/sys", "proto/net"],
    "client/core": ["proto/core", "client"],  # client: the public header ems.h
    "client/io": ["client/core", "client", "proto/core", "proto/sys", "proto/net"],
    "client": ["client/io", "client/core", "proto/core", "proto/sys", "proto/net"],
    "deploy/orchestrator": [],
}

# System headers that a core may use: libc without input and output, and the two codecs.
CORE_HEADERS = {
    "assert.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h", "regex.h",
    "signal.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h",
    "time.h", "wchar.h", "sys/types.h",
}
CODEC_HEADERS = {"proto/core": {"msgpack.h", "cJSON.h"}}

# What the pure code must not reach: files, processes, sockets, clocks, threads, sleep, entropy.
FORBIDDEN_CALLS = set("""
    open openat open64 openat64 creat read pread pread64 write pwrite pwrite64 close lseek lseek64
    fopen fopen64 fdopen fclose fread fwrite fputs fputc puts putchar printf fprintf vfprintf vprintf perror
    __printf_chk __fprintf_chk __vfprintf_chk fgets fflush
    stat lstat fstat fstatat access faccessat unlink unlinkat rename renameat mkdir mkdirat rmdir
    opendir fdopendir readdir readdir64 fsync fdatasync truncate ftruncate flock fcntl fcntl64 ioctl
    socket bind connect listen accept accept4 send sendto sendmsg recv recvfrom recvmsg poll ppoll select
    pselect epoll_create1 epoll_wait fork vfork execve execv execvp posix_spawn waitpid wait4 waitid kill
    getpid getppid setsid prctl syscall pipe pipe2 dup dup2 signal sigaction raise
    time clock clock_gettime gettimeofday nanosleep usleep sleep getrandom getentropy rand random srand
    pthread_create getenv setenv secure_getenv system popen exit _exit
""".split())

problems = []


def folder_of(path):
    """The longest rule that covers this file."""
    relative = path.relative_to(SOURCE).as_posix()
    fitting = [rule for rule in MAY_INCLUDE if relative.startswith(rule + "/")]
    return max(fitting, key=len) if fitting else None


def sources():
    for path in sorted(SOURCE.rglob("*.[ch]")):
        relative = path.relative_to(SOURCE)
        if not relative.parts[0].startswith("build") and folder_of(path):
            yield path


def check_includes():
    """Returns the number of files looked at."""
    homes = {}
    files = list(sources())
    for path in files:
        homes.setdefault(path.name, set()).add(folder_of(path))
    for path in files:
        here = folder_of(path)
        text = path.read_text()
        for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, re.M):
            base = name.rsplit("/", 1)[-1]
            home = homes.get(base, set())
            allowed = {here, *MAY_INCLUDE[here]}
            if home and not home & allowed:
                problems.append(f"{path.relative_to(SOURCE)} includes {name} of {'/'.join(home)}")
        if here.endswith("/core"):
            for name in re.findall(r"^\s*#\s*include\s+<([^>]+)>", text, re.M):
                if name not in CORE_HEADERS | CODEC_HEADERS.get(here, set()):
                    problems.append(f"{path.relative_to(SOURCE)} includes <{name}>: a core is pure")
    return len(files)


def check_core_archives():
    archives = [BUILD / part for part in (
        "proto/core/libems_proto_core.a", "broker/core/libems_broker_core.a",
        "worker/core/libems_worker_core.a", "client/core/libems_client_core.a",
        "worker/shim/libems_shim_core.a", "worker/notify/core/libems_notify_core.a")]
    for archive in archives:
        # A part may define its core in the folder's own CMakeLists or one level up.
        found = [archive] if archive.exists() else list(BUILD.rglob(archive.name))
        if not found:
            problems.append(f"no archive {archive.name}: is the core still a library of its own?")
            continue
        output = subprocess.run(["nm", "-u", found[0]], check=True, capture_output=True, text=True)
        called = {line.split()[-1].split("@")[0] for line in output.stdout.splitlines()
                  if line.strip().startswith("U ")}
        for name in sorted(called & FORBIDDEN_CALLS):
            problems.append(f"{archive.name} calls {name}: a core is pure")


def linked(program):
    output = subprocess.run(["ldd", BUILD / "bin" / program], check=True, capture_output=True,
                            text=True)
    return output.stdout


def needed(program):
    """What the program itself asks for; what its libraries ask for is not its choice."""
    output = subprocess.run(["readelf", "-d", BUILD / "bin" / program], check=True,
                            capture_output=True, text=True)
    return re.findall(r"\(NEEDED\).*\[(.+)\]", output.stdout)


def check_links():
    for library in ("libzmq", "libczmq", "libmsgpack"):
        for program in ("ems-shim", "ems-notify"):
            if library in linked(program):
                problems.append(f"{program} links {library}")
    # Only ems-notify speaks HTTP and SMTP. Signatures are made by clients, verified by workers (and
    # made under notices), and no business of a broker, which may be a stolen one.
    others = {"libcurl": ("ems-worker", "ems-broker", "ems-shim", "ems"),
              "libsodium": ("ems-broker", "ems-shim")}
    for library, programs in others.items():
        for program in programs:
            if any(name.startswith(library) for name in needed(program)):
                problems.append(f"{program} links {library}, which is not its business")
    # Sanitizers and the C library itself are not the program's own choice.
    allowed = ("liberfa", "libnova", "libcjson", "libc.so", "libm.so", "linux-vdso", "ld-linux",
               "libasan", "libubsan", "libtsan", "libstdc++", "libgcc_s", "libdl", "libpthread",
               "librt", "libresolv")
    for line in linked("lab-orchestrator").splitlines():
        name = line.split()[0].rsplit("/", 1)[-1]
        if not name.startswith(allowed):
            problems.append(f"lab-orchestrator links {name}")


files = check_includes()
check_core_archives()
check_links()
for problem in problems:
    print(problem)
print(f"architecture: {files} files looked at, {len(problems)} problems")
sys.exit(1 if problems or files < 20 else 0)
