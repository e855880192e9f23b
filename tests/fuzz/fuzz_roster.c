/* fuzz_roster.c - the broker's file of the workers that it knows: any bytes are read whole or
 * refused with the line, and what was read is printed as what is read again.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "fuzz.h"
#include "roster.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static struct roster roster, again;
    static char text[ROSTER_TEXT_BYTES];
    struct err err = { 0 };
    if (roster_read (&roster, (const char *)data, size, &err) < 0) {
        must (err.code == STATUS_BAD_REQUEST && strstr (err.text, "line "),
              "it is said which line is wrong");
        return 0;
    }
    for (int i = 0; i < roster.count; i++) {
        must (name_valid (roster.names[i]), "all names are names");
        must (memmem (data, size, roster.names[i], strlen (roster.names[i])), "none is made up");
    }
    size_t bytes = roster_print (&roster, text);
    must (roster_read (&again, text, bytes, NULL) == 0, "what is printed can be read");
    must (again.count == roster.count, "no name is lost, none is there twice");
    for (int i = 0; i < roster.count; i++)
        must (strcmp (again.names[i], roster.names[i]) == 0, "it is the same");
    return 0;
}
