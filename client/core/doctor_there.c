/* doctor_there.c - what broker and workers say of themselves.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_NEAR_MS     1000
#define CLOCK_FAR_MS      5000 /* requests are valid for 10 s, so they soon come too late */
#define DISK_SCARCE_BYTES (INT64_C (64) << 20)
#define DISK_LITTLE_BYTES (INT64_C (1) << 30)
#define FILES_SCARCE      100
#define FILES_LITTLE      10000
#define PROBLEMS_MOST     32
#define WORKERS_MOST      1000

void doctor_version (struct findings *self, const char *who, const char *version)
{
    if (version && strcmp (version, EMS_VERSION) == 0) {
        findings_add (self, VERDICT_OK, "versions", "%s is of version %s, as this tool", who,
                      version);
        return;
    }
    findings_add (self, VERDICT_WARNING, "versions", "%s is of version %.40s, this tool of %s", who,
                  version ? version : "nobody knows which", EMS_VERSION);
    findings_advise (self, "install the same version on both sides, then start %s again", who);
}

void doctor_clock (struct findings *self, const char *who, int64_t theirs_ms,
                   const struct doctor_times *ours)
{
    /* Half of the way was there, half back; where exactly is not known. */
    int64_t way_ms = ours->got_ms - ours->sent_ms;
    if (theirs_ms < 0 || theirs_ms > INT64_MAX / 4 || way_ms < 0)
        return;
    int64_t ahead_ms = theirs_ms - (ours->sent_ms + way_ms / 2);
    int64_t off_ms = llabs (ahead_ms) > way_ms / 2 ? llabs (ahead_ms) - way_ms / 2 : 0;
    double off_s = (double)llabs (ahead_ms) / 1000.0;
    const char *side = ahead_ms > 0 ? "ahead of" : "behind";
    if (off_ms <= CLOCK_NEAR_MS) {
        findings_add (self, VERDICT_OK, "clock", "the clock of %s and ours agree", who);
        return;
    }
    bool far = off_ms >= CLOCK_FAR_MS;
    findings_add (self, far ? VERDICT_WRONG : VERDICT_WARNING, "clock",
                  "the clock of %s is %.1f s %s ours%s", who, off_s, side,
                  far ? ": requests come too late, or are taken too late" : "");
    findings_advise (self, "on both machines: timedatectl set-ntp true");
}

size_t doctor_workers (struct findings *self, const struct value *list)
{
    size_t connected = 0;
    size_t count = value_count (list);
    for (size_t i = 0; i < count && i < WORKERS_MOST; i++) {
        const char *name = value_string (value_get (value_at (list, i), "name"));
        const char *state = value_string (value_get (value_at (list, i), "state"));
        if (!name || !state)
            continue;
        if (strcmp (state, "offline") != 0) {
            connected++;
            continue;
        }
        findings_add (self, VERDICT_WARNING, "workers",
                      "worker %.64s is known to the broker and not connected", name);
        findings_advise (self,
                         "start it on its machine (`ems up`, or its service); if it is gone for "
                         "good, delete its line in STATE/broker/workers while the broker is "
                         "stopped");
    }
    if (connected > 0) {
        findings_add (self, VERDICT_OK, "workers", "%zu connected", connected);
    } else {
        findings_add (self, VERDICT_WRONG, "workers",
                      "no worker is connected to the broker, so nothing can run");
        findings_advise (self, "on the worker's machine: `ems up`, or see what its service says");
    }
    return connected;
}

static void put_size (char *out, size_t out_bytes, int64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1024.0 && unit + 1 < sizeof units / sizeof *units) {
        size /= 1024.0;
        unit++;
    }
    snprintf (out, out_bytes, unit == 0 || size >= 100.0 ? "%.0f %s" : "%.1f %s", size,
              units[unit]);
}

/* Files are counted where the file system counts them. */
static enum verdict files_verdict (const struct doctor_disk *disk)
{
    if (disk->total_files <= 0 || disk->free_files >= FILES_LITTLE)
        return VERDICT_OK;
    return disk->free_files < FILES_SCARCE ? VERDICT_WRONG : VERDICT_WARNING;
}

static enum verdict bytes_verdict (const struct doctor_disk *disk)
{
    return disk->free_bytes < DISK_SCARCE_BYTES   ? VERDICT_WRONG
           : disk->free_bytes < DISK_LITTLE_BYTES ? VERDICT_WARNING
                                                  : VERDICT_OK;
}

void doctor_disk (struct findings *self, const char *where, const struct doctor_disk *disk,
                  bool served)
{
    char left[32], all[32];
    enum verdict bytes = bytes_verdict (disk);
    enum verdict files = files_verdict (disk);
    put_size (left, sizeof left, disk->free_bytes);
    put_size (all, sizeof all, disk->total_bytes);
    if (files > bytes)
        findings_add (self, files, "disk", "%s: room for %lld more files", where,
                      (long long)disk->free_files);
    else
        findings_add (self, bytes, "disk", "%s: %s of %s are free", where, left, all);
    if (bytes != VERDICT_OK || files != VERDICT_OK)
        findings_advise (self, "%s",
                         served ? "`ems prune --dry-run` shows what retention gives up, `ems "
                                  "prune` removes it; or make room otherwise"
                                : "make room there, then `ems up`");
}

static void look_at_disk (struct findings *self, const char *who, const struct value *map)
{
    struct doctor_disk disk = { 0 };
    if (value_read_int (map, "free_bytes", 0, INT64_MAX, &disk.free_bytes, NULL) == 1 &&
        value_read_int (map, "total_bytes", 0, INT64_MAX, &disk.total_bytes, NULL) == 1 &&
        value_read_int (map, "free_files", 0, INT64_MAX, &disk.free_files, NULL) == 1 &&
        value_read_int (map, "total_files", 0, INT64_MAX, &disk.total_files, NULL) == 1)
        doctor_disk (self, who, &disk, true);
}

