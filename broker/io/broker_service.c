/* broker_service.c - putting the broker's parts together and taking them apart again.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "broker_service.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>
#include "clock.h"
#include "endpoint.h"
#include "house.h"
#include "ids.h"
#include "router.h"

#define HOST_BYTES     256
#define ENDPOINT_BYTES (LIMIT_PATH_BYTES + 32)
#define PASSWD_BYTES   4096
#define FILES_WANTED   65536 /* descriptors: a monitor or client each */

struct service {
    struct house house;
    void *context;
    void *sockets[PLACES];
    struct reactor *reactor;
    struct relay *relay;
    struct router *router;
    char host[HOST_BYTES];
    char user[NAME_BYTES];
};

static const enum endpoint_kind kinds[PLACES] = {
    [PLACE_CLIENTS] = ENDPOINT_CLIENTS_ROUTER,
    [PLACE_WORKERS] = ENDPOINT_WORKERS_ROUTER,
    [PLACE_PUBLISH] = ENDPOINT_PUBLISH_XSUB,
    [PLACE_EVENTS] = ENDPOINT_EVENTS_XPUB,
};

static void log_line (void *arg, const char *line)
{
    (void)arg;
    char time[TIME_TEXT_BYTES];
    time_text (clock_wall_ms (), time);
    fprintf (stderr, "%s ems-broker: %s\n", time, line);
}

static void on_signal (void *arg, int number)
{
    struct service *self = arg;
    if (number == SIGTERM || number == SIGINT)
        reactor_stop (self->reactor);
}

/* Each peer takes a descriptor; what the system grants without asking is often only 1024. */
static void raise_file_limit (void)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= FILES_WANTED)
        return;
    limit.rlim_cur = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
    setrlimit (RLIMIT_NOFILE, &limit);
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

static void usual_endpoint (const struct broker_settings *settings, enum place place,
                            char endpoint[ENDPOINT_BYTES])
{
    snprintf (endpoint, ENDPOINT_BYTES, "ipc://%s/sock/%s", settings->state, place_name (place));
}

static int bind_place (struct service *self, const struct broker_settings *settings,
                       enum place place, struct err *err)
{
    char endpoint[ENDPOINT_BYTES];
    usual_endpoint (settings, place, endpoint);
    self->sockets[place] = endpoint_new (self->context, kinds[place], err);
    if (!self->sockets[place] || endpoint_bind (self->sockets[place], endpoint, err) < 0)
        return -1;
    for (int i = 0; i < settings->extras[place]; i++)
        if (endpoint_bind (self->sockets[place], settings->extra[place][i], err) < 0)
            return -1;
    return 0;
}

static int bind_all (struct service *self, const struct broker_settings *settings, struct err *err)
{
    self->context = zmq_ctx_new ();
    if (!self->context)
        return err_sys (err, "cannot start ZeroMQ");
    /* Clients come last: whoever gets an answer finds everything else there. */
    for (int place = PLACES - 1; place >= 0; place--)
        if (bind_place (self, settings, (enum place)place, err) < 0)
            return -1;
    return 0;
}

static int start (struct service *self, struct err *err)
{
    struct broker_identity identity = { .name = self->host, .version = EMS_VERSION };
    if (entropy_fill (identity.random, sizeof identity.random, err) < 0)
        return -1;
    self->reactor = reactor_new (err);
    if (!self->reactor || reactor_on_signal (self->reactor, on_signal, self, err) < 0)
        return -1;
    self->relay =
        relay_new (self->reactor, self->sockets[PLACE_PUBLISH], self->sockets[PLACE_EVENTS], err);
    if (!self->relay)
        return -1;
    struct router_parts parts = { self->reactor,
                                  self->relay,
                                  self->context,
                                  self->sockets[PLACE_CLIENTS],
                                  self->sockets[PLACE_WORKERS],
                                  self->house.statefd,
                                  self->user };
    self->router = router_new (&parts, &identity, log_line, err);
    return self->router ? 0 : -1;
}

/* libzmq leaves the files of its sockets behind. */
static void remove_files (const struct broker_settings *settings)
{
    for (int place = 0; place < PLACES; place++) {
        char endpoint[ENDPOINT_BYTES];
        usual_endpoint (settings, (enum place)place, endpoint);
        unlink (endpoint + strlen ("ipc://"));
        for (int i = 0; i < settings->extras[place]; i++)
            unlink (settings->extra[place][i] + strlen ("ipc://"));
    }
}

static void take_apart (struct service *self, const struct broker_settings *settings)
{
    if (self->reactor) {
        router_destroy (&self->router);
        relay_destroy (&self->relay);
        reactor_destroy (&self->reactor);
    }
    for (int place = 0; place < PLACES; place++)
        endpoint_close (&self->sockets[place]);
    if (self->context) {
        zmq_ctx_term (self->context);
        remove_files (settings); /* while they are still locked */
    }
    house_leave (&self->house);
}

int broker_service_run (const struct broker_settings *settings, struct err *err)
{
    struct service self = { 0 };
    int rc = -1;
    raise_file_limit ();
    name_host_and_user (&self);
    if (house_enter (&self.house, settings, err) == 0 && bind_all (&self, settings, err) == 0 &&
        start (&self, err) == 0)
        rc = reactor_run (self.reactor, err);
    take_apart (&self, settings);
    return rc;
}
