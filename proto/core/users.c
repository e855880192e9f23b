/* users.c - the table of users, made and asked.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "users.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct user user;
    char names[LIMIT_USER_WORKERS][NAME_BYTES]; /* of its workers */
    const char *workers[LIMIT_USER_WORKERS + 1];
};

struct owner {
    const char *key;
    const struct user *user;
};

struct users {
    struct entry **items;
    int count;
    struct owner *keys; /* in their order */
    size_t key_count;
};

struct user_limits user_limits_default (void)
{
    return (struct user_limits){ DEFAULT_REQUESTS_PER_S, DEFAULT_QUEUED, DEFAULT_REQUEST_BYTES };
}

static int add_worker (struct entry *entry, int *count, const char *name, size_t bytes)
{
    char *copy = entry->names[*count < LIMIT_USER_WORKERS ? *count : 0];
    if (*count == LIMIT_USER_WORKERS || bytes >= NAME_BYTES)
        return -1;
    memcpy (copy, name, bytes);
    copy[bytes] = '\0';
    if (!name_valid (copy))
        return -1;
    entry->workers[(*count)++] = copy;
    return 0;
}

static int read_workers (const struct config *section, struct entry *entry, struct err *err)
{
    const char *text = NULL;
    int count = 0;
    entry->user.workers = entry->workers;
    int rc = config_string (section, "workers", LIMIT_USER_WORKERS * NAME_BYTES, &text, err);
    if (rc < 0)
        return -1;
    bool worker = (entry->user.roles & ROLE_WORKER) != 0;
    if (rc == 1 && !worker)
        return config_error (config_child (section, "workers"), err,
                             "is for those with the role worker");
    if (rc == 0)
        return worker ? add_worker (entry, &count, entry->user.name, strlen (entry->user.name)) : 0;
    for (const char *at = text;; at++) {
        at += strspn (at, " ");
        size_t bytes = strcspn (at, ", ");
        if (add_worker (entry, &count, at, bytes) < 0)
            break;
        at += bytes;
        at += strspn (at, " ");
        if (*at == '\0')
            return 0;
        if (*at != ',')
            break;
    }
    return config_error (config_child (section, "workers"), err,
                         "\"%.100s\" is not possible; it takes at most %d names of workers, with "
                         "commas between them",
                         text, LIMIT_USER_WORKERS);
}

static int read_keys (const struct config *section, struct user *user, struct err *err)
{
    const struct config *item = config_child (section, "key");
    if (!item)
        return config_error (section, err,
                             "has no key; it takes key = \"…\", of 40 characters, as `ems keygen` "
                             "prints it");
    for (; item; item = config_next (item)) {
        if (item->child || !item->value || !key_valid (item->value))
            return config_error (item, err,
                                 "this is no public key; it takes 40 characters in quotes, as `ems "
                                 "keygen` prints them");
        if (user->key_count == LIMIT_USER_KEYS)
            return config_error (item, err, "a user has at most %d keys", LIMIT_USER_KEYS);
        memcpy (user->keys[user->key_count++], item->value, KEY_TEXT_BYTES);
    }
    return 0;
}

static int read_roles (const struct config *section, struct user *user, struct err *err)
{
    const char *text = NULL;
    struct err why;
    int rc = config_string (section, "roles", ROLES_TEXT_BYTES * 2, &text, err);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return config_error (section, err,
                             "has no roles; it takes roles = \"…\" of viewer, operator, admin and "
                             "worker, with commas between them");
    if (roles_parse (text, &user->roles, &why) < 0)
        return config_error (config_child (section, "roles"), err, "%s", why.text);
    return 0;
}

static int read_user (const struct config *section, struct entry *entry, struct err *err)
{
    static const char *const names[] = {
        "roles", "key", "workers", "requests_per_second", "max_queued", "max_request_bytes", NULL
    };
    struct user *user = &entry->user;
    struct user_limits *limits = &user->limits;
    if (!name_valid (section->name))
        return config_error (section, err,
                             "is no name; it takes letters, digits, '.', '_' and '-', a letter or "
                             "digit first, and at most %d of them",
                             LIMIT_NAME_BYTES);
    if (section->value)
        return config_error (section, err, "a user has keys below it and no value");
    memcpy (user->name, section->name, strlen (section->name) + 1);
    *limits = user_limits_default ();
    if (config_only (section, names, err) < 0 || read_roles (section, user, err) < 0 ||
        read_keys (section, user, err) < 0 || read_workers (section, entry, err) < 0 ||
        config_int (section, "requests_per_second", 1, LIMIT_REQUESTS_PER_S,
                    &limits->requests_per_second, err) < 0 ||
        config_int (section, "max_queued", 0, LIMIT_QUEUE, &limits->max_queued, err) < 0 ||
        config_int (section, "max_request_bytes", 1024, LIMIT_REQUEST_BYTES,
                    &limits->max_request_bytes, err) < 0)
        return -1;
    return 0;
}

