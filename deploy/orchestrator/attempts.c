/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/attempts.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "orchestrator/files.h"
#include "orchestrator/report.h"

#define ATTEMPTS_FILE ".attempts.json"

enum { FILE_BYTES_MAX = 1 << 20 };

struct attempts {
    cJSON *list;
};

struct attempts *attempts_new (void)
{
    struct attempts *self = calloc (1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->list = cJSON_CreateArray ();
    if (self->list == NULL)
        attempts_destroy (&self);
    return self;
}

void attempts_destroy (struct attempts **self)
{
    if (*self == NULL)
        return;
    cJSON_Delete ((*self)->list);
    free (*self);
    *self = NULL;
}

static const char *text_of (const cJSON *attempt, const char *key)
{
    return cJSON_GetStringValue (cJSON_GetObjectItemCaseSensitive (attempt, key));
}

static bool is_attempt (const cJSON *item)
{
    const cJSON *kept = cJSON_GetObjectItemCaseSensitive (item, "kept");
    const cJSON *name;
    if (text_of (item, "started_at") == NULL || text_of (item, "run_id") == NULL ||
        !cJSON_IsBool (cJSON_GetObjectItemCaseSensitive (item, "resumed")) || !cJSON_IsArray (kept))
        return false;
    cJSON_ArrayForEach (name, kept)
    {
        if (!cJSON_IsString (name))
            return false;
    }
    return true;
}

static bool is_list (const cJSON *list)
{
    const cJSON *item;
    if (!cJSON_IsArray (list) || cJSON_GetArraySize (list) > ATTEMPTS_MAX)
        return false;
    cJSON_ArrayForEach (item, list)
    {
        if (!is_attempt (item))
            return false;
    }
    return true;
}

/* 1 if the file is there and was taken over, 0 if it is not there. */
static int load_file (struct attempts *self, int folder_fd, const char *name, struct lab_err *err)
{
    char *text;
    if (files_get (folder_fd, name, FILE_BYTES_MAX, &text, err) < 0)
        return -1;
    if (text == NULL)
        return 0;
    cJSON *root = cJSON_Parse (text);
    free (text);
    cJSON *list = cJSON_DetachItemFromObjectCaseSensitive (root, "attempts");
    cJSON_Delete (root);
    if (!is_list (list)) {
        cJSON_Delete (list);
        return lab_err_set (err, LAB_EXIT_IO, "%s holds no list of attempts", name);
    }
    cJSON_Delete (self->list);
    self->list = list;
    return 1;
}

int attempts_load (struct attempts *self, int folder_fd, struct lab_err *err)
{
    /* A manifest beside it is an older one: the latest attempt was about to remove it. */
    int rc = load_file (self, folder_fd, ATTEMPTS_FILE, err);
    if (rc == 0)
        rc = load_file (self, folder_fd, REPORT_MANIFEST, err);
    return rc < 0 ? -1 : 0;
}

static cJSON *make_attempt (const char *started_at, const char *run_id, bool resumed,
                            const char *const *kept, size_t kept_count)
{
    cJSON *attempt = cJSON_CreateObject ();
    bool good = cJSON_AddStringToObject (attempt, "started_at", started_at) != NULL &&
                cJSON_AddStringToObject (attempt, "run_id", run_id) != NULL &&
                cJSON_AddBoolToObject (attempt, "resumed", resumed) != NULL;
    cJSON *names = cJSON_AddArrayToObject (attempt, "kept");
    for (size_t i = 0; good && i < kept_count; i++)
        good = cJSON_AddItemToArray (names, cJSON_CreateString (kept[i]));
    if (good && names != NULL)
        return attempt;
    cJSON_Delete (attempt);
    return NULL;
}

int attempts_add (struct attempts *self, const char *started_at, const char *run_id, bool resumed,
                  const char *const *kept, size_t kept_count, struct lab_err *err)
{
    cJSON *attempt = make_attempt (started_at, run_id, resumed, kept, kept_count);
    if (attempt == NULL || !cJSON_AddItemToArray (self->list, attempt)) {
        cJSON_Delete (attempt);
        return lab_err_set (err, LAB_EXIT_INTERNAL, "not enough memory for the list of attempts");
    }
    if (cJSON_GetArraySize (self->list) > ATTEMPTS_MAX)
        cJSON_DeleteItemFromArray (self->list, 1);
    return 0;
}

size_t attempts_count (const struct attempts *self)
{
    return (size_t)cJSON_GetArraySize (self->list);
}

const char *attempts_started_at (const struct attempts *self)
{
    return text_of (cJSON_GetArrayItem (self->list, 0), "started_at");
}

const char *attempts_run_id (const struct attempts *self)
{
    return text_of (cJSON_GetArrayItem (self->list, cJSON_GetArraySize (self->list) - 1), "run_id");
}

int attempts_put (const struct attempts *self, int folder_fd, struct lab_err *err)
{
    cJSON *root = cJSON_CreateObject ();
    cJSON_AddNumberToObject (root, "schema", REPORT_SCHEMA);
    char *text = attempts_add_to (self, root) ? cJSON_Print (root) : NULL;
    cJSON_Delete (root);
    if (text == NULL)
        return lab_err_set (err, LAB_EXIT_INTERNAL, "not enough memory for " ATTEMPTS_FILE);
    int rc = files_put (folder_fd, ATTEMPTS_FILE, text, err);
    free (text);
    return rc;
}

int attempts_forget (int folder_fd, struct lab_err *err)
{
    return files_remove (folder_fd, ATTEMPTS_FILE, err);
}

int attempts_sweep (int folder_fd, struct lab_err *err)
{
    return files_sweep (folder_fd, ATTEMPTS_FILE, err);
}

bool attempts_add_to (const struct attempts *self, struct cJSON *manifest)
{
    return cJSON_AddItemToObject (manifest, "attempts", cJSON_Duplicate (self->list, true));
}