static void look_at_cgroup (struct findings *self, const char *who, const struct value *map)
{
    bool wanted = false;
    bool usable = false;
    const char *error = value_string (value_get (map, "error"));
    if (value_read_bool (map, "wanted", &wanted, NULL) != 1 ||
        value_read_bool (map, "usable", &usable, NULL) != 1)
        return;
    if (usable) {
        findings_add (self, VERDICT_OK, "cgroup", "%s gives each job a cgroup of its own", who);
    } else if (!wanted) {
        findings_add (self, VERDICT_OK, "cgroup", "%s makes no cgroups, as it is configured", who);
    } else {
        findings_add (self, VERDICT_WARNING, "cgroup",
                      "%s cannot make cgroups: %.300s; what a job leaves is found by its parents, "
                      "and there are no limits of memory",
                      who, error ? error : "it does not say why");
        findings_advise (self,
                         "let systemd start the worker, with Delegate=yes, or as root; or say in "
                         "its configuration that none are wanted: worker/cgroup = \"none\"");
    }
}

static void look_at_slot (struct findings *self, const char *who, const struct value *map)
{
    bool held = false;
    const char *job_id = value_string (value_get (map, "job_id"));
    if (value_read_bool (map, "held", &held, NULL) != 1)
        return;
    if (held && !job_id) {
        findings_add (self, VERDICT_WRONG, "locks",
                      "the slot of %s is held, but not by a job: something that a job left, or "
                      "somebody by hand, so no other can start",
                      who);
        findings_advise (self, "on its machine: `lslocks | grep slot.lock` or `fuser -v "
                               "STATE/slot.lock` says who it is; end that process");
    } else {
        findings_add (self, VERDICT_OK, "locks", "the slot of %s is %s%.12s", who,
                      job_id ? "held by job " : "free", job_id ? job_id : "");
    }
}

static void look_at_descriptors (struct findings *self, const char *who, const struct value *map)
{
    int64_t used = 0;
    int64_t limit = 0;
    if (value_read_int (map, "used", 0, INT64_MAX, &used, NULL) != 1 ||
        value_read_int (map, "limit", 1, INT64_MAX, &limit, NULL) != 1 || used < limit - limit / 4)
        return;
    findings_add (self, VERDICT_WARNING, "descriptors",
                  "%s has %lld descriptors open and may have %lld", who, (long long)used,
                  (long long)limit);
    findings_advise (self,
                     "start it with a higher limit: `ulimit -n`, or LimitNOFILE= in its unit");
}

static const char *advice_of (const char *check)
{
    if (strcmp (check, "programs") == 0)
        return "install EMS anew: its programs belong into one folder";
    if (strcmp (check, "cgroup") == 0)
        return "let systemd start the worker, with Delegate=yes, or as root; or take "
               "memory_limit_bytes out of the profile";
    return "mend it there, or the profile in the worker's configuration, and start the worker "
           "again: `ems down`, `ems up`";
}

static void look_at_problems (struct findings *self, const char *who, const struct value *list)
{
    for (size_t i = 0; i < value_count (list) && i < PROBLEMS_MOST; i++) {
        const struct value *item = value_at (list, i);
        const char *check = value_string (value_get (item, "check"));
        const char *subject = value_string (value_get (item, "subject"));
        const char *error = value_string (value_get (item, "error"));
        if (!check || !subject || !error)
            continue;
        findings_add (self, VERDICT_WRONG, check, "%s: %s%.64s: %.400s", who,
                      strcmp (check, "programs") == 0 ? "" : "profile ", subject, error);
        findings_advise (self, "%s", advice_of (check));
    }
}

void doctor_worker (struct findings *self, const char *name, const struct value *reply,
                    const struct doctor_times *ours)
{
    char who[96];
    int64_t time_ms = -1;
    snprintf (who, sizeof who, "worker %.64s", name);
    doctor_version (self, who, value_string (value_get (reply, "version")));
    if (value_read_int (reply, "time_ms", 0, INT64_MAX, &time_ms, NULL) == 1)
        doctor_clock (self, who, time_ms, ours);
    look_at_slot (self, who, value_get (reply, "slot"));
    look_at_disk (self, who, value_get (reply, "disk"));
    look_at_cgroup (self, who, value_get (reply, "cgroup"));
    look_at_descriptors (self, who, value_get (reply, "descriptors"));
    look_at_problems (self, who, value_get (reply, "problems"));
}

void doctor_no_worker (struct findings *self, const char *name, int status, const char *error)
{
    if (status == STATUS_BAD_REQUEST || status == STATUS_FORBIDDEN) {
        findings_add (self, VERDICT_WARNING, "versions",
                      "worker %.64s cannot be asked how it is: %.300s", name, error);
        findings_advise (self, "an older version does not know the request `check`: install the "
                               "same version on both sides");
        return;
    }
    if (status == STATUS_TOO_LATE)
        findings_add (self, VERDICT_WRONG, "workers",
                      "worker %.64s is connected, and did not answer in time: it hangs, or has too "
                      "much to do",
                      name);
    else if (status == STATUS_NO_WORKER)
        findings_add (self, VERDICT_WRONG, "workers",
                      "worker %.64s was lost when it was asked how it is", name);
    else
        findings_add (self, VERDICT_WRONG, "workers", "worker %.64s does not say how it is: %.300s",
                      name, error);
    findings_advise (self, "see on its machine whether it still works; `ems down`, then `ems up` "
                           "starts it anew, and its job goes on");
}
