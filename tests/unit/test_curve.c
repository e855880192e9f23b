/* test_curve.c - sockets over TCP: strangers are refused, whatever they try, and who is let in has
 * a name on every message.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "curve.h"
#include "endpoint.h"
#include "frames.h"
#include "limits.h"
#include "zap.h"

#define PATIENCE_MS 10000
#define ANY         "tcp://127.0.0.1:*"

struct world {
    void *context;
    struct zap *zap;
    struct cert server;
    struct cert friend;
    char denied[KEY_TEXT_BYTES]; /* a key that lost its rights */
    char domain[32];             /* of the last question */
    int put_off;                 /* so many questions are answered "later" */
    void *sockets[8];
    int count;
};

static void make_keys (struct cert *out)
{
    *out = (struct cert){ 0 };
    assert_int_equal (zmq_curve_keypair (out->public_key, out->secret_key), 0);
}

static enum zap_verdict may (void *arg, const char *domain, const char *key, uint64_t connection)
{
    struct world *self = arg;
    (void)connection;
    if (self->put_off > 0) {
        self->put_off--;
        return ZAP_LATER;
    }
    snprintf (self->domain, sizeof self->domain, "%s", domain);
    return strcmp (key, self->friend.public_key) == 0 && strcmp (key, self->denied) != 0 ? ZAP_YES
                                                                                         : ZAP_NO;
}

static int set_up (void **state)
{
    struct world *self = calloc (1, sizeof *self);
    *state = self;
    self->context = zmq_ctx_new ();
    make_keys (&self->server);
    make_keys (&self->friend);
    self->zap = zap_new (self->context, may, self, NULL);
    return self->zap ? 0 : -1;
}

static int tear_down (void **state)
{
    struct world *self = *state;
    for (int i = 0; i < self->count; i++)
        endpoint_close (&self->sockets[i]);
    zap_destroy (&self->zap);
    zmq_ctx_term (self->context);
    free (self);
    return 0;
}

static void *opened (struct world *self, enum endpoint_kind kind)
{
    struct err err = { 0 };
    void *socket = endpoint_new (self->context, kind, &err);
    if (!socket)
        fail_msg ("%s", err.text);
    self->sockets[self->count++] = socket;
    return socket;
}

static void *served (struct world *self, char at[ENDPOINT_TEXT_BYTES])
{
    struct err err = { 0 };
    void *router = opened (self, ENDPOINT_CLIENTS_ROUTER);
    if (curve_server (router, &self->server, "clients", &err) < 0 ||
        endpoint_bind (router, ANY, &err) < 0 || endpoint_bound (router, at, &err) < 0)
        fail_msg ("%s", err.text);
    return router;
}

/* Wait for the socket, while questions of who may connect are answered. */
static bool await_events (struct world *self, void *socket, short events, int patience_ms)
{
    int64_t end = clock_mono_ms () + patience_ms;
    for (int64_t left = patience_ms; left > 0; left = end - clock_mono_ms ()) {
        zmq_pollitem_t items[] = { { socket, -1, events, 0 },
                                   { zap_socket (self->zap), -1, ZMQ_POLLIN, 0 } };
        zmq_poll (items, 2, left);
        if (items[1].revents)
            zap_answer (self->zap);
        if (items[0].revents)
            return true;
    }
    return false;
}

static bool await (struct world *self, void *socket, int patience_ms)
{
    return await_events (self, socket, ZMQ_POLLIN, patience_ms);
}

static int event_of (struct world *self, void *watch)
{
    int event = 0;
    while (event == 0) {
        assert_true (await (self, watch, PATIENCE_MS));
        event = endpoint_event (watch);
    }
    return event;
}

static void send_hello (struct world *self, void *socket)
{
    assert_true (await_events (self, socket, ZMQ_POLLOUT, PATIENCE_MS));
    assert_int_equal (zmq_send (socket, "hello", 5, 0), 5);
}

