/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/checkpoint.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/files.h"
#include "orchestrator/report.h"
#include "orchestrator/restore.h"

enum { FILE_BYTES_MAX = 1 << 20 };

/* The two files of an experiment, as they are on disk. */
struct texts {
    char *json;
    char *summary;
};

static int read_file (int fd, const char *name, char **text, struct lab_err *err)
{
    if (files_get (fd, name, FILE_BYTES_MAX, text, err) < 0)
        return -1;
    return *text != NULL ? 0 : lab_err_set (err, LAB_EXIT_IO, "it has no %s", name);
}

static int read_texts (int fd, struct texts *texts, struct lab_err *err)
{
    if (read_file (fd, REPORT_JSON, &texts->json, err) < 0 ||
        read_file (fd, REPORT_SUMMARY, &texts->summary, err) < 0)
        return -1;
    return 0;
}

static int check_speed (const struct outcome *made, const struct options *options,
                        struct lab_err *err)
{
    if (made->has_perf != options->performance)
        return lab_err_set (err, LAB_EXIT_FAILED, "it was made %s measuring speed, this run %s it",
                            made->has_perf ? "with" : "without",
                            options->performance ? "measures" : "does not measure");
    size_t rounds = measure_rounds (options);
    if (made->has_perf && made->libnova.rounds != rounds)
        return lab_err_set (err, LAB_EXIT_FAILED,
                            "its speed was measured in %zu rounds, this run takes %zu",
                            made->libnova.rounds, rounds);
    return 0;
}

static int check_parameters (const struct restored *made, const struct options *options,
                             struct lab_err *err)
{
    if (made->n != options->n)
        return lab_err_set (err, LAB_EXIT_FAILED, "it was made with n=%zu, this run has n=%zu",
                            made->n, options->n);
    if (made->seed != options->seed)
        return lab_err_set (err, LAB_EXIT_FAILED,
                            "it was made with seed=%" PRId64 ", this run has seed=%" PRId64,
                            made->seed, options->seed);
    return check_speed (&made->outcome, options, err);
}

/* What differs, if the file is not the one that would be written now. */
static int name_difference (const cJSON *theirs, const char *ours_text, struct lab_err *err)
{
    cJSON *ours = cJSON_Parse (ours_text);
    const cJSON *versions = cJSON_GetObjectItemCaseSensitive (theirs, "versions");
    const cJSON *version;
    lab_err_set (err, LAB_EXIT_FAILED, "its " REPORT_JSON " is not as this program writes it");
    cJSON_ArrayForEach (version, cJSON_GetObjectItemCaseSensitive (ours, "versions"))
    {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive (versions, version->string);
        if (!cJSON_Compare (version, other, true)) {
            lab_err_set (err, LAB_EXIT_FAILED, "it was made with another version of %s",
                         version->string);
            break;
        }
    }
    cJSON_Delete (ours);
    return -1;
}

/* What is on disk is what would be written now: the models, bounds and versions are the same,
 * and no byte was lost or changed. */
static int check_texts (const struct texts *texts, const cJSON *root, const struct restored *made,
                        const struct options *options, struct lab_err *err)
{
    int rc = -1;
    char *json = report_json (options, made->run_id, &made->outcome);
    char *summary = report_summary (options, made->run_id, &made->outcome);
    if (json == NULL || summary == NULL)
        lab_err_set (err, LAB_EXIT_INTERNAL, "there is not enough memory to look at it");
    else if (strcmp (json, texts->json) != 0)
        name_difference (root, json, err);
    else if (strcmp (summary, texts->summary) != 0)
        lab_err_set (err, LAB_EXIT_FAILED,
                     "its " REPORT_SUMMARY " does not belong to its " REPORT_JSON);
    else
        rc = 0;
    free (json);
    free (summary);
    return rc;
}

static int check_folder (int fd, const struct experiment *e, const struct options *options,
                         struct outcome *out, struct lab_err *err)
{
    struct texts texts = { NULL, NULL };
    struct restored made;
    cJSON *root = NULL;
    int rc = -1;
    if (read_texts (fd, &texts, err) < 0)
        goto out;
    root = cJSON_Parse (texts.json);
    if (root == NULL) {
        lab_err_set (err, LAB_EXIT_IO, "its " REPORT_JSON " is not JSON");
        goto out;
    }
    if (restore (root, e, &made, err) < 0 || check_parameters (&made, options, err) < 0 ||
        check_texts (&texts, root, &made, options, err) < 0)
        goto out;
    *out = made.outcome;
    out->complete = true;
    rc = 0;
out:
    cJSON_Delete (root);
    free (texts.json);
    free (texts.summary);
    return rc;
}

enum checkpoint checkpoint_look (int results_fd, const struct experiment *e,
                                 const struct options *options, struct outcome *out,
                                 char reason[CHECKPOINT_REASON_BYTES])
{
    struct lab_err err = { LAB_EXIT_OK, "" };
    int fd;
    int rc = files_open_subfolder (results_fd, e->name, &fd, &err);
    reason[0] = '\0';
    if (rc == 0 && fd < 0)
        return CHECKPOINT_NONE;
    if (rc == 0) {
        rc = check_folder (fd, e, options, out, &err);
        close (fd);
    }
    snprintf (reason, CHECKPOINT_REASON_BYTES, "%.255s", err.text);
    return rc < 0 ? CHECKPOINT_BAD : CHECKPOINT_GOOD;
}
