/* command_doctor.c - `ems doctor`: look, and say what is wrong and what to type.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "contexts.h"
#include "doctor.h"
#include "endpoint.h"
#include "files.h"
#include "herefacts.h"
#include "place.h"
#include "reach.h"
#include "wording.h"

#define GONE_MS     200
#define EVENTS_MS   1000 /* for a connection to the events, once the broker answered */
#define REFUSED_MS  5000 /* an answer that came sooner was given: we did not give up */
#define AGAIN_MS    200  /* before a slot that looks forgotten is looked at again */
#define EXITS_WRONG 1

struct doctor {
    struct tool *tool;
    struct findings findings;
    struct config *root; /* of the contexts */
    struct context context;
    struct place place;
    struct cert cert;
    struct herefacts *here; /* NULL: the broker is not of a state folder of this machine; owned */
    bool answers;
    size_t connected;
};

/* Where the broker is looked for. */
static int find_place (struct doctor *self)
{
    char cwd[LIMIT_PATH_BYTES];
    struct err err = { 0 };
    const char *endpoint = self->tool->line.text[OPTION_ENDPOINT];
    const char *events = self->tool->line.text[OPTION_EVENTS];
    if (tool_find_context (self->tool, &self->root, &self->context, &err) < 0) {
        findings_add (&self->findings, VERDICT_WRONG, "configuration", "%s", err.text);
        return -1;
    }
    struct place_hints hints = {
        .endpoint = endpoint ? endpoint : self->context.clients,
        .events = events ? events : self->context.events,
        .state = self->tool->line.text[OPTION_STATE],
        .env_endpoint = getenv ("EMS_ENDPOINT"),
        .env_events = getenv ("EMS_EVENTS"),
        .env_state = getenv ("EMS_STATE"),
        .xdg_state_home = getenv ("XDG_STATE_HOME"),
        .home = getenv ("HOME"),
    };
    int rc = getcwd (cwd, sizeof cwd) ? place_find (&hints, cwd, &self->place, &err)
                                      : err_sys (&err, "cannot tell the working folder");
    if (rc == 0)
        rc = endpoint_check (self->place.clients, &err);
    if (rc < 0)
        findings_add (&self->findings, VERDICT_WRONG, "endpoint", "%s", err.text);
    return rc;
}

static int look_at_keys (struct doctor *self)
{
    struct err err = { 0 };
    const char *certificate = self->context.certificate;
    if (!endpoint_is_tcp (self->place.clients)) {
        findings_add (&self->findings, VERDICT_OK, "keys",
                      "none are needed: by way of the file system a broker lets in its own user "
                      "and root");
        return 0;
    }
    if (!certificate || !self->context.server_key) {
        findings_add (&self->findings, VERDICT_WRONG, "keys",
                      "%s is reached with keys alone, and there is no context that has them",
                      self->place.clients);
        findings_advise (&self->findings,
                         "`ems keygen NAME`, then ems context add NAME -e %s --server FILE "
                         "--certificate NAME.secret",
                         self->place.clients);
        return -1;
    }
    if (secrets_guard (true, &err) < 0 || cert_load (certificate, &self->cert, &err) < 0) {
        findings_add (&self->findings, VERDICT_WRONG, "keys", "%s", err.text);
        if (err.code == STATUS_UNKNOWN)
            findings_advise (&self->findings, "put it back there, or name another: `ems help "
                                              "context`");
        return -1;
    }
    return 0;
}

/* Nobody holds the broker's lock: then it is not worth long waiting. */
static bool is_gone (const struct doctor *self)
{
    const struct doctor_daemon *broker = self->here ? &self->here->here.broker : NULL;
    return broker && broker->pid == 0 && !broker->unclear[0];
}

static int connect_to (struct doctor *self)
{
    struct ems_error error;
    struct ems_options options = {
        .clients = self->place.clients,
        .events = self->place.events[0] ? self->place.events : NULL,
        .server_key = self->context.server_key,
        .certificate = self->context.certificate,
        .state = self->tool->line.text[OPTION_STATE],
        .connect_ms = is_gone (self) ? GONE_MS : 0,
    };
    self->tool->ems = ems_new (&options, &error);
    if (!self->tool->ems)
        findings_add (&self->findings, VERDICT_WRONG,
                      error.status == STATUS_FORBIDDEN ? "keys" : "endpoint", "%s", error.text);
    return self->tool->ems ? 0 : -1;
}

