/* gather.c - merging pages.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "gather.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_LIMIT 50
#define FIND_LIMIT    16
#define WEIGHT_MOST   LIMIT_LOG_CHUNK_BYTES /* leaves room for the envelope in a frame */

struct gather_kind {
    const char *type;
    const char *field;  /* of the reply: the list */
    const char *first;  /* an item's key is this field ... */
    const char *second; /* ... and this one, NULL: alone */
    bool descending;
    bool pages; /* takes `limit` and answers `next` */
    size_t limit;
};

static const struct gather_kind kinds[] = {
    { "list", "jobs", "queued_at", "job_id", true, true, DEFAULT_LIMIT },
    { "results", "runs", "run_id", NULL, true, true, DEFAULT_LIMIT },
    { "profiles", "profiles", "name", "worker", false, false, LIMIT_ITEMS },
    { "find", "matches", "queued_at", "job_id", true, false, FIND_LIMIT },
};

const struct gather_kind *gather_kind (const char *type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp (kinds[i].type, type) == 0)
            return &kinds[i];
    return NULL;
}

void gather_init (struct gather *self, const struct gather_kind *kind, const struct value *body)
{
    *self = (struct gather){ .kind = kind, .limit = kind->limit };
    int64_t limit = 0;
    /* A wrong limit is refused by every worker. */
    if (kind->pages && value_read_int (body, "limit", 1, LIMIT_LIST, &limit, NULL) == 1)
        self->limit = (size_t)limit;
}

void gather_clear (struct gather *self)
{
    for (size_t i = 0; i < self->count; i++)
        value_destroy (&self->items[i].value);
    free (self->items);
    *self = (struct gather){ 0 };
}

/* Bytes on the wire, about: enough to bound a reply. Nesting is bounded by the decoder. */
static size_t weigh (const struct value *value)
{
    size_t sum = 9 + value_size (value);
    for (size_t i = 0; i < value_count (value); i++) {
        sum += weigh (value_at (value, i));
        const char *key = value_key_at (value, i);
        if (key)
            sum += strlen (key) + 3;
    }
    return sum;
}

static void make_key (const struct gather *self, const struct value *item,
                      char key[GATHER_KEY_BYTES])
{
    const char *first = value_string (value_get (item, self->kind->first));
    const char *second =
        self->kind->second ? value_string (value_get (item, self->kind->second)) : NULL;
    memset (key, 0, GATHER_KEY_BYTES);
    if (!first || strlen (first) > LIMIT_NAME_BYTES)
        return;
    strcpy (key, first);
    if (second && strlen (second) <= LIMIT_NAME_BYTES) {
        strcat (key, "/");
        strcat (key, second);
    }
}

/* Does key `a` come before key `b` in the reply? */
static bool before (const struct gather *self, const char *a, const char *b)
{
    int order = strcmp (a, b);
    return self->kind->descending ? order > 0 : order < 0;
}

/* The same by the first field alone: by time. */
static int compare_times (const struct gather *self, const char *a, const char *b)
{
    size_t bytes_a = strcspn (a, "/");
    size_t bytes_b = strcspn (b, "/");
    int order = memcmp (a, b, bytes_a < bytes_b ? bytes_a : bytes_b);
    if (order == 0)
        order = (bytes_a > bytes_b) - (bytes_a < bytes_b);
    return self->kind->descending ? -order : order;
}

/* Is that key beyond the point to which this page can be whole? */
static bool for_next_page (const struct gather *self, const char *key)
{
    return (self->whole[0] != '\0' && compare_times (self, key, self->whole) > 0) ||
           (self->cut[0] != '\0' && compare_times (self, key, self->cut) >= 0);
}

static void drop_last (struct gather *self)
{
    struct gather_item *item = &self->items[--self->count];
    self->weight -= item->weight;
    value_destroy (&item->value);
}

static size_t page_end (const struct gather *self)
{
    size_t count = 0;
    size_t weight = 0;
    while (count < self->count && count < self->limit) {
        weight += self->items[count].weight;
        if (count > 0 && weight > WEIGHT_MOST)
            break;
        count++;
    }
    return count;
}

static bool splits (const struct gather *self, size_t count)
{
    return count > 0 && count < self->count &&
           compare_times (self, self->items[count - 1].key, self->items[count].key) == 0;
}

/* Where to cut: not between items of one time, unless those alone weigh too much. */
static size_t clean_end (const struct gather *self)
{
    size_t end = page_end (self);
    size_t count = end;
    while (splits (self, count))
        count--;
    if (count > 0)
        return count;
    size_t weight = 0;
    for (count = 0; count < end || splits (self, count); count++) {
        weight += self->items[count].weight;
        if (count > 0 && weight > WEIGHT_MOST)
            break;
    }
    return count;
}