static void a_friend_is_let_in_and_each_message_tells_whose_it_is (void **state)
{
    struct world *self = *state;
    char at[ENDPOINT_TEXT_BYTES], key[KEY_TEXT_BYTES];
    uint64_t connections[2] = { 0 };
    void *router = served (self, at);
    for (int i = 0; i < 2; i++) {
        void *dealer = opened (self, ENDPOINT_CLIENT_DEALER);
        void *watch = endpoint_watch (self->context, dealer, NULL);
        assert_int_equal (curve_client (dealer, &self->friend, self->server.public_key, NULL), 0);
        assert_int_equal (endpoint_connect (dealer, at, NULL), 0);
        assert_int_equal (event_of (self, watch), 1);
        assert_string_equal (self->domain, "clients");
        endpoint_unwatch (&watch, dealer);
        send_hello (self, dealer);
        assert_true (await (self, router, PATIENCE_MS));
        struct frames frames;
        assert_int_equal (frames_recv (router, &frames, NULL), 1);
        /* The routing id knows nothing (pitfall 5). */
        assert_false (zap_sender (&frames, 0, key, NULL));
        assert_false (zap_sender (&frames, 2, key, NULL));
        assert_true (zap_sender (&frames, 1, key, &connections[i]));
        assert_string_equal (key, self->friend.public_key);
        frames_clear (&frames);
    }
    assert_true (connections[0] != connections[1]);
}

/* A client of that server, connected. */
static void *connected (struct world *self, const char *at)
{
    void *dealer = opened (self, ENDPOINT_CLIENT_DEALER);
    assert_int_equal (curve_client (dealer, &self->friend, self->server.public_key, NULL), 0);
    assert_int_equal (endpoint_connect (dealer, at, NULL), 0);
    return dealer;
}

static void who_is_put_off_gets_in_later_by_itself (void **state)
{
    struct world *self = *state;
    char at[ENDPOINT_TEXT_BYTES];
    void *router = served (self, at);
    self->put_off = 3;
    void *dealer = connected (self, at);
    int64_t began = clock_mono_ms ();
    send_hello (self, dealer);
    assert_true (await (self, router, PATIENCE_MS));
    assert_int_equal (self->put_off, 0);
    /* Not after the time of three handshakes, 5 s each. */
    assert_true (clock_mono_ms () - began < 10000);
}

static void a_frame_may_be_as_large_as_over_ipc (void **state)
{
    struct world *self = *state;
    char at[ENDPOINT_TEXT_BYTES];
    void *router = served (self, at);
    void *dealer = connected (self, at);
    char *bytes = calloc (1, LIMIT_FRAME_BYTES + 1);
    struct frames frames;
    assert_true (await_events (self, dealer, ZMQ_POLLOUT, PATIENCE_MS));
    zmq_send (dealer, bytes, LIMIT_FRAME_BYTES, 0);
    assert_true (await (self, router, PATIENCE_MS));
    assert_int_equal (frames_recv (router, &frames, NULL), 1);
    assert_int_equal (frames_size (&frames, 1), LIMIT_FRAME_BYTES);
    /* And there, too. */
    assert_int_equal (frames_send (router, &frames, NULL), 1);
    assert_true (await (self, dealer, PATIENCE_MS));
    assert_int_equal (zmq_recv (dealer, bytes, 1, 0), LIMIT_FRAME_BYTES);
    void *watch = endpoint_watch (self->context, dealer, NULL);
    zmq_send (dealer, bytes, LIMIT_FRAME_BYTES + 1, 0);
    assert_int_equal (event_of (self, watch), -1);
    endpoint_unwatch (&watch, dealer);
    free (bytes);
}

static void expect_outside (struct world *self, void *router, void *dealer, const char *at)
{
    void *watch = endpoint_watch (self->context, dealer, NULL);
    assert_int_equal (zmq_connect (dealer, at), 0);
    zmq_send (dealer, "hello", 5, ZMQ_DONTWAIT);
    assert_true (event_of (self, watch) < 0);
    endpoint_unwatch (&watch, dealer);
    assert_false (await (self, router, 300));
}

static void strangers_are_refused (void **state)
{
    struct world *self = *state;
    char at[ENDPOINT_TEXT_BYTES];
    struct cert stranger;
    void *router = served (self, at);

    make_keys (&stranger);
    void *dealer = opened (self, ENDPOINT_CLIENT_DEALER);
    assert_int_equal (curve_client (dealer, &stranger, self->server.public_key, NULL), 0);
    expect_outside (self, router, dealer, at);

    /* A friend who takes another for the server. */
    dealer = opened (self, ENDPOINT_CLIENT_DEALER);
    assert_int_equal (curve_client (dealer, &self->friend, stranger.public_key, NULL), 0);
    expect_outside (self, router, dealer, at);

    /* No key at all. */
    dealer = opened (self, ENDPOINT_CLIENT_DEALER);
    expect_outside (self, router, dealer, at);

    /* A password instead. */
    dealer = opened (self, ENDPOINT_CLIENT_DEALER);
    zmq_setsockopt (dealer, ZMQ_PLAIN_USERNAME, "admin", 5);
    zmq_setsockopt (dealer, ZMQ_PLAIN_PASSWORD, "admin", 5);
    expect_outside (self, router, dealer, at);
}