/* Somebody answers there, with another key. */
static void advise_key (struct doctor *self)
{
    findings_advise (
        &self->findings,
        "is `%s` what stands in the broker's NAME.public? If not: ems context add NAME "
        "-e %s --server FILE --certificate %s; if so, -e is the address of another",
        self->context.server_key, self->place.clients, self->context.certificate);
}

static void no_answer (struct doctor *self, const struct ems_error *error, int64_t waited_ms)
{
    struct findings *findings = &self->findings;
    bool tcp = endpoint_is_tcp (self->place.clients);
    if (error->status == STATUS_TOO_LATE && waited_ms < REFUSED_MS) {
        findings_add (findings, VERDICT_WRONG, "clock",
                      "our clock is behind that of the broker by more than 10 s: it says that our "
                      "requests come too late");
        findings_advise (findings, "on both machines: timedatectl set-ntp true");
    } else if (error->status == STATUS_FORBIDDEN && tcp) {
        findings_add (findings, VERDICT_WRONG, "keys", "%s", error->text);
        findings_advise (findings,
                         "send NAME.public, which `ems keygen` made beside %s, to the "
                         "broker's admin, for `ems grant FILE --role ROLE >> users.zpl` "
                         "(its first line is `users`) and `ems reload`",
                         self->context.certificate ? self->context.certificate : "NAME.secret");
    } else {
        /* Without what else to look at: that is what we do. */
        const char *asks = strstr (error->text, ": is the broker running?");
        int bytes = asks ? (int)(asks - error->text) : (int)strlen (error->text);
        findings_add (findings, VERDICT_WRONG, "endpoint", "%.*s", bytes, error->text);
        if (tcp && strstr (error->text, "public key was given"))
            advise_key (self);
        else if (tcp)
            findings_advise (findings, "on the broker's machine `ems doctor` shows whether it "
                                       "runs; firewalls must let the ports through, 5570 to 5573 "
                                       "where nothing else is configured");
    }
}

static void look_at_broker (struct doctor *self)
{
    struct ems_error error;
    struct ems_value *reply = NULL;
    struct doctor_times times = { .sent_ms = clock_wall_ms () };
    int64_t begun_ms = clock_mono_ms ();
    int rc = ems_ping (self->tool->ems, NULL, &reply, &error);
    int64_t waited_ms = clock_mono_ms () - begun_ms;
    int64_t theirs_ms = -1;
    times.got_ms = clock_wall_ms ();
    if (rc < 0) {
        no_answer (self, &error, waited_ms);
        ems_value_destroy (&reply);
        return;
    }
    self->answers = true;
    const char *name = ems_text (reply, "broker");
    findings_add (&self->findings, VERDICT_OK, "endpoint", "%s: the broker %.64s answers, %d ms",
                  self->place.clients, name ? name : "", (int)waited_ms);
    if (endpoint_is_tcp (self->place.clients))
        findings_add (&self->findings, VERDICT_OK, "keys", "the broker lets in the key of %s",
                      self->context.certificate);
    doctor_version (&self->findings, "the broker", ems_text (reply, "version"));
    if (ems_int (reply, "time_ms", &theirs_ms))
        doctor_clock (&self->findings, "the broker", theirs_ms, &times);
    ems_value_destroy (&reply);
}

static void look_at_events (struct doctor *self)
{
    struct err err = { 0 };
    struct findings *findings = &self->findings;
    const char *events = self->place.events;
    if (!events[0]) {
        findings_add (findings, VERDICT_WARNING, "events",
                      "nothing says where the events are, so no job can be watched");
        findings_advise (findings, "give --events ENDPOINT, or set EMS_EVENTS");
        return;
    }
    int reach = reach_events (events, self->cert.public_key[0] ? &self->cert : NULL,
                              self->context.server_key, EVENTS_MS, &err);
    if (reach == REACH_YES) {
        findings_add (findings, VERDICT_OK, "events", "%s lets us in", events);
        return;
    }
    findings_add (findings, VERDICT_WRONG, "events", "%s%s, so no job can be watched",
                  reach < 0 ? err.text : events,
                  reach < 0                ? ""
                  : reach == REACH_REFUSED ? " does not let us in"
                  : reach == REACH_UNFIT   ? " is not that broker, or does not let us in"
                                           : " does not answer");
    findings_advise (findings, endpoint_is_tcp (events)
                                   ? "is there a way to its port, through a firewall too? --events "
                                     "or the context says which it is"
                                   : "--events ENDPOINT or EMS_EVENTS says where they are");
}