static int compare (const void *left, const void *right)
{
    const struct owner *a = left;
    const struct owner *b = right;
    return strcmp (a->key, b->key);
}

/* All keys in order; one that is there twice is refused, also within one user. */
static int sort_keys (struct users *self, struct err *err)
{
    self->keys = calloc ((size_t)self->count * LIMIT_USER_KEYS + 1, sizeof *self->keys);
    if (!self->keys)
        return err_set (err, STATUS_FAILED, "out of memory for the users");
    for (int i = 0; i < self->count; i++) {
        const struct user *user = &self->items[i]->user;
        for (int k = 0; k < user->key_count; k++)
            self->keys[self->key_count++] = (struct owner){ user->keys[k], user };
    }
    qsort (self->keys, self->key_count, sizeof *self->keys, compare);
    for (size_t i = 1; i < self->key_count; i++) {
        const struct owner *a = &self->keys[i - 1];
        const struct owner *b = &self->keys[i];
        if (strcmp (a->key, b->key) == 0)
            return err_set (err, STATUS_BAD_REQUEST,
                            "the key \"%s\" stands at %s and at %s; a key belongs to one user, "
                            "once",
                            a->key, a->user->name, b->user->name);
    }
    return 0;
}

static int add_user (struct users *self, const struct config *section, struct err *err)
{
    const struct config *twin = config_next (section);
    if (twin)
        return config_error (twin, err, "this user stands on line %d already", section->line);
    if (self->count == LIMIT_USERS)
        return config_error (section, err, "there are more than %d users", LIMIT_USERS);
    struct entry *entry = calloc (1, sizeof *entry);
    if (!entry)
        return err_set (err, STATUS_FAILED, "out of memory for the users");
    self->items[self->count++] = entry;
    return read_user (section, entry, err);
}

static int read_all (struct users *self, const struct config *root, struct err *err)
{
    static const char *const sections[] = { "users", NULL };
    const struct config *section = config_child (root, "users");
    if (config_only (root, sections, err) < 0)
        return -1;
    if (!section)
        return err_set (err, STATUS_BAD_REQUEST,
                        "there is no section `users`; without one nobody could connect");
    if (config_next (section))
        return config_error (config_next (section), err,
                             "stands on line %d already; it can stand "
                             "only once",
                             section->line);
    if (section->value)
        return config_error (section, err, "has users below it and no value");
    for (const struct config *item = section->child; item; item = item->next)
        if (add_user (self, item, err) < 0)
            return -1;
    return sort_keys (self, err);
}

struct users *users_none (void)
{
    struct users *self = calloc (1, sizeof *self);
    if (self)
        self->items = calloc (LIMIT_USERS, sizeof *self->items);
    if (self && !self->items)
        users_destroy (&self);
    return self;
}

struct users *users_from_config (const struct config *root, struct err *err)
{
    struct users *self = users_none ();
    if (!self)
        err_set (err, STATUS_FAILED, "out of memory for the users");
    else if (read_all (self, root, err) < 0)
        users_destroy (&self);
    return self;
}

void users_destroy (struct users **self_p)
{
    struct users *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    for (int i = 0; i < self->count; i++)
        free (self->items[i]);
    free (self->items);
    free (self->keys);
    free (self);
    *self_p = NULL;
}

int users_count (const struct users *self)
{
    return self->count;
}

const struct user *users_at (const struct users *self, int index)
{
    return index >= 0 && index < self->count ? &self->items[index]->user : NULL;
}

const struct user *users_by_key (const struct users *self, const char *key, size_t bytes)
{
    char text[KEY_TEXT_BYTES];
    if (!self || !key || bytes != sizeof text - 1 || self->key_count == 0)
        return NULL;
    memcpy (text, key, bytes);
    text[bytes] = '\0';
    const struct owner wanted = { text, NULL };
    const struct owner *found =
        bsearch (&wanted, self->keys, self->key_count, sizeof *self->keys, compare);
    return found ? found->user : NULL;
}

bool user_has_worker (const struct user *self, const char *worker)
{
    for (const char *const *name = self->workers; *name; name++)
        if (strcmp (*name, worker) == 0)
            return true;
    return false;
}
