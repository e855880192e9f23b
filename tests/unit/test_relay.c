/* test_relay.c - the socket for events over TCP is made anew, also when that fails at first.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>
#include <cmocka.h>
#include "clock.h"
#include "files.h"
#include "relay.h"
#include "zap.h"

#define PATIENCE_MS 20000
#define LOOK_MS     5
#define PATH_BYTES  256
#define FAILURES    2

struct world {
    char folder[32];
    struct broker_settings settings;
    char certificate[PATH_BYTES], users[PATH_BYTES];
    void *context;
    struct reactor *reactor;
    struct doors doors;
    struct access *access;
    struct zap *zap;
    struct relay *relay;
    struct reactor_timer look;
    int64_t give_up_ms;
    bool found;
};

/* Which of the calls that fail on purpose, and how often; what was complained of. */
enum call { NOTHING, MAKING, ADDING, BINDING };
static enum call fails;
static int failures;
static int complaints;

static bool fail_now (enum call what, struct err *err)
{
    if (fails != what || failures == 0)
        return false;
    failures--;
    err_set (err, STATUS_FAILED, "failed on purpose");
    return true;
}

int __real_doors_renew (struct doors *self, enum place place, struct err *err);
int __wrap_doors_renew (struct doors *self, enum place place, struct err *err);
int __wrap_doors_renew (struct doors *self, enum place place, struct err *err)
{
    if (!fail_now (MAKING, err))
        return __real_doors_renew (self, place, err);
    endpoint_drop (&self->sockets[place][DOOR_TCP]); /* so far it comes in any case */
    return -1;
}

int __real_doors_bind_again (struct doors *self, enum place place, struct err *err);
int __wrap_doors_bind_again (struct doors *self, enum place place, struct err *err);
int __wrap_doors_bind_again (struct doors *self, enum place place, struct err *err)
{
    return fail_now (BINDING, err) ? -1 : __real_doors_bind_again (self, place, err);
}

int __real_reactor_add_socket (struct reactor *self, void *socket, reactor_fn *fn, void *arg,
                               struct err *err);
int __wrap_reactor_add_socket (struct reactor *self, void *socket, reactor_fn *fn, void *arg,
                               struct err *err);
int __wrap_reactor_add_socket (struct reactor *self, void *socket, reactor_fn *fn, void *arg,
                               struct err *err)
{
    return fail_now (ADDING, err) ? -1 : __real_reactor_add_socket (self, socket, fn, arg, err);
}

static void take_line (void *arg, const char *line)
{
    (void)arg;
    assert_string_equal (line, "failed on purpose");
    complaints++;
}

static void write_file (const char *path, const char *text)
{
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    assert_true (fputs (text, file) >= 0);
    assert_int_equal (fclose (file), 0);
    assert_int_equal (chmod (path, 0600), 0);
}

static void write_files (struct world *self)
{
    char text[1024], path[PATH_BYTES], public_key[KEY_TEXT_BYTES], secret_key[KEY_TEXT_BYTES];
    snprintf (path, sizeof path, "%s/sock", self->folder);
    assert_int_equal (mkdir (path, 0700), 0);
    assert_int_equal (zmq_curve_keypair (public_key, secret_key), 0);
    snprintf (text, sizeof text,
              "metadata\n    name = \"broker\"\ncurve\n    public-key = \"%s\"\n"
              "    secret-key = \"%s\"\n",
              public_key, secret_key);
    snprintf (self->certificate, sizeof self->certificate, "%s/broker.secret", self->folder);
    write_file (self->certificate, text);
    assert_int_equal (zmq_curve_keypair (public_key, secret_key), 0);
    snprintf (text, sizeof text,
              "users\n    vera\n        roles = \"viewer\"\n        key = \"%s\"\n", public_key);
    snprintf (self->users, sizeof self->users, "%s/users.zpl", self->folder);
    write_file (self->users, text);
}

