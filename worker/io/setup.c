/* setup.c - paths and settings.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "cert.h"
#include "endpoint.h"
#include "files.h"
#include "jobuser.h"
#include "limits.h"
#include "note.h"
#include "proc.h"
#include "targetfiles.h"
#include "zpl.h"

#define HOST_BYTES      256 /* a name that is longer is cut */
#define LOCK_WAIT_MS    5000
#define LOCK_PAUSE_MS   5
#define LINE            "line "
#define SHIPPED_PROFILE "lab"
#define SHIPPED_PROGRAM "lab-orchestrator"

char *setup_state (const char *given, int *fd, struct err *err)
{
    if (mkdir (given, 0700) < 0 && errno != EEXIST) {
        err_sys (err, "cannot make the state folder %.200s", given);
        return NULL;
    }
    char *path = realpath (given, NULL);
    *fd = path ? open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (*fd < 0) {
        err_sys (err, "cannot open the state folder %.200s", given);
        free (path);
        path = NULL;
    } else if (dir_sync_above (*fd, err) < 0) { /* it may be new */
        free (path);
        path = NULL;
    }
    return path;
}

/* A worker that was killed while it started a shim leaves the lock, for a moment, to a child that
 * has not come to its exec yet: the lock is held, but not by who is written in it. */
static bool passing_away (pid_t holder)
{
    struct proc_identity who;
    struct err err = { 0 };
    return holder > 0 && proc_identify (holder, &who, &err) < 0 && err.code == STATUS_UNKNOWN;
}

int setup_lock (int statefd, const char *state, struct err *err)
{
    int64_t until_ms = clock_mono_ms () + LOCK_WAIT_MS;
    bool said = false;
    for (;;) {
        pid_t holder = 0;
        int fd = lock_take (statefd, "worker.lock", &holder, err);
        if (fd >= 0 || err->code != STATUS_CONFLICT)
            return fd;
        if (!passing_away (holder) || clock_mono_ms () > until_ms)
            return err_set (err, STATUS_CONFLICT,
                            "another worker (process %d) serves %s already; stop it first or use "
                            "another state folder",
                            (int)holder, state);
        if (!said)
            worker_note ("the worker before (process %d) is dead; waiting for its lock",
                         (int)holder);
        said = true;
        nanosleep (&(struct timespec){ .tv_nsec = LOCK_PAUSE_MS * 1000000L }, NULL);
    }
}

char *setup_beside (const char *program, struct err *err)
{
    char own[LIMIT_PATH_BYTES];
    char *path = NULL;
    ssize_t n = readlink ("/proc/self/exe", own, sizeof own - 1);
    if (n < 0) {
        err_sys (err, "cannot find our own program");
        return NULL;
    }
    own[n] = '\0';
    char *slash = strrchr (own, '/');
    if (asprintf (&path, "%.*s/%s", slash ? (int)(slash - own) : 0, own, program) < 0) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    return path;
}

/* The shipped text names the program where a package puts it; here it is beside us. */
static int use_program_beside (struct settings *settings, struct err *err)
{
    for (size_t i = 0; i < settings->profiles.count; i++) {
        struct profile *profile = &settings->profiles.items[i];
        if (strcmp (profile->name, SHIPPED_PROFILE) != 0)
            continue;
        char *path = setup_beside (SHIPPED_PROGRAM, err);
        int rc = path ? profile_set_command (profile, path, err) : -1;
        free (path);
        return rc;
    }
    return 0;
}

/* "line N: KEY: ..." becomes "FILE:N: KEY: ..."; what the reader of the file said, "FILE: line N:
 * ...", too. */
static void name_place (struct err *err, const char *source)
{
    struct err named;
    const char *text = err->text;
    size_t bytes = strlen (source);
    if (strncmp (text, source, bytes) == 0 && strncmp (text + bytes, ": ", 2) == 0)
        text += bytes + 2;
    size_t digits =
        strncmp (text, LINE, strlen (LINE)) == 0 ? strspn (text + strlen (LINE), "0123456789") : 0;
    if (digits > 0)
        err_set (&named, err->code, "%s:%s", source, text + strlen (LINE));
    else
        err_set (&named, err->code, "%s: %s", source, text);
    *err = named;
}

/* Which processors there are is the machine's, and a job could not be bound to others. */
static int check_cpus (const struct config *section, const struct profiles *profiles,
                       struct err *err)
{
    long count = sysconf (_SC_NPROCESSORS_CONF);
    for (size_t i = 0; i < profiles->count && count > 0; i++) {
        const struct terms *terms = &profiles->items[i].terms;
        int64_t last = terms->cpu_count > 0 ? terms->cpus[terms->cpu_count - 1] : 0;
        if (last >= count)
            return config_error (
                config_child (config_child (section, profiles->items[i].name), "cpus"), err,
                "there is no processor %d; this machine has 0 to %ld", (int)last, count - 1);
    }
    return 0;
}

/* The key of the broker out of its certificate. */
static int read_server (struct settings *settings, struct err *err)
{
    struct cert cert;
    if (!settings->server)
        return 0;
    if (cert_load_public (settings->server, &cert, err) < 0) {
        err->code = STATUS_BAD_REQUEST; /* whatever it is, a folder say */
        return -1;
    }
    settings->server_key = strdup (cert.public_key);
    return settings->server_key ? 0 : err_set (err, STATUS_FAILED, "out of memory");
}

static int check_endpoint (const struct settings *settings, const char *endpoint, struct err *err)
{
    if (endpoint_check (endpoint, err) < 0)
        return -1;
    if (!endpoint_is_tcp (endpoint) || (settings->certificate && settings->server_key))
        return 0;
    return err_set (err, STATUS_BAD_REQUEST,
                    "the endpoint \"%.100s\" is TCP, which needs worker/certificate = PATH, our "
                    "secret key as `ems keygen` makes it, and worker/server = PATH, the broker's "
                    "NAME.public, or worker/server_key = KEY",
                    endpoint);
}

int setup_settings (const char *config, const char *state, struct settings *out, struct err *err)
{
    char host[HOST_BYTES] = "";
    const char *source = config ? config : "the built-in configuration";
    gethostname (host, sizeof host - 1);
    struct config *root =
        config ? zpl_load (config, err) : zpl_parse (settings_shipped (), source, err);
    if (!root)
        err->code = STATUS_BAD_REQUEST;
    const struct settings_origin origin = { state, host };
    int rc = root ? settings_from_config (root, &origin, out, err) : -1;
    if (rc == 0 && check_cpus (config_child (root, "profiles"), &out->profiles, err) < 0)
        rc = -1;
    if (rc == 0 &&
        job_users_check (config_child (root, "profiles"), &out->profiles, state, err) < 0)
        rc = -1;
    if (rc == 0 && targets_check_files (config_child (root, "notices"), &out->targets, err) < 0)
        rc = -1;
    if (rc < 0)
        name_place (err, source);
    config_destroy (&root);
    if (rc == 0 && !config)
        rc = use_program_beside (out, err);
    if (rc == 0 && read_server (out, err) < 0)
        rc = -1;
    if (rc == 0 && (check_endpoint (out, out->workers, err) < 0 ||
                    check_endpoint (out, out->publish, err) < 0))
        rc = -1;
    if (rc < 0)
        settings_clear (out);
    return rc;
}