/* Pitfalls 1 and 2: when nobody answers for them, nobody comes in. */
static void without_a_handler_nobody_is_let_in (void **state)
{
    struct world *self = *state;
    char at[ENDPOINT_TEXT_BYTES];
    void *router = served (self, at);
    zap_destroy (&self->zap);
    void *dealer = opened (self, ENDPOINT_CLIENT_DEALER);
    assert_int_equal (curve_client (dealer, &self->friend, self->server.public_key, NULL), 0);
    assert_int_equal (endpoint_connect (dealer, at, NULL), 0);
    zmq_pollitem_t item = { router, -1, ZMQ_POLLIN, 0 };
    zmq_send (dealer, "hello", 5, ZMQ_DONTWAIT);
    assert_int_equal (zmq_poll (&item, 1, 1000), 0);
    self->zap = zap_new (self->context, may, self, NULL);
}

/* Pitfall 3: no socket gets to TCP before it is secure. */
static void tcp_takes_a_secure_socket_and_ipc_a_plain_one (void **state)
{
    struct world *self = *state;
    struct err err = { 0 };
    void *router = opened (self, ENDPOINT_CLIENTS_ROUTER);
    assert_int_equal (endpoint_bind (router, ANY, &err), -1);
    assert_non_null (strstr (err.text, "CURVE"));
    assert_int_equal (endpoint_connect (router, "tcp://127.0.0.1:1", &err), -1);
    assert_int_equal (curve_state (router), CURVE_NONE);
    /* A server without a domain lets everybody in (pitfall 2). */
    assert_int_equal (curve_server (router, &self->server, "", &err), -1);
    int yes = 1;
    zmq_setsockopt (router, ZMQ_CURVE_SERVER, &yes, sizeof yes);
    zmq_setsockopt (router, ZMQ_CURVE_SECRETKEY, self->server.secret_key, KEY_TEXT_BYTES);
    assert_int_equal (curve_state (router), CURVE_NONE);
    assert_int_equal (endpoint_bind (router, ANY, &err), -1);
    zmq_setsockopt (router, ZMQ_ZAP_DOMAIN, "clients", 7);
    assert_int_equal (curve_state (router), CURVE_NONE);
    assert_int_equal (endpoint_bind (router, ANY, &err), -1);
    assert_int_equal (curve_server (router, &self->server, "clients", &err), 0);
    assert_int_equal (endpoint_bind (router, "ipc:///tmp/ems-curve-none", &err), -1);
    assert_int_equal (endpoint_bind (router, ANY, &err), 0);
    /* A client cannot be bound, nor a server connect. */
    void *dealer = opened (self, ENDPOINT_CLIENT_DEALER);
    assert_int_equal (curve_client (dealer, &self->friend, "no key", &err), -1);
    assert_int_equal (curve_client (dealer, &self->friend, self->server.public_key, &err), 0);
    assert_int_equal (endpoint_bind (dealer, ANY, &err), -1);
    assert_int_equal (endpoint_connect (router, "tcp://127.0.0.1:1", &err), -1);
}

static void ask_zap_for (struct world *self, const char *const *parts, const size_t *sizes,
                         int count, const char *status, bool named)
{
    void *asker = zmq_socket (self->context, ZMQ_DEALER);
    struct frames frames;
    assert_int_equal (zmq_connect (asker, "inproc://zeromq.zap.01"), 0);
    zmq_send (asker, "", 0, ZMQ_SNDMORE);
    for (int i = 0; i < count; i++)
        zmq_send (asker, parts[i], sizes[i], i + 1 < count ? ZMQ_SNDMORE : 0);
    bool answered = await (self, asker, PATIENCE_MS);
    if (answered)
        assert_int_equal (frames_recv (asker, &frames, NULL), 1);
    zmq_close (asker);
    assert_true (answered);
    assert_int_equal (frames.count, 7);
    assert_true (frames_is (&frames, 1, "1.0"));
    if (!frames_is (&frames, 3, status))
        fail_msg ("%.*s instead of %s", (int)frames_size (&frames, 3),
                  (const char *)frames_data (&frames, 3), status);
    assert_int_equal (frames_size (&frames, 5) > 0, named);
    frames_clear (&frames);
}

