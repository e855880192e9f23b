/* machine.c - a machine with EMS installed, and what its disk says in the end.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "machine.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "disk.h"
#include "job.h"
#include "json.h"
#include "process_private.h"
#include "programs.h"
#include "record.h"
#include "sum.h"

#define STRING_BYTES 256

static const char configuration[] = "worker\n"
                                    "    cgroup = \"none\"\n"
                                    "profiles\n"
                                    "    " MACHINE_PROFILE "\n"
                                    "        command = \"/opt/job\"\n"
                                    "        may_preempt = 1\n"
                                    "        arguments\n"
                                    "            argument = \"--script={script}\"\n"
                                    "        parameters\n"
                                    "            script\n"
                                    "                type = \"string\"\n"
                                    "                default = \"w100\"\n"
                                    "        environment = \"PATH,HOME\"\n"
                                    "    " MACHINE_NO_PROGRAM "\n"
                                    "        command = \"/opt/missing\"\n";

static host_rename_fn look_at_start;

struct host *machine_new (const char *name)
{
    struct host *self = host_new (name);
    host_on_rename (self, look_at_start);
    disk_put (host_disk (self), MACHINE_CONFIG, configuration);
    return self;
}

/* ---- its programs ---- */

static int run_program (const char *name, int (*main_fn) (int argc, char **argv))
{
    char program[STRING_BYTES], state[] = MACHINE_STATE, config[] = MACHINE_CONFIG;
    char with_state[] = "--state", with_config[] = "--config";
    snprintf (program, sizeof program, "%s", name);
    char *argv[] = { program, with_state, state, with_config, config, NULL };
    optind = 0; /* getopt begins anew */
    return main_fn (5, argv);
}

static int worker_main (void *arg)
{
    (void)arg;
    return run_program ("ems-worker", ems_worker_main);
}

static int broker_main (void *arg)
{
    (void)arg;
    return run_program ("ems-broker", ems_broker_main);
}

struct process *machine_start_worker (struct host *host)
{
    return process_start (host, "ems-worker", worker_main, NULL);
}

struct process *machine_start_broker (struct host *host)
{
    return process_start (host, "ems-broker", broker_main, NULL);
}

/* ---- records ---- */

/* The record in that file; false if it is none. */
static bool read_record (const struct inode *file, struct record *out)
{
    struct err err;
    struct value *map = json_decode (file->content.data, file->content.bytes, &err);
    bool good = map && record_from_value (map, out, &err) == 0;
    value_destroy (&map);
    return good;
}

typedef void record_fn (struct host *host, const struct record *record, void *arg);

static void each_record (struct host *host, record_fn *fn, void *arg)
{
    struct inode *dir = disk_look (host_disk (host), MACHINE_STATE "/logs/jobs");
    for (size_t i = 0; dir && i < dir->entries.count; i++) {
        const struct entry *entry = &dir->entries.items[i];
        const char *end = strrchr (entry->name, '.');
        struct record record;
        record_init (&record);
        if (entry->name[0] == '.' || !end || strcmp (end, ".json") != 0)
            continue;
        if (read_record (entry->inode, &record))
            fn (host, &record, arg);
        record_clear (&record);
    }
}

static void tell_record (const struct record *record)
{
    const char *reason = job_reason_name (record->reason);
    char more[STRING_BYTES] = "";
    if (reason)
        snprintf (more, sizeof more, ",\"reason\":\"%s\"", reason);
    sim_history ("harness", "record",
                 "\"job\":\"%s\",\"status\":\"%s\"%s,\"attempt\":%" PRId64
                 ",\"request\":\"%s\",\"run_id\":\"%s\",\"source\":\"file\"",
                 record->job_id, job_status_name (record->status), more, record->attempt,
                 record->request_id, record->run_id);
}

static void tell_log (struct host *host, const struct record *record)
{
    char path[STRING_BYTES];
    snprintf (path, sizeof path, MACHINE_STATE "/logs/%s.log", record->job_id);
    const struct inode *log = disk_look (host_disk (host), path);
    size_t bytes = log ? log->content.bytes : 0;
    uint64_t sum = log ? sum_add (SUM_BEGIN, log->content.data, bytes) : SUM_BEGIN;
    /* A shim that dies between its last line and its outcome leaves a lost job with that line;
     * a full disk may have kept the cancel out of the record. */
    bool stopped =
        record->status == JOB_CANCELLED || record->reason == REASON_LOST || record->preemptions > 0;
    sim_history ("harness", "log",
                 "\"job\":\"%s\",\"bytes\":%zu,\"sum\":\"%016" PRIx64
                 "\",\"expected\":\"%016" PRIx64 "\"",
                 record->job_id, bytes, sum,
                 job_log_sum (record->job_id, stopped, log ? log->content.data : NULL, bytes));
}

