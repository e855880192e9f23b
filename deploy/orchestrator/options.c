/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char options_usage[] =
    "usage: lab-orchestrator [--experiments LIST|all] [--n N] [--seed S]\n"
    "                        [--no-perf] [--perf-rounds R] [--ci]\n"
    "\n"
    "Compares libnova with ERFA in seven experiments and writes what it finds.\n"
    "\n"
    "  --experiments LIST  names with commas between them, or all (default: all):\n"
    "                      frame_rotation_bpn gmst_era equ_ecl equ_horizontal\n"
    "                      solar_position lunar_position kepler_solver\n"
    "  --n N               cases per experiment, 1 to 1000000 (default: 1000)\n"
    "  --seed S            of the inputs, 0 to 9223372036854775807 (default: 42)\n"
    "  --no-perf           measure no speed\n"
    "  --perf-rounds R     rounds of measuring speed, 1 to 1000 (default: 5)\n"
    "  --ci                one round only, and a broken accuracy bound is a failure\n"
    "  --help, --version\n"
    "\n"
    "Results go to the folder in EMS_RESULTS_DIR, named EMS_RUN_ID on the screen;\n"
    "without them, to results/<UTC time> below the working folder.\n"
    "\n"
    "With EMS_RESUME=1 the run in that folder is continued: experiments that are\n"
    "complete there, and were made with the same --n, --seed, --no-perf and\n"
    "--perf-rounds by the same versions, are kept; all others are made. Without it\n"
    "earlier results of the experiments asked for are removed first.\n"
    "\n"
    "Exit codes: 0 all complete; 1 an experiment failed, or with --ci a bound is\n"
    "broken; 64 wrong usage; 70 out of memory; 74 cannot write; 128+n signal n.\n";

/* A value to quote in a message: short, and safe for the terminal. */
struct quoted {
    char text[72];
};

static struct quoted quote (const char *value, size_t length)
{
    struct quoted out;
    size_t shown = length < 60 ? length : 60;
    for (size_t i = 0; i < shown; i++)
        out.text[i] = isprint ((unsigned char)value[i]) ? value[i] : '?';
    snprintf (out.text + shown, sizeof out.text - shown, "%s", shown < length ? "..." : "");
    return out;
}

/* Digits only: strtoll would take blanks, signs and whatever follows the number. */
static int parse_number (const char *option, const char *value, int64_t min, int64_t max,
                         int64_t *out, struct lab_err *err)
{
    int64_t number = 0;
    bool good = *value != '\0';
    for (const char *c = value; good && *c != '\0'; c++) {
        good = isdigit ((unsigned char)*c) &&
               !__builtin_mul_overflow (number, (int64_t)10, &number) &&
               !__builtin_add_overflow (number, (int64_t)(*c - '0'), &number);
    }
    if (!good || number < min || number > max)
        return lab_err_set (err, LAB_EXIT_USAGE,
                            "%s takes a whole number from %lld to %lld, not '%s'", option,
                            (long long)min, (long long)max, quote (value, strlen (value)).text);
    *out = number;
    return 0;
}

bool options_ask_for (const struct options *self, const struct experiment *e)
{
    for (size_t i = 0; i < self->experiments_count; i++)
        if (self->experiments[i] == e)
            return true;
    return false;
}

static int add_experiment (struct options *self, const char *name, size_t length,
                           struct lab_err *err)
{
    const struct experiment *found = experiment_find (name, length);
    if (found == NULL)
        return lab_err_set (err, LAB_EXIT_USAGE,
                            "--experiments: there is no experiment '%s'; there are all, "
                            "frame_rotation_bpn, gmst_era, equ_ecl, equ_horizontal, "
                            "solar_position, lunar_position and kepler_solver",
                            quote (name, length).text);
    if (options_ask_for (self, found))
        return lab_err_set (err, LAB_EXIT_USAGE, "--experiments names %s twice; name each one once",
                            found->name);
    self->experiments[self->experiments_count++] = found;
    return 0;
}