static void ask_zap (struct world *self, const char *const *parts, const size_t *sizes, int count,
                     const char *status)
{
    ask_zap_for (self, parts, sizes, count, status, strcmp (status, "200") == 0);
}

static void who_came_by_ipc_is_let_in_without_a_name (void **state)
{
    struct world *self = *state;
    const char *parts[] = { "1.0", "id", "ems", "", "", "NULL", "" };
    const size_t sizes[] = { 3, 2, 3, 0, 0, 4, 0 };
    const char *secure[] = { "1.0", "id", "clients", "", "", "NULL" };
    const size_t secure_sizes[] = { 3, 2, 7, 0, 0, 4 };
    ask_zap_for (self, parts, sizes, 6, "200", false);
    ask_zap (self, parts, sizes, 7, "500");
    ask_zap (self, secure, secure_sizes, 6, "500");
}

static void questions_that_are_none_are_refused (void **state)
{
    struct world *self = *state;
    unsigned char key[32] = { 0 };
    char strange[300] = { 0 };
    zmq_z85_decode (key, self->friend.public_key);
    const char *good[] = { "1.0", "id", "clients", "127.0.0.1", "", "CURVE", (const char *)key };
    const size_t right[] = { 3, 2, 7, 9, 0, 5, 32 };
    static const struct {
        int part;
        const char *text; /* NULL: zeros */
        size_t bytes;
    } wrong[] = { { 0, "1.1", 3 },   { 0, "", 0 },      { 0, NULL, 300 },    { 1, NULL, 300 },
                  { 2, "", 0 },      { 2, NULL, 300 },  { 2, "a\0b", 3 },    { 5, "NULL", 4 },
                  { 5, "PLAIN", 5 }, { 5, "curve", 5 }, { 5, "CURVE\0", 6 }, { 6, "", 0 },
                  { 6, NULL, 31 },   { 6, NULL, 33 },   { 6, NULL, 300 } };
    ask_zap (self, good, right, 7, "200");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *parts[7];
        size_t sizes[7];
        memcpy (parts, good, sizeof parts);
        memcpy (sizes, right, sizeof sizes);
        parts[wrong[i].part] = wrong[i].text ? wrong[i].text : strange;
        sizes[wrong[i].part] = wrong[i].bytes;
        ask_zap (self, parts, sizes, 7, "500");
    }
    for (int count = 1; count < 7; count++)
        ask_zap (self, good, right, count, "500");
    const char *many[12] = { "1.0", "id", "clients", "127.0.0.1", "", "CURVE", (const char *)key,
                             "x",   "x",  "x",       "x",         "x" };
    const size_t sizes[12] = { 3, 2, 7, 9, 0, 5, 32, 1, 1, 1, 1, 1 };
    ask_zap (self, many, sizes, 8, "500");
    ask_zap (self, many, sizes, 12, "500");
    const char *unknown[7];
    memcpy (unknown, good, sizeof unknown);
    unknown[6] = strange;
    ask_zap (self, unknown, right, 7, "400");
    ask_zap (self, good, right, 7, "200");
}

static void write_text (const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
    assert_int_equal (chmod (path, mode), 0);
}

static void a_certificate_is_taken_only_from_a_file_that_is_closed_to_others (void **state)
{
    struct world *self = *state;
    char path[] = "/tmp/ems-cert-XXXXXX", text[512];
    struct cert cert;
    struct err err = { 0 };
    close (mkstemp (path));
    snprintf (text, sizeof text,
              "metadata\n    name = \"alice\"\ncurve\n    public-key = \"%s\"\n    secret-key = "
              "\"%s\"\n",
              self->friend.public_key, self->friend.secret_key);
    write_text (path, text, 0600);
    assert_int_equal (cert_load (path, &cert, NULL), 0);
    assert_string_equal (cert.name, "alice");
    assert_string_equal (cert.secret_key, self->friend.secret_key);
    assert_string_equal (cert.sign_secret, "");
    cert_clear (&cert);
    assert_string_equal (cert.secret_key, "");
    static const mode_t open_to_others[] = { 0640, 0604, 0644, 0620 };
    for (int i = 0; i < 4; i++) {
        chmod (path, open_to_others[i]);
        assert_int_equal (cert_load (path, &cert, &err), -1);
        assert_int_equal (err.code, STATUS_FORBIDDEN);
        assert_non_null (strstr (err.text, "chmod 600"));
    }
    /* The keys must belong together, and be there. */
    snprintf (text, sizeof text, "curve\n    public-key = \"%s\"\n    secret-key = \"%s\"\n",
              self->server.public_key, self->friend.secret_key);
    write_text (path, text, 0600);
    assert_int_equal (cert_load (path, &cert, &err), -1);
    assert_non_null (strstr (err.text, "does not belong"));
    snprintf (text, sizeof text, "curve\n    public-key = \"%s\"\n", self->friend.public_key);
    write_text (path, text, 0600);
    assert_int_equal (cert_load (path, &cert, &err), -1);
    assert_non_null (strstr (err.text, "secret-key"));
    /* That half may be open to everybody: the mode is not what is wrong with it. */
    chmod (path, 0644);
    assert_int_equal (cert_load (path, &cert, &err), -1);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    assert_non_null (strstr (err.text, "public half"));
    unlink (path);
    assert_int_equal (cert_load (path, &cert, &err), -1);
    assert_int_equal (err.code, STATUS_UNKNOWN);
}