/* The results of a completed run are whole, whatever befell the machine. */
static void check_results (struct host *host, const struct record *record)
{
    char path[STRING_BYTES];
    unsigned count = record->status == JOB_COMPLETED ? job_results_count (record->job_id) : 0;
    for (unsigned i = 0; i < count; i++) {
        snprintf (path, sizeof path, MACHINE_STATE "/results/%s/file-%u", record->run_id, i);
        const struct inode *file = disk_look (host_disk (host), path);
        if (!file ||
            !job_results_right (record->job_id, i, file->content.data, file->content.bytes))
            sim_violation ("%s of completed job %s is not what the job wrote", path,
                           record->job_id);
    }
}

/* A disk that failed is a disk that failed: the record says so. */
static bool log_is_known_to_be_lost (const struct record *record)
{
    return strstr (record->detail, "cannot make the log durable") != NULL;
}

/* Nobody may blame a disk that was always well. */
static void check_blame (struct host *host, const struct record *record)
{
    if (record->reason == REASON_DISK && !host_disk_failed (host))
        sim_violation ("job %s failed by a disk that was well: %s", record->job_id, record->detail);
    /* No crash makes an order unreadable that somebody was told of. */
    if (record->reason == REASON_SPAWN && strstr (record->detail, "order.json"))
        sim_violation ("the order of job %s was lost: %s", record->job_id, record->detail);
}

static void tell_of_job (struct host *host, const struct record *record, void *arg)
{
    (void)arg;
    tell_record (record);
    if (log_is_known_to_be_lost (record))
        sim_history ("harness", "log_lost", "\"job\":\"%s\"", record->job_id);
    else
        tell_log (host, record);
    check_results (host, record);
    check_blame (host, record);
}

/* ---- the line ---- */

/* Is `a` before `b` in the line? */
static bool is_before (const struct record *a, const struct record *b)
{
    if (a->priority != b->priority)
        return a->priority > b->priority;
    if ((a->preemptions > 0) != (b->preemptions > 0))
        return a->preemptions > 0;
    return a->arrival < b->arrival;
}

static void must_not_be_passed (struct host *host, const struct record *record, void *arg)
{
    const struct record *starting = arg;
    (void)host;
    if (record->status == JOB_QUEUED && !record->after.job_id[0] && record->not_before_ms == 0 &&
        is_before (record, starting))
        sim_violation ("job %s starts before job %s, which is before it in the line",
                       starting->job_id, record->job_id);
}

/* What an unwell disk refused may be there all the same, and its worker does not know. */
static void look_at_start (struct host *host, const struct inode *dir, const char *name)
{
    struct record record;
    const struct inode *file = disk_find (dir, name);
    if (host_disk_failed (host) || dir != disk_look (host_disk (host), MACHINE_STATE "/logs/jobs"))
        return;
    record_init (&record);
    if (file && read_record (file, &record) && record.status == JOB_STARTING &&
        !record.preempted_by[0])
        each_record (host, must_not_be_passed, &record);
    record_clear (&record);
}

/* ---- results ---- */

/* The names in a folder as the items of a JSON list. */
static void list_names (struct host *host, const char *path, bool hidden, char *out, size_t room)
{
    size_t used = 0;
    const struct inode *dir = disk_look (host_disk (host), path);
    out[0] = '\0';
    for (size_t i = 0; dir && i < dir->entries.count; i++) {
        const char *name = dir->entries.items[i].name;
        if ((name[0] != '.' || hidden) && used < room)
            used += (size_t)snprintf (out + used, room - used, "%s\"%s\"", used ? "," : "", name);
    }
    if (used >= room)
        sim_fail ("too many names in %s", path);
}

void machine_history_files (struct host *host)
{
    char runs[3000], staging[3000];
    each_record (host, tell_of_job, NULL);
    list_names (host, MACHINE_STATE "/results", false, runs, sizeof runs);
    list_names (host, MACHINE_STATE "/results/.staging", true, staging, sizeof staging);
    sim_history ("harness", "results", "\"slot\":\"%s\",\"run_ids\":[%s],\"staging\":[%s]",
                 host_name (host), runs, staging);
}

/* ---- who is alive ---- */

void machine_history_alive (struct host *host)
{
    char jobs[1024] = "";
    size_t used = 0;
    for (struct process *at = process_next (host, NULL); at; at = process_next (host, at)) {
        char item[32];
        if (process_kind (at) != PROCESS_JOB)
            continue;
        snprintf (item, sizeof item, "\"%s\"", process_job (at));
        if (!strstr (jobs, item) && used < sizeof jobs)
            used +=
                (size_t)snprintf (jobs + used, sizeof jobs - used, "%s%s", used ? "," : "", item);
    }
    sim_history ("harness", "alive", "\"slot\":\"%s\",\"jobs\":[%s]", host_name (host), jobs);
}

static void note_unfinished (struct host *host, const struct record *record, void *arg)
{
    (void)host;
    if (!job_status_terminal (record->status))
        *(bool *)arg = true;
}

bool machine_is_calm (struct host *host)
{
    bool unfinished = false;
    const struct inode *run = disk_look (host_disk (host), MACHINE_STATE "/run");
    each_record (host, note_unfinished, &unfinished);
    return !unfinished && (!run || run->entries.count == 0);
}