static void select_all (struct options *self)
{
    for (size_t i = 0; i < EXPERIMENTS_COUNT; i++)
        self->experiments[i] = experiments_all[i];
    self->experiments_count = EXPERIMENTS_COUNT;
}

static int set_experiments (struct options *self, const char *value, struct lab_err *err)
{
    self->experiments_count = 0;
    if (strcmp (value, "all") == 0) {
        select_all (self);
        return 0;
    }
    for (;;) {
        size_t length = strcspn (value, ",");
        if (add_experiment (self, value, length, err) < 0)
            return -1;
        if (value[length] == '\0')
            return 0;
        value += length + 1;
    }
}

static int set_n (struct options *self, const char *value, struct lab_err *err)
{
    int64_t number = 0;
    if (parse_number ("--n", value, 1, OPTIONS_N_MAX, &number, err) < 0)
        return -1;
    self->n = (size_t)number;
    return 0;
}

static int set_seed (struct options *self, const char *value, struct lab_err *err)
{
    return parse_number ("--seed", value, 0, INT64_MAX, &self->seed, err);
}

static int set_perf_rounds (struct options *self, const char *value, struct lab_err *err)
{
    int64_t number = 0;
    if (parse_number ("--perf-rounds", value, 1, OPTIONS_PERF_ROUNDS_MAX, &number, err) < 0)
        return -1;
    self->perf_rounds = (size_t)number;
    return 0;
}

static int set_no_perf (struct options *self, const char *value, struct lab_err *err)
{
    (void)value;
    (void)err;
    self->performance = false;
    return 0;
}

static int set_ci (struct options *self, const char *value, struct lab_err *err)
{
    (void)value;
    (void)err;
    self->ci = true;
    return 0;
}

static int set_help (struct options *self, const char *value, struct lab_err *err)
{
    (void)value;
    (void)err;
    self->action = OPTIONS_HELP;
    return 0;
}

static int set_version (struct options *self, const char *value, struct lab_err *err)
{
    (void)value;
    (void)err;
    self->action = OPTIONS_VERSION;
    return 0;
}

struct option_kind {
    const char *name;
    bool takes_value;
    int (*set) (struct options *self, const char *value, struct lab_err *err);
};

static const struct option_kind kinds[] = {
    { "--experiments", true, set_experiments },
    { "--n", true, set_n },
    { "--seed", true, set_seed },
    { "--no-perf", false, set_no_perf },
    { "--perf-rounds", true, set_perf_rounds },
    { "--ci", false, set_ci },
    { "--help", false, set_help },
    { "--version", false, set_version },
};

static const struct option_kind *find_kind (const char *argument, size_t length)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strlen (kinds[i].name) == length && memcmp (kinds[i].name, argument, length) == 0)
            return &kinds[i];
    return NULL;
}

int options_parse (struct options *self, int argc, char *const argv[], struct lab_err *err)
{
    *self = (struct options){
        .n = OPTIONS_N_DEFAULT,
        .seed = OPTIONS_SEED_DEFAULT,
        .performance = true,
        .perf_rounds = OPTIONS_PERF_ROUNDS_DEFAULT,
    };
    select_all (self);
    for (int i = 1; i < argc; i++) {
        size_t length = strcspn (argv[i], "=");
        const struct option_kind *kind = find_kind (argv[i], length);
        if (kind == NULL)
            return lab_err_set (err, LAB_EXIT_USAGE,
                                "'%s' is not an option of this program; --help lists them",
                                quote (argv[i], strlen (argv[i])).text);
        const char *value = argv[i][length] == '=' ? argv[i] + length + 1 : NULL;
        if (!kind->takes_value && value != NULL)
            return lab_err_set (err, LAB_EXIT_USAGE, "%s takes no value; write it alone",
                                kind->name);
        if (kind->takes_value && value == NULL) {
            if (++i == argc)
                return lab_err_set (err, LAB_EXIT_USAGE, "%s needs a value after it; see --help",
                                    kind->name);
            value = argv[i];
        }
        if (kind->set (self, value, err) < 0)
            return -1;
    }
    return 0;
}
