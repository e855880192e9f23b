/* fuzz_text.c - what text_safe lets through can neither drive a terminal nor be invalid UTF-8.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdlib.h>
#include <string.h>
#include "text.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    char out[256];
    for (size_t done = 0; done < size;) {
        size_t taken = text_safe ((const char *)data + done, size - done, true, out, sizeof out);
        size_t length = strlen (out);
        if (!taken || !utf8_valid (out, length))
            abort ();
        for (size_t i = 0; i < length; i++) {
            unsigned char c = (unsigned char)out[i];
            if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
                abort ();
        }
        done += taken;
    }
    return 0;
}