static void a_certificate_is_no_folder_and_no_fifo (void **state)
{
    (void)state;
    char path[] = "/tmp/ems-cert-XXXXXX";
    struct cert cert;
    struct err err = { 0 };
    assert_non_null (mkdtemp (path));
    assert_int_equal (cert_load (path, &cert, &err), -1);
    assert_non_null (strstr (err.text, "not a regular file"));
    rmdir (path);
    assert_int_equal (mkfifo (path, 0644), 0);
    assert_int_equal (cert_load (path, &cert, &err), -1);
    assert_non_null (strstr (err.text, "not a regular file"));
    unlink (path);
}

/* Who is let in is greeted; whoever is not finds the connection closed. */
static bool is_greeted (const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char byte = 0;
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strncpy (address.sun_path, path, sizeof address.sun_path - 1);
    bool greeted = connect (fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                   recv (fd, &byte, 1, 0) == 1;
    close (fd);
    return greeted;
}

/* The same as another user of the machine, to whom somebody opened the folder. */
static bool nobody_is_greeted (const char *path)
{
    int status = 0;
    pid_t child = fork ();
    if (child == 0)
        _exit (setgid (65534) < 0 || setuid (65534) < 0 ? 2 : is_greeted (path) ? 1 : 0);
    assert_int_equal (waitpid (child, &status, 0), child);
    assert_in_range (WEXITSTATUS (status), 0, 1);
    return WEXITSTATUS (status) == 1;
}

static void ipc_is_for_our_own_user_even_where_the_folder_is_open (void **state)
{
    struct world *self = *state;
    char folder[] = "/tmp/ems-curve-XXXXXX", path[64], endpoint[80];
    assert_non_null (mkdtemp (folder));
    assert_int_equal (chmod (folder, 0755), 0);
    snprintf (path, sizeof path, "%s/s", folder);
    snprintf (endpoint, sizeof endpoint, "ipc://%s", path);
    void *router = opened (self, ENDPOINT_CLIENTS_ROUTER);
    assert_int_equal (endpoint_bind (router, endpoint, NULL), 0);
    assert_int_equal (chmod (path, 0777), 0);
    bool as_nobody = geteuid () == 0 && nobody_is_greeted (path);
    bool as_we_are = is_greeted (path);
    void *dealer = opened (self, ENDPOINT_CLIENT_DEALER);
    assert_int_equal (endpoint_connect (dealer, endpoint, NULL), 0);
    send_hello (self, dealer);
    assert_true (await (self, router, PATIENCE_MS));
    unlink (path);
    rmdir (folder);
    assert_false (as_nobody);
    assert_true (as_we_are);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
        TEST (a_friend_is_let_in_and_each_message_tells_whose_it_is),
        TEST (who_is_put_off_gets_in_later_by_itself),
        TEST (a_frame_may_be_as_large_as_over_ipc),
        TEST (strangers_are_refused),
        TEST (without_a_handler_nobody_is_let_in),
        TEST (tcp_takes_a_secure_socket_and_ipc_a_plain_one),
        TEST (who_came_by_ipc_is_let_in_without_a_name),
        TEST (questions_that_are_none_are_refused),
        TEST (a_certificate_is_taken_only_from_a_file_that_is_closed_to_others),
        TEST (a_certificate_is_no_folder_and_no_fifo),
        TEST (ipc_is_for_our_own_user_even_where_the_folder_is_open),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
