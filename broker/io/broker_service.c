/* broker_service.c - putting the broker's parts together and taking them apart again.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "broker_service.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>
#include "access.h"
#include "clock.h"
#include "descriptors.h"
#include "doors.h"
#include "endpoint.h"
#include "house.h"
#include "ids.h"
#include "router.h"
#include "selftest.h"
#include "zap.h"

#define HOST_BYTES   256
#define PASSWD_BYTES 4096

struct service {
    struct house house;
    void *context;
    struct access *access;
    struct zap *zap;
    struct doors doors;
    struct reactor *reactor;
    struct relay *relay;
    struct router *router;
    char host[HOST_BYTES];
    char user[NAME_BYTES];
};

static void log_line (void *arg, const char *line)
{
    (void)arg;
    char time[TIME_TEXT_BYTES];
    time_text (clock_wall_ms (), time);
    fprintf (stderr, "%s ems-broker: %s\n", time, line);
}

static bool has_admin (const struct users *users)
{
    for (int i = 0; i < users_count (users); i++)
        if ((users_at (users, i)->roles & ROLE_ADMIN) != 0)
            return true;
    return false;
}

static int64_t reload (void *arg, struct err *err)
{
    struct service *self = arg;
    bool lost = false;
    descriptors_give ();
    int users = access_reload (self->access, &lost, err);
    descriptors_keep ();
    char line[ERR_TEXT_BYTES];
    if (users < 0)
        snprintf (line, sizeof line, "%s", err->text);
    else
        snprintf (line, sizeof line, "read the users again: there are %d%s", users,
                  has_admin (access_users (self->access))
                      ? ""
                      : "; none of them has the role admin, so `reload` takes SIGHUP, or this "
                        "machine's own user");
    log_line (NULL, line);
    router_reopen (self->router);
    if (users >= 0)
        router_users_changed (self->router);
    if (users >= 0 && lost)
        relay_renew (self->relay);
    return users;
}

static void on_signal (void *arg, int number)
{
    struct service *self = arg;
    struct err err;
    if (number == SIGTERM || number == SIGINT)
        reactor_stop (self->reactor);
    else if (number == SIGHUP)
        reload (self, &err);
}

static void who_may_connect (void *arg)
{
    zap_answer (arg);
}

static void name_host_and_user (struct service *self)
{
    if (gethostname (self->host, sizeof self->host - 1) < 0 || !name_valid (self->host))
        snprintf (self->host, sizeof self->host, "localhost");
    char room[PASSWD_BYTES];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r (getuid (), &entry, room, sizeof room, &found) == 0 && found &&
        name_valid (found->pw_name))
        snprintf (self->user, sizeof self->user, "%s", found->pw_name);
    else
        snprintf (self->user, sizeof self->user, "uid-%u", (unsigned)getuid ());
}

/* The one who answers for strangers is there before anything can be knocked at. */
static int open_doors (struct service *self, const struct broker_settings *settings,
                       struct err *err)
{
    self->context = zmq_ctx_new ();
    if (!self->context)
        return err_sys (err, "cannot start ZeroMQ");
    if (doors_identify (&self->doors, settings, err) < 0)
        return -1;
    self->access =
        access_new (settings->users, self->user, self->doors.cert.public_key, log_line, err);
    if (!self->access)
        return -1;
    if (settings->certificate) {
        self->zap = zap_new (self->context, access_may_connect, self->access, err);
        if (!self->zap)
            return -1;
    }
    if (doors_open (&self->doors, self->context, settings, err) < 0)
        return -1;
    return self->zap ? selftest_run (&self->doors, self->zap, err) : 0;
}

static int start (struct service *self, struct err *err)
{
    struct broker_identity identity = { .name = self->host, .version = EMS_VERSION };
    if (entropy_fill (identity.random, sizeof identity.random, err) < 0)
        return -1;
    self->reactor = reactor_new (err);
    if (!self->reactor || reactor_on_signal (self->reactor, on_signal, self, err) < 0)
        return -1;
    if (self->zap && reactor_add_socket (self->reactor, zap_socket (self->zap), who_may_connect,
                                         self->zap, err) < 0)
        return -1;
    self->relay = relay_new (self->reactor, &self->doors, self->access, log_line, err);
    if (!self->relay)
        return -1;
    struct router_parts parts = { self->reactor,       self->relay, &self->doors, self->access,
                                  self->house.statefd, reload,      self };
    self->router = router_new (&parts, &identity, log_line, err);
    return self->router ? 0 : -1;
}

/* With a port that the system chose there is no other way to learn it. */
static void say_where (const struct service *self)
{
    for (enum place place = 0; place < PLACES; place++)
        for (int i = 0; i < self->doors.tcp_count[place]; i++) {
            char line[ENDPOINT_TEXT_BYTES + 64];
            snprintf (line, sizeof line, "serves %s at %s", place_name (place),
                      self->doors.tcp[place][i]);
            log_line (NULL, line);
        }
}

/* libzmq leaves the files of its sockets behind. */
static void remove_files (const struct broker_settings *settings)
{
    for (int place = 0; place < PLACES; place++) {
        char endpoint[USUAL_BYTES];
        doors_usual (settings, (enum place)place, endpoint);
        unlink (endpoint + strlen ("ipc://"));
        for (int i = 0; i < settings->extras[place]; i++)
            if (!endpoint_is_tcp (settings->extra[place][i]))
                unlink (settings->extra[place][i] + strlen ("ipc://"));
    }
}

static void take_apart (struct service *self, const struct broker_settings *settings)
{
    if (self->reactor) {
        router_destroy (&self->router);
        relay_destroy (&self->relay);
        if (self->zap)
            reactor_remove_socket (self->reactor, zap_socket (self->zap));
        reactor_destroy (&self->reactor);
    }
    doors_close (&self->doors);
    zap_destroy (&self->zap);
    if (self->context) {
        zmq_ctx_term (self->context);
        remove_files (settings); /* while they are still locked */
    }
    access_destroy (&self->access);
    house_leave (&self->house);
}

int broker_service_run (const struct broker_settings *settings, struct err *err)
{
    struct service self = { 0 };
    int rc = -1;
    descriptors_keep ();
    name_host_and_user (&self);
    if (house_enter (&self.house, settings, err) == 0 && open_doors (&self, settings, err) == 0 &&
        start (&self, err) == 0) {
        say_where (&self);
        rc = reactor_run (self.reactor, err);
    }
    take_apart (&self, settings);
    return rc;
}

int broker_service_check (const struct broker_settings *settings, struct err *err)
{
    struct service self = { 0 };
    name_host_and_user (&self);
    if (doors_identify (&self.doors, settings, err) == 0)
        self.access =
            access_new (settings->users, self.user, self.doors.cert.public_key, log_line, err);
    int rc = self.access ? 0 : -1;
    access_destroy (&self.access);
    doors_close (&self.doors);
    return rc;
}