static void trim (struct gather *self)
{
    size_t count = clean_end (self);
    if (count < self->count)
        strcpy (self->cut, self->items[count].key);
    while (self->count > count)
        drop_last (self);
}

static int make_room (struct gather *self)
{
    if (self->count < self->room)
        return 0;
    size_t room = self->room ? self->room * 2 : DEFAULT_LIMIT;
    struct gather_item *items = realloc (self->items, room * sizeof *items);
    if (!items)
        return -1;
    self->items = items;
    self->room = room;
    return 0;
}

static int insert (struct gather *self, const struct value *value, const char *key)
{
    struct value *copy = value_copy (value);
    if (!copy || make_room (self) < 0) {
        value_destroy (&copy);
        return -1;
    }
    /* Each page is in order, so its items mostly belong near the end of what is there. */
    size_t place = self->count;
    while (place > 0 && before (self, key, self->items[place - 1].key))
        place--;
    memmove (&self->items[place + 1], &self->items[place],
             (self->count - place) * sizeof *self->items);
    struct gather_item *item = &self->items[place];
    *item = (struct gather_item){ .value = copy, .weight = weigh (copy) };
    strcpy (item->key, key);
    self->count++;
    self->weight += item->weight;
    return 0;
}

static int take_items (struct gather *self, const struct value *list)
{
    for (size_t i = 0; i < value_count (list); i++) {
        char key[GATHER_KEY_BYTES];
        const struct value *value = value_at (list, i);
        make_key (self, value, key);
        if (value_type (value) != VALUE_MAP || for_next_page (self, key))
            continue;
        if (insert (self, value, key) < 0)
            return -1;
        if (self->count > 2 * self->limit)
            trim (self);
    }
    return 0;
}

/* A worker's page ends at `next`: what others have beyond that would hide the rest of it. */
static void end_at (struct gather *self, const char *next)
{
    if (strlen (next) >= GATHER_KEY_BYTES ||
        (self->whole[0] != '\0' && !before (self, next, self->whole)))
        return;
    strcpy (self->whole, next);
    while (self->count > 0 && for_next_page (self, self->items[self->count - 1].key))
        drop_last (self);
}

int gather_take (struct gather *self, const struct wire_reply *reply)
{
    if (reply->status != STATUS_OK) {
        if (self->refusal.code == 0)
            err_set (&self->refusal, reply->status, "%s", reply->error ? reply->error : "refused");
        return 0;
    }
    const struct value *list = value_get (reply->body, self->kind->field);
    if (value_type (list) != VALUE_LIST)
        return -1;
    self->answered = true;
    const char *next = value_string (value_get (reply->body, "next"));
    if (self->kind->pages && next)
        end_at (self, next);
    if (take_items (self, list) < 0)
        return -1;
    trim (self);
    return 0;
}

/* Where the next page begins; "": this was the last one. */
static const char *next_cursor (const struct gather *self)
{
    if (self->cut[0] == '\0' || self->count == 0)
        return self->whole;
    const char *last = self->items[self->count - 1].key;
    /* At one time both are right for all but the worker whose page ends there. */
    return self->whole[0] != '\0' && compare_times (self, last, self->whole) == 0 ? self->whole
                                                                                  : last;
}

static int fill (const struct gather *self, struct value *body, struct value *list,
                 const struct value *missing)
{
    for (size_t i = 0; i < self->count; i++)
        if (value_append (list, value_copy (self->items[i].value)) < 0)
            return -1;
    const char *next = self->kind->pages ? next_cursor (self) : "";
    if (next[0] != '\0' && value_put_string (body, "next", next) < 0)
        return -1;
    if (value_count (missing) > 0 && value_put (body, "missing", value_copy (missing)) < 0)
        return -1;
    return 0;
}

struct value *gather_body (const struct gather *self, const struct value *missing, struct err *err)
{
    if (!self->answered && self->refusal.code != 0) {
        *err = self->refusal;
        return NULL;
    }
    if (!self->answered) {
        err_set (err, STATUS_NO_WORKER, "no worker answered; ask again");
        return NULL;
    }
    struct value *body = value_new_map ();
    struct value *list = value_new_list ();
    int rc = list ? fill (self, body, list, missing) : -1;
    /* value_put takes the list over in every case. */
    if (value_put (body, self->kind->field, list) < 0 || rc < 0) {
        value_destroy (&body);
        err_set (err, STATUS_NO_WORKER, "the broker is out of memory; try again");
    }
    return body;
}
