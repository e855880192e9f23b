/* broker_settings.c - reading the command line and `broker` of the configuration.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "broker_settings.h"

#include <getopt.h>
#include <string.h>
#include "endpoint.h"
#include "zpl.h"

/* The places, and then what TCP needs. */
static const char *const names[] = { "clients", "workers",     "publish", "events",
                                     "users",   "certificate", NULL };

const char *place_name (enum place place)
{
    return names[place];
}

static int check_arguments (const struct broker_settings *self, int argc, char **argv,
                            struct err *err)
{
    if (self->help || self->version)
        return 0;
    if (optind < argc)
        return err_set (err, STATUS_BAD_REQUEST, "\"%.100s\" is no option; see --help",
                        argv[optind]);
    if (!self->state || self->state[0] == '\0')
        return err_set (err, STATUS_BAD_REQUEST, "--state DIR is missing; see --help");
    return 0;
}

int broker_settings_arguments (struct broker_settings *self, int argc, char **argv, struct err *err)
{
    static const struct option options[] = {
        { "state", required_argument, NULL, 's' }, { "config", required_argument, NULL, 'c' },
        { "check", no_argument, NULL, 'k' },       { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'v' },     { NULL, 0, NULL, 0 },
    };
    *self = (struct broker_settings){ 0 };
    opterr = 0;
    optind = 1;
    int option;
    while ((option = getopt_long (argc, argv, ":", options, NULL)) != -1) {
        if (option == 's')
            self->state = optarg;
        else if (option == 'c')
            self->config = optarg;
        else if (option == 'k')
            self->check = true;
        else if (option == 'h')
            self->help = true;
        else if (option == 'v')
            self->version = true;
        else
            return err_set (err, STATUS_BAD_REQUEST, "%s \"%.100s\"; see --help",
                            option == ':' ? "a value is missing after" : "there is no option",
                            argv[optind - 1]);
    }
    return check_arguments (self, argc, argv, err);
}

static int read_endpoint (struct broker_settings *self, enum place place, const struct config *item,
                          struct err *err)
{
    struct err why;
    if (item->child)
        return config_error (item->child, err, "an endpoint has no keys below it");
    if (!item->value)
        return config_error (item, err,
                             "there is no value; it must be ipc://PATH or tcp://HOST:PORT");
    if (endpoint_check (item->value, &why) < 0)
        return config_error (item, err, "%s", why.text);
    if (self->extras[place] == LIMIT_ENDPOINTS)
        return config_error (item, err, "there are more than %d of these", LIMIT_ENDPOINTS);
    self->extra[place][self->extras[place]++] = item->value;
    return 0;
}

static int read_path (const struct config *section, const char *name, const char **out,
                      struct err *err)
{
    if (config_string (section, name, LIMIT_PATH_BYTES - 1, out, err) < 0)
        return -1;
    if (*out && (*out)[0] != '/')
        return config_error (config_child (section, name), err,
                             "\"%.200s\" is not possible; it takes a path that begins with /",
                             *out);
    return 0;
}

static int read_section (struct broker_settings *self, const struct config *section,
                         struct err *err)
{
    if (config_only (section, names, err) < 0 ||
        read_path (section, "users", &self->users, err) < 0 ||
        read_path (section, "certificate", &self->certificate, err) < 0)
        return -1;
    for (enum place place = 0; place < PLACES; place++) {
        const struct config *item = config_child (section, names[place]);
        for (; item; item = config_next (item))
            if (read_endpoint (self, place, item, err) < 0)
                return -1;
    }
    return 0;
}

/* There is no way to TCP without CURVE, and no switch to turn it off. */
static int check_tcp (const struct broker_settings *self, const struct config *section,
                      struct err *err)
{
    for (const struct config *item = section->child; item; item = item->next) {
        if (!item->value || !endpoint_is_tcp (item->value))
            continue;
        if (!self->certificate)
            return config_error (item, err,
                                 "TCP takes CURVE, and that takes broker/certificate = PATH, the "
                                 "secret key of this broker, as `ems keygen` makes it");
        if (!self->users)
            return config_error (item, err,
                                 "TCP takes CURVE, and that takes broker/users = PATH, a file that "
                                 "says whose keys are let in");
    }
    return 0;
}

int broker_settings_load (struct broker_settings *self, struct err *err)
{
    /* The others are the worker's, which reads the same file. */
    static const char *const sections[] = { "broker",  "worker",  "retention", "profiles",
                                            "notices", "signers", NULL };
    if (!self->config)
        return 0;
    self->tree = zpl_load (self->config, err);
    if (!self->tree)
        return -1;
    if (config_only (self->tree, sections, err) < 0)
        return err_prefix (err, "%s", self->config);
    const struct config *section = config_child (self->tree, "broker");
    for (; section; section = config_next (section))
        if (read_section (self, section, err) < 0)
            return err_prefix (err, "%s", self->config);
    section = config_child (self->tree, "broker");
    for (; section; section = config_next (section))
        if (check_tcp (self, section, err) < 0)
            return err_prefix (err, "%s", self->config);
    return 0;
}

void broker_settings_clear (struct broker_settings *self)
{
    config_destroy (&self->tree);
    *self = (struct broker_settings){ 0 };
}
