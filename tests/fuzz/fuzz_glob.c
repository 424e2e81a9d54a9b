/* fuzz_glob.c - match any key with any pattern
 *
 * Input: the pattern, a line break, the key.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "store/glob.h"

/* Where nothing can match any more, nothing does, whatever follows. */
static void check_dead(const cw__glob *g, const char *key, size_t dead)
{
    static const char *const more[] = {"", "/", "a", "*", "\xc3\xa9/x"};
    char text[4096];
    size_t again;

    MUST(dead <= strlen(key));
    for (size_t i = 0; i < sizeof more / sizeof *more && dead < 4000; i++) {
        memcpy(text, key, dead);
        strcpy(text + dead, more[i]);
        MUST(!cw__glob_match(g, text, &again) && again == dead);
    }
}

static void check(const cw__glob *g, const char *pattern, const char *key)
{
    const char *prefix = cw__glob_prefix(g);
    size_t dead;
    bool found = cw__glob_match(g, key, &dead);

    MUST(!found || (dead == 0 && strncmp(key, prefix, strlen(prefix)) == 0));
    if (dead)
        check_dead(g, key, dead);
    (void)cw__glob_match(g, prefix, &dead); /* something can begin with it, if it is text */
    MUST(dead == 0 || !cw__is_utf8(pattern, strlen(pattern)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *key;
    cw__glob *g = NULL;

    MUST(text);
    memcpy(text, data, size);
    text[size] = '\0';
    key = strchr(text, '\n');
    if (key) {
        *key++ = '\0';
        cw_status status = cw__glob_new(&g, text, 0, NULL);
        MUST((status == CW_OK) == (g != NULL) &&
             (status == CW_OK || status == CW_E_INVALID_ARGUMENT));
        if (g)
            check(g, text, key);
    }
    cw__glob_free(g);
    free(text);
    return 0;
}