/* One look; a slot may still be held for a moment by a job that has just ended. */
static int ask_worker (struct doctor *self, const char *name, struct doctor_times *times,
                       struct ems_value **reply, struct ems_error *error)
{
    bool held = false;
    for (int i = 0; i < 2; i++) {
        ems_value_destroy (reply);
        times->sent_ms = clock_wall_ms ();
        int rc = ems_request (self->tool->ems, "check", name, NULL, reply, error);
        times->got_ms = clock_wall_ms ();
        if (rc < 0)
            return -1;
        if (!ems_bool (*reply, "slot.held", &held) || !held || ems_text (*reply, "slot.job_id"))
            break;
        if (i == 0)
            usleep (AGAIN_MS * 1000);
    }
    return 0;
}

static void look_at_workers (struct doctor *self)
{
    struct ems_error error;
    struct ems_value *list = NULL;
    if (ems_workers (self->tool->ems, &list, &error) < 0) {
        char text[sizeof error.text];
        wording_of (error.text, text, sizeof text);
        findings_add (&self->findings, VERDICT_WRONG, "workers", "%s", text);
        return;
    }
    self->connected = doctor_workers (&self->findings, tool_peek (list));
    for (size_t i = 0; i < self->connected; i++) { /* the connected ones come first */
        const struct ems_value *item = ems_at (list, i);
        const char *name = ems_text (item, "name");
        const char *state = ems_text (item, "state");
        struct ems_value *reply = NULL;
        struct doctor_times times;
        if (!name || !state || strcmp (state, "offline") == 0)
            continue;
        if (ask_worker (self, name, &times, &reply, &error) == 0)
            doctor_worker (&self->findings, name, tool_peek (reply), &times);
        else
            doctor_no_worker (&self->findings, name, error.status, error.text);
        ems_value_destroy (&reply);
    }
    ems_value_destroy (&list);
}

/* Is the broker that of a state folder of this machine? */
static bool is_here (const struct place *place)
{
    char usual[ENDPOINT_BYTES + 32];
    snprintf (usual, sizeof usual, "ipc://%s/sock/clients", place->state);
    return place->state[0] && strcmp (usual, place->clients) == 0;
}

static void gather_here (struct doctor *self)
{
    if (!is_here (&self->place))
        return;
    self->here = malloc (sizeof *self->here);
    if (self->here)
        herefacts_gather (self->here, self->place.state);
    else
        self->findings.failed = true;
}

static void look_here (struct doctor *self)
{
    struct herefacts *facts = self->here;
    if (!facts)
        return;
    facts->here.answers = self->answers;
    facts->here.connected = self->connected;
    doctor_here (&self->findings, &facts->here);
    if (self->connected == 0 && facts->disk.total_bytes > 0)
        doctor_disk (&self->findings, self->place.state, &facts->disk, false);
}

static int show (struct doctor *self)
{
    struct sbuf text;
    int code;
    if (self->findings.failed) {
        tool_remark (self->tool, "out of memory");
        return EXITS_SOFTWARE;
    }
    if (self->tool->json) {
        struct value *value = findings_value (&self->findings);
        code = tool_put_json (self->tool, (struct ems_value *)value);
        value_destroy (&value);
    } else {
        sbuf_init (&text);
        findings_print (&self->findings, self->tool->colour, &text);
        code = tool_put_text (self->tool, &text);
    }
    if (code)
        return code;
    return findings_number (&self->findings, VERDICT_WRONG) > 0 ? EXITS_WRONG : EXITS_OK;
}

int command_doctor (struct tool *tool)
{
    struct doctor self = { .tool = tool };
    findings_init (&self.findings);
    if (find_place (&self) == 0) {
        gather_here (&self);
        if (look_at_keys (&self) == 0 && connect_to (&self) == 0)
            look_at_broker (&self);
        if (self.answers) {
            look_at_events (&self);
            look_at_workers (&self);
        }
        look_here (&self);
    }
    int code = show (&self);
    findings_free (&self.findings);
    free (self.here);
    cert_clear (&self.cert);
    config_destroy (&self.root);
    return code;
}
