/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/results.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "orchestrator/files.h"

static const char *environment (const char *name)
{
    const char *value = getenv (name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* YYYY-MM-DD_HH-MM-SS of now, with the microseconds if asked for. */
static void make_run_id (char out[RESULTS_RUN_ID_BYTES], bool with_microseconds)
{
    struct timespec now;
    struct tm utc;
    clock_gettime (CLOCK_REALTIME, &now);
    gmtime_r (&now.tv_sec, &utc);
    size_t length = strftime (out, RESULTS_RUN_ID_BYTES, "%Y-%m-%d_%H-%M-%S", &utc);
    if (with_microseconds)
        snprintf (out + length, RESULTS_RUN_ID_BYTES - length, "-%06ld", now.tv_nsec / 1000);
}

/* The id becomes part of a path, so it must look like a name. */
static bool is_run_id (const char *text)
{
    size_t length = strlen (text);
    bool good = length < RESULTS_RUN_ID_BYTES && isalnum ((unsigned char)text[0]);
    for (size_t i = 0; good && i < length; i++)
        good = isalnum ((unsigned char)text[i]) || strchr ("._-", text[i]) != NULL;
    return good;
}

static int read_resume (struct results *self, struct lab_err *err)
{
    const char *value = environment ("EMS_RESUME");
    self->resumed = value != NULL && strcmp (value, "1") == 0;
    if (value != NULL && !self->resumed && strcmp (value, "0") != 0)
        return lab_err_set (err, LAB_EXIT_USAGE,
                            "EMS_RESUME takes 1, to continue the run in the results folder, or 0");
    if (self->resumed && environment ("EMS_RESULTS_DIR") == NULL &&
        environment ("EMS_RUN_ID") == NULL)
        return lab_err_set (err, LAB_EXIT_USAGE,
                            "EMS_RESUME=1 needs EMS_RESULTS_DIR or EMS_RUN_ID to say which run is "
                            "to be continued");
    return 0;
}

/* *id_is_given is false if the id was made up. */
static int read_run_id (struct results *self, bool *id_is_given, struct lab_err *err)
{
    const char *id = environment ("EMS_RUN_ID");
    *id_is_given = id != NULL;
    if (id == NULL) {
        make_run_id (self->run_id, false);
        return 0;
    }
    if (!is_run_id (id))
        return lab_err_set (err, LAB_EXIT_USAGE,
                            "EMS_RUN_ID is no run id; it takes 1 to 64 letters, digits, '.', '_' "
                            "and '-', the first a letter or digit");
    snprintf (self->run_id, sizeof self->run_id, "%s", id);
    return 0;
}

/* By hand: a folder of our own, named by the second; two starts in one second differ in the
 * microseconds. */
static int open_own_folder (struct results *self, bool id_is_given, struct lab_err *err)
{
    bool existed;
    snprintf (self->shown, sizeof self->shown, "results/%s", self->run_id);
    if (files_open_folder (self->shown, !id_is_given, &self->fd, &existed, err) == 0)
        return 0;
    if (!existed || id_is_given)
        return -1;
    make_run_id (self->run_id, true);
    snprintf (self->shown, sizeof self->shown, "results/%s", self->run_id);
    return files_open_folder (self->shown, true, &self->fd, &existed, err);
}

/* An absolute folder is shown by the run's id, which EMS will give it. */
static void set_shown (struct results *self, const char *folder)
{
    if (folder[0] == '/')
        snprintf (self->shown, sizeof self->shown, "results/%s", self->run_id);
    else
        snprintf (self->shown, sizeof self->shown, "%s", folder);
    for (size_t end = strlen (self->shown); end > 1 && self->shown[end - 1] == '/'; end--)
        self->shown[end - 1] = '\0';
}

/* The earlier attempts; where no id was given, that of the run that is continued. Not to know
 * them is no reason not to continue. */
static int read_attempts (struct results *self, bool id_is_given, struct lab_err *err)
{
    self->attempts = attempts_new ();
    if (self->attempts == NULL)
        return lab_err_set (err, LAB_EXIT_INTERNAL, "not enough memory for the list of attempts");
    if (!self->resumed)
        return 0;
    if (attempts_load (self->attempts, self->fd, err) < 0)
        snprintf (self->unknown_attempts, sizeof self->unknown_attempts, "%.255s", err->text);
    const char *id = attempts_run_id (self->attempts);
    if (!id_is_given && id != NULL && is_run_id (id))
        snprintf (self->run_id, sizeof self->run_id, "%s", id);
    return 0;
}

int results_open (struct results *self, struct lab_err *err)
{
    const char *folder = environment ("EMS_RESULTS_DIR");
    bool id_is_given;
    bool existed;
    *self = (struct results){ .fd = -1 };
    if (read_resume (self, err) < 0 || read_run_id (self, &id_is_given, err) < 0)
        return -1;
    if (folder == NULL && open_own_folder (self, id_is_given, err) < 0)
        return -1;
    if (folder != NULL && files_open_folder (folder, false, &self->fd, &existed, err) < 0)
        return -1;
    if (read_attempts (self, id_is_given, err) < 0)
        return -1;
    if (folder != NULL)
        set_shown (self, folder);
    return 0;
}

void results_close (struct results *self)
{
    attempts_destroy (&self->attempts);
    if (self->fd >= 0)
        close (self->fd);
    self->fd = -1;
}
