#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Nothing of the production code gets past the simulator.

usage: calls.py OBJECT-OR-ARCHIVE... -- REDIRECTED...

Looks at what the production objects call that none of them defines. All of it must be redirected, be
replaced by the simulator, or be on the list of calls that only compute. So a system
call that somebody uses for the first time does not quietly reach the real machine.
"""
import re
import subprocess
import sys

# Only compute, or only allocate.
PURE = set("""
    asprintf calloc explicit_bzero free getopt_long malloc memchr memcmp memcpy memmem memmove memrchr memset qsort realloc
    snprintf sscanf stpcpy strcat strchr strcmp strcpy strcspn strdup strerror strerror_r strlen strncat strncmp
    strncpy strndup strnlen strpbrk strrchr strspn strstr strtod strtol strtoll strtoul strtoull sysconf
    vasprintf vsnprintf sigaddset sigemptyset sigabbrev_np abort optarg optind opterr environ stderr stdout bcmp
    regcomp regerror regexec regfree strncasecmp strcasecmp gmtime_r timegm isfinite pow log10 floor
    posix_spawnattr_destroy posix_spawnattr_init posix_spawnattr_setflags
    posix_spawnattr_setsigdefault posix_spawnattr_setsigmask
""".split())
# Read what wrap_open.c has put into memory, or write what nobody reads.
MEMORY = set("fclose fgets fread getc getdelim fputs fwrite fputc printf puts putchar".split())
# What the simulator has of its own: launch.h in launch.c, and endpoint.h and frames.h in net_*.c, whose
# production objects are therefore not linked.
REPLACED = set("""
    launch_abandon launch_fork launch_go umask zmq_bind zmq_close zmq_connect zmq_msg_recv zmq_msg_send
    zmq_setsockopt zmq_socket zmq_socket_monitor
""".split())
# What only a broker or a worker on TCP comes to, which the simulation has none of.
TCP = set("zmq_curve_keypair zmq_getsockopt zmq_poll".split())
# What only a job that runs as another user comes to, which the simulation has none of.
USERS = set("fchown getegid getgrouplist getpwnam_r stat".split())
# What only the request `check` comes to, which the simulation does not make.
CHECKUP = {"fstatvfs"}
# Libraries that only compute as they are used.
LIBRARIES = re.compile(r"^(cJSON_|crypto_sign_verify_detached$|sodium_init$|msgpack_|zmq_msg_|zmq_strerror$|zmq_curve_public$|zmq_z85_encode$|zconfig_(child|destroy|name|next|"
                       r"str_load|value)$)")
# Of the C library's and the compiler's own.
INTERNAL = re.compile(r"^(_GLOBAL_OFFSET_TABLE_|__errno_location|__ctype_\w+|__assert_fail|"
                      r"__stack_chk_fail|__asan_\w+|__ubsan_\w+|__sanitizer_\w+|__gcov_\w+|__llvm_\w+|"
                      r"_(_isoc\d+_)?\w+_chk|__getdelim|__isoc\d+_\w+)$")


def symbols(paths):
    """(called, defined) of these object files and archives."""
    called, defined = set(), set()
    out = subprocess.run(["nm", "-P", *paths], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        fields = line.split()
        if len(fields) >= 2 and len(fields[1]) == 1:
            (called if fields[1] in "Uw" else defined).add(fields[0])
    return called, defined


def main():
    split = sys.argv.index("--")
    wrapped = set(sys.argv[split + 1:])
    called, defined = symbols(sys.argv[1:split])
    # Those with a check of their own (_FORTIFY_SOURCE) must be wrapped by their own name if the
    # plain one is.
    checked = {name for name in called
               if name.endswith("_chk") and name.strip("_")[:-4] in wrapped} - wrapped
    open_ = {name for name in called - defined - wrapped - PURE - MEMORY - REPLACED - TCP - USERS - CHECKUP
             if not LIBRARIES.match(name) and not INTERNAL.match(name)} | checked
    if open_:
        sys.exit("these calls would leave the simulation; redirect them in tests/sim (wrap_*.c and "
                 "SIM_CALLS), or put them on the list in calls.py if they only compute:\n  "
                 + " ".join(sorted(open_)))
    print(f"calls: {len(called - defined)} calls of the production code, {len(wrapped)} redirected, 0 missed")


if __name__ == "__main__":
    main()
