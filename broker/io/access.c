/* access.c - the users' file, read and read again.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "access.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "descriptors.h"
#include "zpl.h"

#define COMPLAIN_MS 10000 /* between two remarks */

#define READERS (ROLE_VIEWER | ROLE_OPERATOR | ROLE_ADMIN)

/* Who has business where. */
static const unsigned wanted[PLACES] = {
    [PLACE_CLIENTS] = READERS,
    [PLACE_EVENTS] = READERS,
    [PLACE_WORKERS] = ROLE_WORKER,
    [PLACE_PUBLISH] = ROLE_WORKER,
};

struct access {
    const char *path;
    const char *local_user;
    const char *server_key;
    void (*log) (void *arg, const char *line);
    struct connections *connections;    /* over TCP */
    int64_t complained_ms;              /* of too many */
    char strangers_key[KEY_TEXT_BYTES]; /* of the last one */
    struct users *users;
    struct users *before; /* a message that is being handled may still be somebody's in it */
    char (*shut_out)[NAME_BYTES];
    int shut_out_count;
};

/* Who could write it could make himself an admin. */
static int check_mode (const char *path, struct err *err)
{
    struct stat st = { 0 };
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int rc = fd >= 0 ? fstat (fd, &st) : -1;
    if (fd >= 0)
        close (fd);
    if (rc < 0)
        return 0; /* reading it says why */
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "the users in %.200s can be changed by others (mode %03o); chmod go-w it",
                        path, (unsigned)(st.st_mode & 0777));
    if (st.st_uid != geteuid () && st.st_uid != 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "the users in %.200s belong to user %u; they must be ours (%u) or root's",
                        path, (unsigned)st.st_uid, (unsigned)geteuid ());
    return 0;
}

/* Who uses the broker's key for his own hands out, with his certificate, the means to be the
 * broker.
 */
static int check_server_key (const struct users *users, const char *key, struct err *err)
{
    const struct user *user = users_by_key (users, key, strlen (key));
    return user ? err_set (
                      err, STATUS_BAD_REQUEST,
                      "user \"%s\" has the public key of this broker; it must be the user's own",
                      user->name)
                : 0;
}

static struct users *read_users (const char *path, const char *server_key, struct err *err)
{
    if (check_mode (path, err) < 0)
        return NULL;
    struct config *root = zpl_load (path, err);
    struct users *users = root ? users_from_config (root, err) : NULL;
    if (users && check_server_key (users, server_key, err) < 0)
        users_destroy (&users);
    if (root && !users)
        err_prefix (err, "%.200s", path);
    config_destroy (&root);
    return users;
}

struct access *access_new (const char *path, const char *local_user, const char *server_key,
                           void (*log) (void *arg, const char *line), struct err *err)
{
    struct access *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    *self = (struct access){ .path = path,
                             .local_user = local_user,
                             .server_key = server_key,
                             .log = log,
                             .complained_ms = INT64_MIN / 2 };
    self->shut_out = calloc (LIMIT_USERS, sizeof *self->shut_out);
    self->connections = connections_new (descriptors_of_user ());
    self->users = path ? read_users (path, server_key, err) : users_none ();
    bool memory = self->shut_out && self->connections;
    if (memory && self->users)
        return self;
    if (path && memory) {
        err_prefix (err, "the users file"); /* doctor knows it by that */
        err->code = STATUS_BAD_REQUEST;
    } else
        err_set (err, STATUS_FAILED, "out of memory");
    access_destroy (&self);
    return NULL;
}

void access_destroy (struct access **self_p)
{
    struct access *self = *self_p;
    if (!self)
        return;
    users_destroy (&self->users);
    users_destroy (&self->before);
    connections_destroy (&self->connections);
    free (self->shut_out);
    free (self);
    *self_p = NULL;
}

static bool is_shut_out (const struct access *self, const char *user)
{
    for (int i = 0; i < self->shut_out_count; i++)
        if (strcmp (self->shut_out[i], user) == 0)
            return true;
    return false;
}

static const struct user *user_at (const struct access *self, enum place place, const char *key)
{
    const struct user *user = users_by_key (self->users, key, strlen (key));
    if (!user || (user->roles & wanted[place]) == 0)
        return NULL;
    return place == PLACE_EVENTS && is_shut_out (self, user->name) ? NULL : user;
}

static void complain (struct access *self, const char *user, int64_t now_ms)
{
    char line[ERR_TEXT_BYTES];
    if (now_ms - self->complained_ms < COMPLAIN_MS)
        return;
    self->complained_ms = now_ms;
    snprintf (line, sizeof line,
              "user \"%s\" has %d connections over TCP, or all together too many; no further ones "
              "until some of them end",
              user, descriptors_of_user ());
    self->log (NULL, line);
}

