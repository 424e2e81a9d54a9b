/* settings.c - choose between option, environment, profile and default, and remember which it was
 *
 * cw_client_options_from_env leaves the environment's own strings in the options, so where an
 * option's text is from is seen by where it lies: no second list says which variable goes where.
 */
#include "s3/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char OPTION[] = "option", DEFAULT[] = "default";

void cw__settings_note(cw__settings *s, const char *name, const char *value, const char *origin)
{
    const char *const line[] = {name, value, origin};
    for (size_t i = 0; i < sizeof line / sizeof *line; i++)
        cw__text_add_n(&s->lines, line[i], strlen(line[i]) + 1);
}

const char *cw__settings_origin(const cw__settings *s, const char *option, cw__text *room)
{
    const char *v = s->options->environment_read ? cw__environment_around(option) : NULL;
    if (!v)
        return OPTION;
    cw__text_addf(room, "environment %.*s", (int)strcspn(v, "="), v);
    return cw__text_str(room);
}

static void note_and_free(cw__settings *s, const char *name, const char *value, const char *origin,
                          cw__text *room)
{
    cw__settings_note(s, name, value, origin);
    s->lines.failed |= room->failed;
    cw__text_free(room);
}

void cw__settings_note_profile(cw__settings *s, const char *name, const char *value,
                               char *const *of_profile)
{
    cw__text room = {0};
    cw__text_addf(&room, "profile %s in %s", s->profile->name,
                  cw__profile_file(s->profile, of_profile));
    note_and_free(s, name, value, cw__text_str(&room), &room);
}

const char *cw__settings_word(cw__settings *s, const char *name, const char *option,
                              const char *variable, char *const *of_profile, const char *otherwise)
{
    cw__text room = {0};
    const char *value = otherwise ? otherwise : "", *origin = DEFAULT;
    if (option && *option) {
        value = option;
        if (variable)
            cw__text_addf(&room, "environment %s", variable);
        origin = variable ? cw__text_str(&room) : cw__settings_origin(s, option, &room);
    } else if (of_profile && *of_profile) {
        cw__settings_note_profile(s, name, *of_profile, of_profile);
        return *of_profile;
    }
    note_and_free(s, name, value, origin, &room);
    return *value ? value : NULL;
}

const char *cw__settings_text(cw__settings *s, const char *name, const char *option,
                              char *const *of_profile, const char *otherwise)
{
    return cw__settings_word(s, name, option, NULL, of_profile, otherwise);
}

const char *cw__settings_secret(cw__settings *s, const char *name, const char *option)
{
    bool is_set = option && *option;
    cw__settings_note(s, name, is_set ? "set" : "", is_set ? OPTION : DEFAULT);
    return is_set ? option : NULL;
}

uint64_t cw__settings_number(cw__settings *s, const char *name, uint64_t option, uint64_t otherwise)
{
    char text[24];
    uint64_t value = option ? option : otherwise;
    snprintf(text, sizeof text, "%" PRIu64, value);
    cw__settings_note(s, name, text, option ? OPTION : DEFAULT);
    return value;
}