static int set_up (void **state)
{
    struct world *self = calloc (1, sizeof *self);
    struct err err = { 0 };
    *state = self;
    fails = NOTHING;
    failures = complaints = 0;
    strcpy (self->folder, "/tmp/ems-relay-XXXXXX");
    assert_non_null (mkdtemp (self->folder));
    write_files (self);
    self->settings = (struct broker_settings){ .state = self->folder,
                                               .certificate = self->certificate,
                                               .users = self->users };
    self->settings.extra[PLACE_EVENTS][0] = "tcp://127.0.0.1:*";
    self->settings.extras[PLACE_EVENTS] = 1;
    self->context = zmq_ctx_new ();
    self->reactor = reactor_new (&err);
    assert_int_equal (doors_identify (&self->doors, &self->settings, &err), 0);
    self->access = access_new (self->users, "me", self->doors.cert.public_key, take_line, &err);
    assert_non_null (self->access);
    self->zap = zap_new (self->context, access_may_connect, self->access, &err);
    if (doors_open (&self->doors, self->context, &self->settings, &err) < 0)
        fail_msg ("%s", err.text);
    self->relay = relay_new (self->reactor, &self->doors, self->access, take_line, &err);
    assert_non_null (self->relay);
    return 0;
}

static int tear_down (void **state)
{
    struct world *self = *state;
    relay_destroy (&self->relay);
    reactor_destroy (&self->reactor);
    doors_close (&self->doors);
    zap_destroy (&self->zap);
    zmq_ctx_term (self->context);
    access_destroy (&self->access);
    tree_remove (AT_FDCWD, self->folder, NULL);
    free (self);
    return 0;
}

/* Does somebody take connections at the port that the first socket got? */
static bool is_open (const struct world *self)
{
    const char *port = strrchr (self->doors.tcp[PLACE_EVENTS][0], ':') + 1;
    struct sockaddr_in there = { .sin_family = AF_INET,
                                 .sin_port = htons ((uint16_t)atoi (port)),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool open = connect (fd, (const struct sockaddr *)&there, sizeof there) == 0;
    close (fd);
    return open;
}

/* Is it open, and is whoever is there heard? */
static void look (void *arg)
{
    struct world *self = arg;
    self->found = failures == 0 && is_open (self);
    if (self->found || clock_mono_ms () > self->give_up_ms)
        reactor_stop (self->reactor);
    else
        reactor_arm (self->reactor, &self->look, clock_mono_ms () + LOOK_MS);
}

static void comes_back (struct world *self)
{
    self->look = (struct reactor_timer){ .fn = look, .arg = self };
    self->give_up_ms = clock_mono_ms () + PATIENCE_MS;
    reactor_arm (self->reactor, &self->look, clock_mono_ms () + LOOK_MS);
    assert_int_equal (reactor_run (self->reactor, NULL), 0);
    assert_true (self->found);
}

static void renew_with (struct world *self, enum call what)
{
    fails = what;
    failures = FAILURES;
    assert_true (is_open (self));
    relay_renew (self->relay);
    relay_publish (self->relay, "worker/bench-1/", (struct bytes){ "\x80", 1 });
    comes_back (self);
    assert_int_equal (complaints, 1);
}

static void it_comes_back_at_its_port (void **state)
{
    struct world *self = *state;
    relay_renew (self->relay);
    comes_back (self);
    assert_int_equal (complaints, 0);
}

static void it_comes_back_when_it_could_not_be_made (void **state)
{
    renew_with (*state, MAKING);
}

static void it_comes_back_when_it_could_not_be_heard (void **state)
{
    renew_with (*state, ADDING);
}

static void it_comes_back_when_it_could_not_be_bound (void **state)
{
    renew_with (*state, BINDING);
}

static void renewed_while_there_is_none_it_comes_back_once (void **state)
{
    struct world *self = *state;
    fails = MAKING;
    failures = FAILURES;
    relay_renew (self->relay);
    relay_renew (self->relay);
    assert_int_equal (failures, 0);
    comes_back (self);
    /* And all is as before. */
    relay_renew (self->relay);
    comes_back (self);
}

static void nobody_is_left_at_the_one_that_was_renewed (void **state)
{
    struct world *self = *state;
    fails = MAKING;
    failures = 1;
    relay_renew (self->relay);
    assert_null (self->doors.sockets[PLACE_EVENTS][DOOR_TCP]);
    /* The end of a broker may come now. */
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (it_comes_back_at_its_port, set_up, tear_down),
        cmocka_unit_test_setup_teardown (it_comes_back_when_it_could_not_be_made, set_up,
                                         tear_down),
        cmocka_unit_test_setup_teardown (it_comes_back_when_it_could_not_be_heard, set_up,
                                         tear_down),
        cmocka_unit_test_setup_teardown (it_comes_back_when_it_could_not_be_bound, set_up,
                                         tear_down),
        cmocka_unit_test_setup_teardown (renewed_while_there_is_none_it_comes_back_once, set_up,
                                         tear_down),
        cmocka_unit_test_setup_teardown (nobody_is_left_at_the_one_that_was_renewed, set_up,
                                         tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