enum zap_verdict access_may_connect (void *arg, const char *domain, const char *key,
                                     uint64_t connection)
{
    struct access *self = arg;
    const struct user *user = NULL;
    int64_t now_ms = clock_mono_ms ();
    for (enum place place = 0; place < PLACES; place++)
        if (strcmp (place_name (place), domain) == 0)
            user = user_at (self, place, key);
    if (!user)
        return ZAP_NO;
    if (connections_admit (self->connections, user->name, connection, now_ms))
        return ZAP_YES;
    complain (self, user->name, now_ms);
    return ZAP_LATER;
}

/* Who sent it over TCP, by that frame: the key. */
static bool sender (const struct access *self, const struct frames *frames, int index,
                    char key[KEY_TEXT_BYTES], uint64_t *connection)
{
    *connection = 0;
    if (!zap_sender (frames, index, key, connection))
        return false;
    connections_heard (self->connections, *connection, zap_descriptor (frames, index));
    return true;
}

const char *access_subscriber (const struct access *self, const struct frames *frames,
                               uint64_t *connection)
{
    char key[KEY_TEXT_BYTES];
    const struct user *user =
        sender (self, frames, 0, key, connection) ? user_at (self, PLACE_EVENTS, key) : NULL;
    return user ? user->name : NULL;
}

bool access_ended (const struct access *self, uint64_t connection)
{
    return connections_ended (self->connections, connection);
}

/* The key as it stands in the table, so that it lives as long as the user. */
static const char *own_key (const struct user *user, const char *key)
{
    for (int i = 0; i < user->key_count; i++)
        if (strcmp (user->keys[i], key) == 0)
            return user->keys[i];
    return "";
}

const struct broker_peer *access_peer (struct access *self, enum place place, enum door door,
                                       const struct frames *frames, struct broker_peer *out)
{
    char key[KEY_TEXT_BYTES];
    if (door == DOOR_IPC) {
        /* Who comes by way of the file system is who we are, and may do everything. */
        *out = (struct broker_peer){ .user = self->local_user, .roles = ROLES_ALL };
        return out;
    }
    /* A routing id knows nothing; the frame after it does (pitfall 5). */
    uint64_t connection;
    bool routed = place == PLACE_CLIENTS || place == PLACE_WORKERS;
    const struct user *user =
        sender (self, frames, routed ? 1 : 0, key, &connection) ? user_at (self, place, key) : NULL;
    if (!user) {
        *out = (struct broker_peer){ .fingerprint = connection > 0 ? self->strangers_key : NULL };
        memcpy (self->strangers_key, key, connection > 0 ? sizeof key : 0);
        return NULL;
    }
    *out = (struct broker_peer){ .user = user->name,
                                 .roles = user->roles,
                                 .fingerprint = own_key (user, key),
                                 .requests_per_second = user->limits.requests_per_second,
                                 .max_queued = user->limits.max_queued,
                                 .max_request_bytes = user->limits.max_request_bytes,
                                 .workers = user->workers };
    out->key = out->fingerprint;
    return out;
}

const struct users *access_users (const struct access *self)
{
    return self->users;
}

static bool someone_lost_events (const struct users *before, const struct users *after)
{
    for (int i = 0; i < users_count (before); i++) {
        const struct user *user = users_at (before, i);
        for (int k = 0; (user->roles & READERS) != 0 && k < user->key_count; k++) {
            const struct user *now = users_by_key (after, user->keys[k], KEY_TEXT_BYTES - 1);
            if (!now || (now->roles & READERS) == 0)
                return true;
        }
    }
    return false;
}

int access_reload (struct access *self, bool *lost, struct err *err)
{
    *lost = false;
    if (!self->path)
        return err_set (err, STATUS_FAILED,
                        "this broker has no table of users: whoever can open its sockets is "
                        "permitted everything");
    struct users *users = read_users (self->path, self->server_key, err);
    if (!users)
        return err_prefix (err, "the users stay what they were");
    *lost = someone_lost_events (self->users, users);
    users_destroy (&self->before);
    self->before = self->users;
    self->users = users;
    self->shut_out_count = 0;
    return users_count (users);
}

void access_shut_out (struct access *self, const char *user)
{
    if (self->shut_out_count < LIMIT_USERS && !is_shut_out (self, user))
        memcpy (self->shut_out[self->shut_out_count++], user, strlen (user) + 1);
}
